// Grafana's grid: 24 columns, rows of 30 px, 8 px between panels (public/app/core/constants).
import type { Panel } from './answers';

const COLUMNS = 24;
const CELL = 30;
const GAP = 8;

export interface Placed {
  panel: Panel;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Returns every panel with its pixels, collapsed rows opened, and the height of all. */
export function laidOut(panels: Panel[], width: number): { placed: Placed[]; height: number } {
  const column = (width - GAP * (COLUMNS - 1)) / COLUMNS;
  const placed: Placed[] = [];
  let moved = 0;
  let bottom = 0;
  const put = (panel: Panel, down: number) => {
    const { x, y, w, h } = panel.gridPos;
    const height = h * CELL + (h - 1) * GAP;
    const top = (y + down) * (CELL + GAP);
    placed.push({ panel, top, height, left: Math.round(x * (column + GAP)), width: Math.round(w * (column + GAP) - GAP) });
    bottom = Math.max(bottom, top + height);
  };
  for (const panel of panels) {
    put(panel, moved);
    const inside = panel.panels ?? [];
    inside.forEach((one) => put(one, moved));
    const end = Math.max(0, ...inside.map((one) => one.gridPos.y + one.gridPos.h));
    moved += inside.length ? end - (panel.gridPos.y + 1) : 0;
  }
  return { placed, height: bottom };
}

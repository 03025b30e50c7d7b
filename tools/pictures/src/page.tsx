// One dashboard, drawn: window.BOARD and window.LOOK say which, document.body.dataset.state says when it is done.
import '@fontsource/roboto-mono/400.css';
import { createTheme, ThemeContext, type GrafanaTheme2 } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import type { Board, Drawn, Panel } from './answers';
import { findings } from './checks';
import { registerTransformations, shown } from './fields';
import { framesOf } from './frames';
import { laidOut, type Placed } from './layout';
import { PanelBox } from './panels/box';

declare global {
  interface Window {
    BOARD: Board;
    LOOK: { theme: 'dark' | 'light' };
    /** Heights at which a cut goes through no panel. */
    EDGES: number[];
    FINDINGS: () => ReturnType<typeof findings>;
    __grafana_public_path__: string;
  }
}

const EDGE = 16;

function Page({ board, drawn, theme }: { board: Board; drawn: Map<Panel, Drawn>; theme: GrafanaTheme2 }) {
  const { placed, height } = laidOut(board.dashboard.panels, window.innerWidth - 2 * EDGE);
  const back = { background: theme.colors.background.canvas, color: theme.colors.text.primary };
  return (
    <div style={{ padding: EDGE, minHeight: '100vh', fontFamily: theme.typography.fontFamily, ...back }}>
      <Head board={board} theme={theme} />
      <div style={{ position: 'relative', height }}>
        {placed.map((one, index) => (
          <div
            key={index}
            style={{ position: 'absolute', left: one.left, top: one.top, width: one.width, height: one.height }}
          >
            {one.panel.type === 'row' ? (
              <RowHead placed={one} theme={theme} />
            ) : (
              <PanelBox drawn={drawn.get(one.panel)!} placed={one} theme={theme} board={board} />
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function Head({ board, theme }: { board: Board; theme: GrafanaTheme2 }) {
  const box = { background: theme.components.input.background, border: `1px solid ${theme.components.input.borderColor}` };
  return (
    <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8, alignItems: 'center', marginBottom: 8 }}>
      <h1 style={{ fontSize: 22, margin: '0 16px 0 0' }}>{board.dashboard.title}</h1>
      {board.choice.map(([name, value]) => (
        <span key={name} style={{ fontSize: 12 }}>
          <span style={{ color: theme.colors.text.secondary, marginRight: 6 }}>{name}</span>
          <span style={{ ...box, borderRadius: 4, padding: '4px 8px' }}>{value}</span>
        </span>
      ))}
    </div>
  );
}

function RowHead({ placed, theme }: { placed: Placed; theme: GrafanaTheme2 }) {
  return (
    <div
      data-row={placed.panel.title}
      style={{ lineHeight: '30px', fontWeight: theme.typography.fontWeightMedium, whiteSpace: 'nowrap' }}
    >
      <span style={{ color: theme.colors.text.secondary, marginRight: 8 }}>▾</span>
      {placed.panel.title}
    </div>
  );
}

/** Puts what is chosen into titles, as Grafana does. */
function nameTitles(panels: Panel[], board: Board): void {
  for (const panel of panels) {
    panel.title = board.names.reduce((title, [name, value]) => title.replaceAll(`$${name}`, value), panel.title);
    nameTitles(panel.panels ?? [], board);
  }
}

/** Returns every panel that is no row, in the order of the file, those of collapsed rows at their row's place. */
function flat(panels: Panel[]): Panel[] {
  return panels.flatMap((one) => (one.type === 'row' ? flat(one.panels ?? []) : [one]));
}

/** Returns the lower ends of lines of panels, with half the gap below them. */
function edges(): number[] {
  const boxes = [...document.querySelectorAll('[data-panel], [data-row]')].map((box) => box.parentElement!.getBoundingClientRect());
  const ends = [...new Set(boxes.map((box) => Math.round(box.bottom)))];
  return ends.filter((end) => !boxes.some((box) => box.top < end && box.bottom > end + 1)).map((end) => end + 4);
}

async function main() {
  window.__grafana_public_path__ = '/';
  await initPluginTranslations('grafana');
  registerTransformations();
  const board = window.BOARD;
  nameTitles(board.dashboard.panels, board);
  const theme = createTheme({ colors: { mode: window.LOOK.theme } });
  const drawn = new Map<Panel, Drawn>();
  for (const [index, panel] of flat(board.dashboard.panels).entries()) {
    const answered = board.answers[index];
    const frames = await shown(panel, framesOf(panel, answered, board.window), theme);
    const numbers = answered.series.some((one) => one.samples.some(([, text]) => text !== 'NaN'));
    drawn.set(panel, { panel, frames, lines: answered.lines, answered: numbers || answered.lines.length > 0 });
  }
  window.FINDINGS = () => findings([...drawn.values()], document.body);
  await document.fonts.ready;
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Page board={board} drawn={drawn} theme={theme} />
      <PortalContainer />
    </ThemeContext.Provider>
  );
  // Sizes settle in a few turns: legends are measured, then charts get what is left.
  await document.fonts.load('12px Inter');
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((done) => requestAnimationFrame(done));
  }
  window.EDGES = edges();
  document.body.dataset.state = 'done';
}

main().catch((error) => {
  document.body.dataset.state = 'failed';
  document.body.dataset.error = String(error?.stack ?? error);
});

// What Python hands over for one dashboard: its JSON as shipped, and what the data sources answered to each panel.
import type { DataFrame } from '@grafana/data';

export interface Series {
  refId: string;
  format: 'time_series' | 'table' | 'heatmap' | 'log_table';
  instant: boolean;
  labels: Record<string, string>;
  /** The legend as the data source fills it in; null leaves the name to Grafana's libraries. */
  legend: string | null;
  /** Seconds and the number as Prometheus writes it, which may be "NaN" or "+Inf". */
  samples: Array<[number, string]>;
}

export interface Line {
  time: number;
  level: string;
  fields: string[];
  text: string;
}

export interface Panel {
  type: string;
  title: string;
  description?: string;
  collapsed?: boolean;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: Record<string, any>; overrides: any[] };
  options?: Record<string, any>;
  transformations?: any[];
  targets?: Array<{ refId: string; expr?: string; hide?: boolean }>;
  panels?: Panel[];
}

export interface Answered {
  series: Series[];
  lines: Line[];
  step: number;
}

export interface Board {
  name: string;
  dashboard: { title: string; description: string; panels: Panel[] };
  /** What each menu shows, in the order of the dashboard. */
  choice: Array<[string, string]>;
  /** Each variable's name and what it shows. */
  names: Array<[string, string]>;
  window: { start: number; end: number };
  /** By the panel's place in the order of the file, rows not counted. */
  answers: Answered[];
}

/** A panel with its frames, ready to be drawn. */
export interface Drawn {
  panel: Panel;
  frames: DataFrame[];
  lines: Line[];
  answered: boolean;
}

/** Returns the number that Prometheus wrote. */
export function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

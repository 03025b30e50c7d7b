// Units, thresholds, names and overrides: what Grafana's server-side panels get from its registry of field options.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  FieldConfigOptionsRegistry,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
  type DataFrame,
  type GrafanaTheme2,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import type { Panel } from './answers';

const STANDARD = ['unit', 'decimals', 'min', 'max', 'thresholds', 'mappings', 'color', 'noValue', 'displayName', 'links'];

// The defaults of Grafana's own panels, which its dashboards' JSON leaves out.
const LINES = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  barAlignment: 0,
  barWidthFactor: 0.6,
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  spanNulls: false,
  showPoints: 'auto',
  pointSize: 5,
  stacking: { mode: 'none', group: 'A' },
  axisPlacement: 'auto',
  axisColorMode: 'text',
  axisBorderShow: false,
  axisCenteredZero: false,
  axisGridShow: true,
  scaleDistribution: { type: 'linear' },
  thresholdsStyle: { mode: 'off' },
  hideFrom: { legend: false, tooltip: false, viz: false },
};
const CELLS = { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, footer: { reducers: [] } };

/** Grafana's thresholds where a dashboard says none: what reaches 80 is red. */
export const DEFAULT_THRESHOLDS = {
  mode: 'absolute',
  steps: [
    { value: -Infinity, color: 'green' },
    { value: 80, color: 'red' },
  ],
};

const COLORS: Record<string, string> = { timeseries: 'palette-classic', stat: 'thresholds', table: 'thresholds' };
const CUSTOM: Record<string, object> = { timeseries: LINES, table: CELLS };

function registry(type: string): FieldConfigOptionsRegistry {
  const standard = STANDARD.map((id) => item(id, id, false));
  const custom = Object.keys(CUSTOM[type] ?? {}).map((key) => item(`custom.${key}`, key, true));
  return new FieldConfigOptionsRegistry(() => [...standard, ...custom]);
}

function item(id: string, path: string, isCustom: boolean): any {
  return { id, path, isCustom, name: id, settings: {}, process: (value: unknown) => value, shouldApply: () => true };
}

/** Returns a panel's field configuration with all that its JSON leaves to Grafana. */
export function configured(panel: Panel): { defaults: any; overrides: any[] } {
  const given = panel.fieldConfig?.defaults ?? {};
  const thresholds = given.thresholds ?? DEFAULT_THRESHOLDS;
  const steps = thresholds.steps.map((step: any, index: number) =>
    index ? step : { ...step, value: -Infinity }
  );
  const custom = merged(CUSTOM[panel.type] ?? {}, given.custom ?? {});
  return {
    defaults: {
      ...given,
      thresholds: { ...thresholds, steps },
      mappings: given.mappings ?? [],
      color: given.color ?? { mode: COLORS[panel.type] ?? 'palette-classic' },
      custom,
    },
    overrides: panel.fieldConfig?.overrides ?? [],
  };
}

function merged(base: any, over: any): any {
  const found = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const deep = value && typeof value === 'object' && !Array.isArray(value);
    found[key] = deep ? merged(base[key] ?? {}, value) : value;
  }
  return found;
}

/** Registers Grafana's transformations; once. */
export function registerTransformations(): void {
  const known = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(
    () =>
      [...known.values()].map((one) => ({
        id: one.id,
        name: one.name,
        transformation: () => Promise.resolve(one),
        editor: () => null,
        imageDark: '',
        imageLight: '',
      })) as any
  );
}

/** Returns the frames as the panel shows them: transformed, then with units, colours and names. */
export async function shown(panel: Panel, frames: DataFrame[], theme: GrafanaTheme2): Promise<DataFrame[]> {
  const replaced = (text: string) => text;
  const transformed = panel.transformations?.length
    ? await lastValueFrom(transformDataFrame(panel.transformations, frames, { interpolate: replaced }))
    : frames;
  const found = applyFieldOverrides({
    data: transformed,
    fieldConfig: configured(panel) as any,
    fieldConfigRegistry: registry(panel.type),
    replaceVariables: replaced,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(found);
  return found;
}

// Lines and bars over time, with Grafana's axes, legend and lines of thresholds.
import { LegendDisplayMode } from '@grafana/schema';
import { TimeSeries } from '@grafana/ui';
import { Nothing, type PanelProps } from './box';

export function legendOf(options: Record<string, any> = {}) {
  return { displayMode: LegendDisplayMode.List, placement: 'bottom', showLegend: true, calcs: [], ...options.legend };
}

export function Chart({ drawn, width, height, range }: PanelProps) {
  const { panel, frames } = drawn;
  if (!frames.some((frame) => frame.length)) {
    return <Nothing words={panel.fieldConfig?.defaults.noValue} />;
  }
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={legendOf(panel.options)}
      options={panel.options ?? {}}
    />
  );
}

// How many fell into which bucket, when: Grafana's axes, cells of our own (its panel is not in its libraries).
import { formattedValueToString, getValueFormat, type DataFrame, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation, VisibilityMode, GraphDrawStyle } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder } from '@grafana/ui';
import { interpolateOranges } from 'd3-scale-chromatic';
import { useMemo } from 'react';
import { numberOf } from '../answers';
import { Nothing, type PanelProps } from './box';

export function Heatmap({ drawn, width, height, theme, range }: PanelProps) {
  const frame = drawn.frames[0];
  const unit = drawn.panel.options?.yAxis?.unit ?? drawn.panel.fieldConfig?.defaults.unit;
  const config = useMemo(() => (frame ? configOf(frame, unit, theme, range) : null), [frame, unit, theme, range]);
  if (!frame || !config) {
    return <Nothing words={drawn.panel.fieldConfig?.defaults.noValue} />;
  }
  const times = frame.fields[0].values;
  return <UPlotChart width={width} height={height} config={config} data={[times, times.map(() => null)] as any} />;
}

function configOf(frame: DataFrame, unit: string, theme: GrafanaTheme2, range: TimeRange): UPlotConfigBuilder {
  const builder = new UPlotConfigBuilder('utc');
  const buckets = frame.fields.slice(1);
  const format = getValueFormat(unit);
  const name = (index: number) => {
    const bound = numberOf(buckets[index]?.name ?? '');
    return Number.isFinite(bound) ? formattedValueToString(format(bound)) : buckets[index]?.name === '+Inf' ? '+Inf' : '';
  };
  const every = Math.max(1, Math.ceil(buckets.length / 8));
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [range.from.valueOf(), range.to.valueOf()],
  });
  builder.addScale({
    scaleKey: 'y',
    orientation: ScaleOrientation.Vertical,
    direction: ScaleDirection.Up,
    range: () => [0, buckets.length],
  });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, theme, timeZone: 'utc', grid: { show: false } });
  builder.addAxis({
    scaleKey: 'y',
    placement: AxisPlacement.Left,
    theme,
    grid: { show: false },
    splits: buckets.map((_, index) => index + 1).filter((at) => at % every === 0),
    formatValue: (at) => name(at - 1),
  });
  builder.addSeries({ scaleKey: 'y', theme, drawStyle: GraphDrawStyle.Line, showPoints: VisibilityMode.Never, pathBuilder: () => null });
  builder.addHook('draw', (plot) => drawCells(plot, frame));
  return builder;
}

function drawCells(plot: uPlot, frame: DataFrame): void {
  const [time, ...buckets] = frame.fields;
  const most = Math.max(...buckets.flatMap((bucket) => bucket.values.map((value) => value ?? 0)));
  const step = time.values[1] - time.values[0];
  plot.ctx.save();
  plot.ctx.beginPath();
  plot.ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  plot.ctx.clip();
  buckets.forEach((bucket, row) => {
    bucket.values.forEach((value, at) => {
      if (value > 0) {
        const left = plot.valToPos(time.values[at] - step, 'x', true);
        const right = plot.valToPos(time.values[at], 'x', true);
        const top = plot.valToPos(row + 1, 'y', true);
        const bottom = plot.valToPos(row, 'y', true);
        // The exponent and the scheme of the dashboards' JSON.
        plot.ctx.fillStyle = interpolateOranges(Math.sqrt(value / most));
        plot.ctx.fillRect(left, top, Math.max(1, right - left - 1), Math.max(1, bottom - top - 1));
      }
    });
  });
  plot.ctx.restore();
}

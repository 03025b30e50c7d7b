// Grafana's table; what its queries give is merged into one frame by the panel's transformations.
import { TableNG } from '@grafana/ui/unstable';
import { TableCellHeight } from '@grafana/schema';
import { Nothing, type PanelProps } from './box';

export function TableOf({ drawn, width, height, range }: PanelProps) {
  const frame = drawn.frames[0];
  if (!frame?.length) {
    return <Nothing words={drawn.panel.fieldConfig?.defaults.noValue} />;
  }
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      timeRange={range}
      noHeader={drawn.panel.options?.showHeader === false}
      sortBy={drawn.panel.options?.sortBy}
      cellHeight={TableCellHeight.Sm}
      noValue={drawn.panel.fieldConfig?.defaults.noValue}
      enableVirtualization={false}
      resizable
    />
  );
}

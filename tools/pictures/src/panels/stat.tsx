// Single numbers, as Grafana's panel "stat" shows them.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues, type FieldDisplay } from '@grafana/data';
import { VizOrientation } from '@grafana/schema';
import { BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, VizRepeater } from '@grafana/ui';
import { configured } from '../fields';
import type { PanelProps } from './box';

export function Stat({ drawn, width, height, theme }: PanelProps) {
  const options = drawn.panel.options ?? {};
  const graph = options.graphMode ?? BigValueGraphMode.Area;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig: configured(drawn.panel) as any,
      reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '', ...options.reduceOptions },
      replaceVariables: (text: string) => text,
      theme,
      data: drawn.frames,
      sparkline: graph !== BigValueGraphMode.None,
      timeZone: 'utc',
    });
  return (
    <VizRepeater<FieldDisplay, any>
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, alignmentFactors, count, ...size }) => (
        <BigValue
          {...size}
          value={value.display}
          count={count}
          sparkline={value.sparkline}
          colorMode={options.colorMode ?? BigValueColorMode.Value}
          graphMode={graph}
          justifyMode={options.justifyMode ?? BigValueJustifyMode.Auto}
          textMode={options.textMode ?? BigValueTextMode.Auto}
          alignmentFactors={alignmentFactors}
          disableWideLayout={options.wideLayout === false}
          theme={theme}
        />
      )}
      width={width}
      height={height}
      source={drawn}
      itemSpacing={3}
      renderCounter={0}
      autoGrid
      orientation={options.orientation ?? VizOrientation.Auto}
    />
  );
}

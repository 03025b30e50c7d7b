// Prometheus' answers as data frames, as Grafana's data source makes them (pkg/promlib, packages/grafana-prometheus).
import { FieldType, toDataFrame, type DataFrame } from '@grafana/data';
import { numberOf, type Answered, type Board, type Panel, type Series } from './answers';

/** Returns the frames of one panel before any transformation. */
export function framesOf(panel: Panel, answered: Answered, window: Board['window']): DataFrame[] {
  const tables = answered.series.filter((one) => one.format === 'table');
  const rest = answered.series.filter((one) => one.format === 'time_series');
  const heat = answered.series.filter((one) => one.format === 'heatmap');
  return [
    ...tableFrames(panel, tables),
    ...rest.map((one) => seriesFrame(one, answered.step, window)),
    ...heatmapFrames(heat, answered.step, window),
    ...countFrames(answered.series.filter((one) => one.format === 'log_table')),
  ];
}

/** One frame a query: the time, a column for each label, and the value. */
function tableFrames(panel: Panel, series: Series[]): DataFrame[] {
  const several = (panel.targets ?? []).length > 1;
  const refs = [...new Set(series.map((one) => one.refId))];
  return refs.map((refId) => {
    const rows = series.filter((one) => one.refId === refId);
    const labels = [...new Set(rows.flatMap((one) => Object.keys(one.labels)))].sort();
    return toDataFrame({
      refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: rows.map((one) => one.samples[0][0] * 1000) },
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          config: { filterable: true },
          values: rows.map((one) => one.labels[label] ?? ''),
        })),
        {
          name: several ? `Value #${refId}` : 'Value',
          type: FieldType.number,
          values: rows.map((one) => numberOf(one.samples[one.samples.length - 1][1])),
        },
      ],
    });
  });
}

function seriesFrame(one: Series, step: number, window: Board['window']): DataFrame {
  const [times, values] = one.instant ? listed(one) : onGrid(one, step, window);
  return toDataFrame({
    refId: one.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: step * 1000 }, values: times },
      {
        name: 'Value',
        type: FieldType.number,
        labels: one.labels,
        config: one.legend === null ? {} : { displayNameFromDS: one.legend },
        values,
      },
    ],
  });
}

function listed(one: Series): [number[], Array<number | null>] {
  return [one.samples.map(([at]) => at * 1000), one.samples.map(([, text]) => numberOf(text))];
}

/** Puts samples on the grid of the question; where there is none, the line breaks. */
function onGrid(one: Series, step: number, window: Board['window']): [number[], Array<number | null>] {
  const found = new Map(one.samples.map(([at, text]) => [Math.round(at), numberOf(text)]));
  const times: number[] = [];
  const values: Array<number | null> = [];
  for (let at = Math.round(window.start); at <= window.end; at += step) {
    times.push(at * 1000);
    values.push(found.get(at) ?? null);
  }
  return [times, values];
}

/** Buckets in order, each with what fell into it alone: "le" counts all below it. */
function heatmapFrames(series: Series[], step: number, window: Board['window']): DataFrame[] {
  if (!series.length) {
    return [];
  }
  const sorted = [...series].sort((a, b) => numberOf(a.labels.le) - numberOf(b.labels.le));
  const columns = sorted.map((one) => onGrid(one, step, window));
  return [
    toDataFrame({
      fields: [
        { name: 'Time', type: FieldType.time, values: columns[0][0] },
        ...sorted.map((one, index) => ({
          name: one.labels.le,
          type: FieldType.number,
          values: columns[index][1].map((value, at) =>
            value === null ? null : value - (index ? (columns[index - 1][1][at] ?? 0) : 0)
          ),
        })),
      ],
    }),
  ];
}

/** One frame of counted lines: a column for each field by which they are counted, in that order. */
function countFrames(rows: Series[]): DataFrame[] {
  if (!rows.length) {
    return [];
  }
  const names = Object.keys(rows[0].labels);
  const columns = names.map((name) => ({ name, type: FieldType.string, values: rows.map((one) => one.labels[name]) }));
  const counts = rows.map((one) => numberOf(one.samples[0][1]));
  return [toDataFrame({ fields: [...columns, { name: 'Count', type: FieldType.number, values: counts }] })];
}

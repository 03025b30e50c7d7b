// What a person who looks would stumble over, found on the drawn page (its elements, not its pixels) and in what it drew.
import { FieldType, type DataFrame, type Field } from '@grafana/data';
import type { Drawn } from './answers';
import { DEFAULT_THRESHOLDS } from './fields';
import { legendOf } from './panels/timeseries';

export interface Finding {
  panel: string;
  kind: string;
  found: string;
  expected: string;
}

const LEGEND_SHARE = 0.25;
const MOST_LINES = 12;
const LEGEND = '[data-testid="data-testid viz-layout-legend"]';
const RAW = /^(?:[a-z][a-z0-9]*(?:[_.][A-Za-z0-9]+)+|Value(?: #[A-Z]+)?|Time)$/;

type Check = (drawn: Drawn, box: HTMLElement) => Iterable<Omit<Finding, 'panel'>>;

/** Returns what is wrong with the panels, which stand in the page in the same order. */
export function findings(drawn: Drawn[], page: HTMLElement): Finding[] {
  const boxes = [...page.querySelectorAll<HTMLElement>('[data-panel]')];
  const rows = [...page.querySelectorAll<HTMLElement>('[data-row]')].filter(cut).map((row) => ({
    panel: row.dataset.row ?? '',
    kind: 'title-cut',
    found: `a row's heading of ${row.scrollWidth} px in ${row.clientWidth} px`,
    expected: 'a heading that is seen whole',
  }));
  const found = drawn.flatMap((one, index) =>
    CHECKS.flatMap((check) => [...check(one, boxes[index])].map((each) => ({ panel: one.panel.title, ...each })))
  );
  return [...rows, ...found];
}

function cut(element: Element): boolean {
  return element.scrollWidth > element.clientWidth + 1;
}

const broken: Check = function* (_, box) {
  const error = box.querySelector<HTMLElement>('[data-broken]')?.dataset.broken;
  if (error !== undefined) {
    yield { kind: 'broken', found: error, expected: 'a panel that is drawn' };
  }
};

const titleCut: Check = function* (_, box) {
  for (const title of box.querySelectorAll('h2')) {
    if (cut(title)) {
      const found = `${title.scrollWidth} px of title in ${title.clientWidth} px`;
      yield { kind: 'title-cut', found, expected: 'a title that is seen whole' };
    }
  }
};

const headerCut: Check = function* ({ panel }, box) {
  if (panel.type === 'table') {
    for (const header of box.querySelectorAll<HTMLElement>('[role="columnheader"] *')) {
      if (!header.children.length && cut(header)) {
        yield { kind: 'header-cut', found: `'${header.textContent}' is cut`, expected: 'columns whose names are seen whole' };
      }
    }
  }
};

const legendLarge: Check = function* (_, box) {
  const legend = box.querySelector<HTMLElement>(LEGEND);
  const content = box.querySelector<HTMLElement>('[data-content]');
  if (legend && content) {
    // Below the lines it is as wide as the panel, beside them as high.
    const across = legend.offsetWidth / content.offsetWidth;
    const share = across < 0.9 ? across : legend.offsetHeight / content.offsetHeight;
    if (share > LEGEND_SHARE) {
      const found = `${Math.round(share * 100)} % of the panel is its legend`;
      yield { kind: 'legend-large', found, expected: `at most ${LEGEND_SHARE * 100} %` };
    }
  }
};

const linesMany: Check = function* ({ panel, frames }) {
  const lines = panel.type === 'timeseries' ? numbers(frames).length : 0;
  if (lines > MOST_LINES && legendOf(panel.options).displayMode !== 'table') {
    const expected = `at most ${MOST_LINES}, or a legend in a table`;
    yield { kind: 'lines-many', found: `${lines} lines and a legend in a list`, expected };
  }
};

const unitMissing: Check = function* ({ panel, frames }) {
  if (panel.type !== 'logs' && panel.type !== 'text') {
    const without = numbers(frames).filter((field) => !field.config.unit && !panel.options?.yAxis?.unit);
    if (without.length) {
      const found = `${without.length} of ${numbers(frames).length} have no unit`;
      yield { kind: 'unit-missing', found, expected: 'a unit; a plain number is short' };
    }
  }
};

const silent: Check = function* ({ panel, answered }, box) {
  const words = box.querySelector('[data-nothing]')?.textContent;
  if (answered && words) {
    yield { kind: 'no-data', found: `'${words}' although a query answered`, expected: 'the answer' };
  } else if (answered && panel.type !== 'logs' && /\bNo data\b/.test(box.querySelector('[data-content]')?.textContent ?? '')) {
    yield { kind: 'no-data', found: "'No data' although a query answered", expected: 'the answer' };
  }
};

const labelRaw: Check = function* ({ panel }, box) {
  const headers = panel.type === 'table' ? [...box.querySelectorAll('[role="columnheader"]')] : [];
  for (const header of headers) {
    if (RAW.test(header.textContent ?? '')) {
      yield { kind: 'label-raw', found: `the column '${header.textContent}'`, expected: 'a name that a person would use' };
    }
  }
  const legend = box.querySelector(LEGEND)?.textContent ?? '';
  const raw = /\w+="[^"]*"/.exec(legend);
  if (raw) {
    yield { kind: 'label-raw', found: `${raw[0]} in the legend`, expected: 'the value alone, or words' };
  }
};

const thresholdBorrowed: Check = function* ({ panel, frames }) {
  const own = panel.fieldConfig?.defaults.thresholds || panel.fieldConfig?.defaults.color;
  const limit = DEFAULT_THRESHOLDS.steps[1].value;
  if (panel.type === 'stat' && !own && numbers(frames).some((field) => field.values.some((one) => one >= limit))) {
    const found = `a number of ${limit} or more is red, by Grafana's own thresholds`;
    yield { kind: 'threshold-borrowed', found, expected: 'colours that mean something, or one colour' };
  }
};

const stackOverWhole: Check = function* ({ panel, frames }) {
  const stacked = numbers(frames).filter((field) => (field.config.custom?.stacking?.mode ?? 'none') === 'normal');
  const whole = { percentunit: 1, percent: 100 }[stacked[0]?.config.unit ?? ''];
  if (panel.type === 'timeseries' && whole && panel.fieldConfig?.defaults.max !== undefined) {
    const most = Math.max(...sums(stacked));
    if (most > whole * 1.02) {
      yield { kind: 'stack-over-whole', found: `shares that add up to ${Math.round((most / whole) * 100)} %`, expected: '100 % at most' };
    }
  }
};

function sums(fields: Field[]): number[] {
  const length = Math.max(0, ...fields.map((field) => field.values.length));
  return Array.from({ length }, (_, at) => fields.reduce((sum, field) => sum + (field.values[at] ?? 0), 0));
}

function numbers(frames: DataFrame[]): Field[] {
  return frames.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number));
}

const CHECKS: Check[] = [
  broken,
  titleCut,
  headerCut,
  legendLarge,
  linesMany,
  unitMissing,
  silent,
  labelRaw,
  thresholdBorrowed,
  stackOverWhole,
];

#!/usr/bin/env bash
# Guess:   a stat with the calculation "Last *" shows what a query says now: NaN, the way PromQL says "no number", ends
#          in "No data" or NaN. "Last *" and "Last" differ for null alone, as the first one's id, lastNotNull, says.
# Really:  "Last *" passes over NaN as over null: of 1.5 an hour ago and NaN ever since it shows 1.5. With "Last" the
#          answer is NaN, and `noValue` does not stand in for it: the text is "NaN" unless a mapping of NaN says other.
# Seen:    @grafana/data 13.2.3 on Node 20.
# Source:  grafana/grafana, packages/grafana-data/src/transformations/fieldReducer.ts: doStandardCalcs sets lastNotNull
#          only where the value is neither null nor NaN; field/displayProcessor.ts: noValue stands for null.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

npm install --silent --no-audit --no-fund @grafana/data@13.2.3 react@19.2.0 react-dom@19.2.0

cat >show.cjs <<'JS'
// The library asks a browser for its language; older Nodes have no navigator.
Object.defineProperty(globalThis, 'navigator', { value: { language: 'en-US', languages: ['en-US'] }, configurable: true });
const { createTheme, FieldType, formattedValueToString, getDisplayProcessor, reduceField, toDataFrame } = require('@grafana/data');

const mapping = { type: 'special', options: { match: 'nan', result: { text: 'No traffic', index: 0 } } };
function shown(reducer, mappings) {
  const config = { unit: 'reqps', noValue: 'No traffic', mappings };
  const frame = toDataFrame({ fields: [{ name: 'x', type: FieldType.number, config, values: [1.5, 1.5, NaN, NaN] }] });
  const field = frame.fields[0];
  const value = reduceField({ field, reducers: [reducer] })[reducer];
  return formattedValueToString(getDisplayProcessor({ field, theme: createTheme() })(value));
}
console.log('@grafana/data', require('@grafana/data/package.json').version);
console.log('Last *:', shown('lastNotNull', []));
console.log('Last:', shown('last', []));
console.log('Last, NaN mapped:', shown('last', [mapping]));
JS
expect '1.5, 1.5, NaN, NaN, requests per second, noValue "No traffic"' '@grafana/data 13.2.3
Last *: 1.50 req/s
Last: NaN
Last, NaN mapped: No traffic' "$(node show.cjs)"

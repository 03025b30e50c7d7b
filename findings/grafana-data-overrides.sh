#!/usr/bin/env bash
# Guess:   @grafana/data's applyFieldOverrides, given a unit and thresholds as a panel's defaults, applies them; its
#          argument `fieldConfigRegistry` is optional and is for a panel's own options.
# Really:  without it nothing is applied, no default either, and nothing is said: 0.9 of "percentunit" is shown as 0.900
#          in grey instead of 90% in red. Outside Grafana the standard registry is empty; fill one with an item for each
#          property that is to count.
# Seen:    @grafana/data 13.2.3 on Node 20.
# Source:  grafana/grafana, packages/grafana-data/src/field/fieldOverrides.ts: setFieldConfigDefaults goes through the
#          registry's list, not through the defaults; standardFieldConfigEditorRegistry.ts.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

npm install --silent --no-audit --no-fund @grafana/data@13.2.3 react@19.2.0 react-dom@19.2.0

cat >show.cjs <<'JS'
// The library asks a browser for its language; older Nodes have no navigator.
Object.defineProperty(globalThis, 'navigator', { value: { language: 'en-US', languages: ['en-US'] }, configurable: true });
const { applyFieldOverrides, createTheme, formattedValueToString } = require('@grafana/data');
const { toDataFrame, FieldType, Registry } = require('@grafana/data');

const steps = [{ value: -Infinity, color: 'green' }, { value: 0.8, color: 'red' }];
const defaults = { unit: 'percentunit', color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } };
const item = (id) => ({ id, path: id, name: id, process: (value) => value, shouldApply: () => true });
const registry = new Registry(() => Object.keys(defaults).map(item));

function shown(more) {
  const data = [toDataFrame({ fields: [{ name: 'load', type: FieldType.number, values: [0.9] }] })];
  const fieldConfig = { defaults, overrides: [] };
  const given = { data, fieldConfig, theme: createTheme(), replaceVariables: (text) => text, ...more };
  const value = applyFieldOverrides(given)[0].fields[0].display(0.9);
  return `${formattedValueToString(value)} ${value.color}`;
}
console.log('@grafana/data', require('@grafana/data/package.json').version);
console.log('without a registry:', shown({}));
console.log('with one:', shown({ fieldConfigRegistry: registry }));
JS
expect '0.9, a percentunit, red from 0.8' '@grafana/data 13.2.3
without a registry: 0.900 #808080
with one: 90% #F2495C' "$(node show.cjs)"

#!/usr/bin/env bash
# Guess:   `promtool test rules` is deterministic, and takes the groups of a file in the order in which they are written.
# Really:  without group_eval_order it takes them in the order of a Go map: a new one at each run. Where a group reads what
#          another records, one and the same test passes or fails by chance, when its eval_time is the minute of a change.
#          Name every group in group_eval_order, or test a minute later.
# Seen:    promtool 3.14 (module v0.314.0).
# Source:  prometheus/prometheus, cmd/promtool/unittest.go: orderedGroups; docs/configuration/unit_testing_rules.md,
#          which says "The order is guaranteed only for the groups mentioned".
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

mkdir promtool
printf 'module finding\n\ngo 1.25.0\nrequire github.com/prometheus/prometheus v0.314.0\n' >promtool/go.mod
# Without service discovery it is the same tester, and builds in a third of the time.
(cd promtool && go build -tags remove_all_sd -o promtool github.com/prometheus/prometheus/cmd/promtool)
go version -m promtool/promtool | grep -o 'prometheus/prometheus.v[0-9.]*'

cat >rules.yaml <<'YAML'
groups:
- name: records
  rules: [{record: busy, expr: load > 10}]
- name: alerts
  rules: [{alert: Busy, expr: busy}]
YAML
cat >test.yaml <<'YAML'
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series: [{series: load, values: 0x4 20x5}]
  alert_rule_test: [{eval_time: 5m, alertname: Busy, exp_alerts: [{exp_labels: {}}]}]
YAML
outcomes() {
  for ((run = 0; run < 60; run++)); do
    if promtool/promtool test rules test.yaml >/dev/null 2>&1; then echo passes; else echo fails; fi
  done | sort -u
}

expect 'the same test sixty times' $'fails\npasses' "$(outcomes)"
printf 'group_eval_order: [records, alerts]\n' >>test.yaml
expect 'with group_eval_order' 'passes' "$(outcomes)"

#!/usr/bin/env bash
# Guess:   `x unless x offset 5m` gives the counters that were born within five minutes, and added to increase() it counts
#          the first event that increase() loses.
# Really:  one failed scrape makes it lie: five minutes later the counter's whole life counts as born now, for as long as
#          the gap was. And `increase(x[5m]) + (x unless x offset 5m)` matches both sides, so a counter that is not new is
#          in no sum at all. What works: the last value of the window less the last value before it, looked for in an hour,
#          and the value itself where there is none.
# Seen:    Prometheus 3.14's engine (module v0.314.0).
# Source:  prometheus/prometheus, docs/querying/basics.md, "Staleness"; docs/querying/operators.md, vector matching.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

cat >script <<'TEST'
# Nothing happens to x; the scrape at 2m fails, which writes a stale marker. y is born with 7 events at 10m.
load 30s
  x 100 100 100 100 stale 100x40
  y _x20 7x20

eval instant at 6m30s x unless x offset 5m

eval instant at 7m x unless x offset 5m
  x 100

eval instant at 7m30s x unless x offset 5m

eval instant at 12m increase(y[5m])
  {} 0

eval instant at 12m increase(x[5m]) + (x unless x offset 5m)

eval instant at 7m last_over_time(x[5m]) - last_over_time(x[1h] offset 5m) or last_over_time(x[5m])
  {} 0

eval instant at 12m last_over_time(y[5m]) - last_over_time(y[1h] offset 5m) or last_over_time(y[5m])
  y 7
TEST
cat script
expect 'failed scrapes and births' holds "$(promql_script <script)"

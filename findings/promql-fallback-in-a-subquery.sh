#!/usr/bin/env bash
# Guess:   `sum_over_time((x or 0 * y)[1h:1m])` counts x, with zeros where x is missing; `x or 0 * y` by itself works.
# Really:  it works until the zeros are needed, then the whole query is an error, "vector cannot contain metrics with the
#          same labelset": x has its name and 0 * y has none, so the subquery holds two series, and sum_over_time drops the
#          name that told them apart. A panel or rule with it is healthy in every test without a gap. Aggregate
#          both sides first.
# Seen:    Prometheus 3.14's engine (module v0.314.0).
# Source:  prometheus/prometheus, promql/engine.go: eval of a call on a matrix ends with ContainsSameLabelset.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

cat >script <<'TEST'
# x is missing at 2m, y is there all the time.
load 1m
  x 1 1 stale 1x10
  y 5x13

eval instant at 2m x or 0 * y
  {} 0

eval instant at 4m sum_over_time((x or 0 * y)[4m:1m])
  expect fail msg:vector cannot contain metrics with the same labelset

eval instant at 8m sum_over_time((x or 0 * y)[4m:1m])
  {} 4

eval instant at 4m sum_over_time((sum(x) or 0 * sum(y))[4m:1m])
  {} 3
TEST
cat script
expect 'a gap of one scrape' holds "$(promql_script <script)"

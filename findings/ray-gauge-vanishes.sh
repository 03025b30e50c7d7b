#!/usr/bin/env bash
# Guess:   a gauge set once with ray.util.metrics stays on the node's /metrics for as long as its process lives, as with
#          every Prometheus client; what goes away with time is the series of a dead process.
# Really:  it is shown for some 20 s, then the series is gone while the process lives on; a counter beside it stays. The
#          node's agent keeps a gauge for two report intervals (of 10 s) after the last set. With a scrape each 30 s a
#          state that is set at its changes is missed one time in three, and `for: 5m` on it never comes true.
#          Set gauges in a loop, or start Ray with a longer RAY_metrics_report_interval_ms.
# Seen:    Ray 2.60.0.
# Source:  ray-project/ray, python/ray/_private/telemetry/open_telemetry_metric_recorder.py: _resolve_gauge_ttl_seconds.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

ray_ready
cat >gauge.py <<'PY'
import time

from page import values, wait_for
from ray.util.metrics import Counter, Gauge

state, events = Gauge("state"), Counter("events")
state.set(7)
events.inc(3)
print("first", sorted(wait_for("ray_state", "ray_events_total").items()))
seen = time.monotonic()
while "ray_state" in values("ray_state") and time.monotonic() < seen + 120:
    time.sleep(0.5)
print("gone after 10 to 30 s:", 10 < time.monotonic() - seen < 30)
print("then", sorted(values("ray_state", "ray_events_total").items()))
state.set(8)
print("set again", sorted(wait_for("ray_state", "ray_events_total").items()))
PY
expect 'a gauge set once, a counter moved once' "ray 2.60.0
first [('ray_events_total', 3.0), ('ray_state', 7.0)]
gone after 10 to 30 s: True
then [('ray_events_total', 3.0)]
set again [('ray_events_total', 3.0), ('ray_state', 8.0)]" "$(python gauge.py)"

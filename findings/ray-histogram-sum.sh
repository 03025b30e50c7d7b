#!/usr/bin/env bash
# Guess:   `_sum / _count` of a histogram of ray.util.metrics is the mean of what was observed; only quantiles depend on
#          the buckets.
# Really:  `_sum` is made up from the buckets: each observation counts as the middle of its bucket, one above the last
#          boundary as twice that boundary. A hundred observations of 1 ms under the boundaries 1 and 10 give a mean of
#          500 ms. That holds for all that a Ray process reports, Serve's latencies and vLLM's inside Ray too.
# Seen:    Ray 2.60.0.
# Source:  ray-project/ray, python/ray/_private/telemetry/open_telemetry_metric_recorder.py:
#          register_histogram_metric makes the middles, record_histogram_aggregated_batch records them.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

ray_ready
cat >histogram.py <<'PY'
from page import wait_for
from ray.util.metrics import Histogram

short, long = Histogram("short", boundaries=[1.0, 10.0]), Histogram("long", boundaries=[1.0, 10.0])
for _ in range(100):
    short.observe(0.001)
    long.observe(11.0)
found = wait_for("ray_short_sum", "ray_short_count", "ray_long_sum", "ray_long_count")
for name, true in (("short", 0.001), ("long", 11.0)):
    total, count = found[f"ray_{name}_sum"], found[f"ray_{name}_count"]
    print(name, "mean", total / count, "of", int(count), "x", true)
PY
expect 'means under the boundaries 1 and 10' 'ray 2.60.0
short mean 0.5 of 100 x 0.001
long mean 20.0 of 100 x 11.0' "$(python histogram.py)"

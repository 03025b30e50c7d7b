#!/usr/bin/env bash
# Guess:   a counter is exported as 0 once it is made, or can be brought to 0 with inc(0), as Prometheus' advice on
#          missing metrics wants it, so that increase() sees the first event.
# Really:  a Ray counter has no line, not even its TYPE, before its first event, and inc(0) is a ValueError. It is born
#          with the first events in it, and increase() says 0 for those. Nobody outside can mend it: the page has no
#          created timestamps either, not even for one who asks for OpenMetrics.
# Seen:    Ray 2.60.0.
# Source:  ray-project/ray, python/ray/util/metrics.py: Counter.inc.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

ray_ready
cat >counter.py <<'PY'
import urllib.request

import page
from ray.util.metrics import Counter

errors, other = Counter("errors"), Counter("other")
try:
    errors.inc(0)
except ValueError as error:
    print("inc(0):", error)
other.inc(1)
page.wait_for("ray_other_total")
print("before:", page.values("ray_errors_total"))
errors.inc(5)
print("first seen:", page.wait_for("ray_errors_total"))
asked = urllib.request.Request(page.URL, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
with urllib.request.urlopen(asked) as answer:
    lines = answer.read().decode().splitlines()
print("created:", [line for line in lines if line.startswith("ray_errors_created")])
PY
expect 'a counter of five errors' "ray 2.60.0
inc(0): value must be >0, got 0
before: {}
first seen: {'ray_errors_total': 5.0}
created: []" "$(python counter.py)"

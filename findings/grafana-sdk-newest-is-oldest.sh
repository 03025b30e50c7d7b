#!/usr/bin/env bash
# Guess:   `pip install grafana-foundation-sdk` gives the newest Grafana's types, and `>=11` at least Grafana 11's.
# Really:  both give Grafana 10.1's. Every release carries the second of its build as a version epoch
#          (1769699379!11.6.0), an epoch outranks everything behind it, and of one build the oldest Grafana is packed
#          last. `>=11` means `>=0!11`, which every epoch satisfies. Dashboards come out with schemaVersion 36, not 41.
#          Pin the whole version, epoch and all.
# Seen:    grafana-foundation-sdk 1769699998!10.1.0 and 1769699379!11.6.0.
# Source:  Python's version specifiers, "Version epochs"; grafana/grafana-foundation-sdk, its list of releases.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

# What a registry has may grow, so the choice is made among two wheels of one build day.
pip_install packaging==26.0
pip download --quiet --disable-pip-version-check --no-deps --dest wheels 'grafana-foundation-sdk==1769699998!10.1.0'
pip download --quiet --disable-pip-version-check --no-deps --dest wheels 'grafana-foundation-sdk==1769699379!11.6.0'
ls wheels

cat >dashboard.py <<'PY'
from importlib.metadata import version

from grafana_foundation_sdk.builders.dashboard import Dashboard

print(version("grafana-foundation-sdk").partition("!")[2], "schema", Dashboard("d").build().schema_version)
PY
chosen() {
  pip install --quiet --disable-pip-version-check --force-reinstall --no-index --find-links wheels "$1"
  python dashboard.py
}

expect 'grafana-foundation-sdk' '10.1.0 schema 36' "$(chosen grafana-foundation-sdk)"
expect 'grafana-foundation-sdk>=11' '10.1.0 schema 36' "$(chosen 'grafana-foundation-sdk>=11')"
expect 'pinned with its epoch' '11.6.0 schema 41' "$(chosen 'grafana-foundation-sdk==1769699379!11.6.0')"

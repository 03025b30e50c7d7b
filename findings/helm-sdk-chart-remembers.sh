#!/usr/bin/env bash
# Guess:   a chart loaded once with helm-python-sdk may be rendered many times: "Charts are immutable", says its class.
# Really:  rendering changes the loaded chart. A subchart that one call switches off is gone for every later call that
#          switches it on, without an error: the rendering is just empty. Load the chart anew for each rendering.
# Seen:    helm-python-sdk 0.2.2 (Helm 4.2.3).
# Source:  helm/helm, pkg/chart/v2/util/dependencies.go: processDependencyEnabled replaces the chart's own list of
#          dependencies, processImportValues its values; helm_python/chart.py, the docstring of Chart.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

pip_install helm-python-sdk==0.2.2
mkdir -p chart/charts/sub/templates
printf 'apiVersion: v2\nname: chart\nversion: 1.0.0\n' >chart/Chart.yaml
printf 'dependencies: [{name: sub, version: 1.0.0, condition: sub.enabled}]\n' >>chart/Chart.yaml
printf 'apiVersion: v2\nname: sub\nversion: 1.0.0\n' >chart/charts/sub/Chart.yaml
printf 'answer: {{ .Values.enabled }}\n' >chart/charts/sub/templates/a.yaml

cat >render.py <<'PY'
import helm_python

print("helm-python-sdk", helm_python.helm_c_version(), "with Helm", helm_python.helm_sdk_version())
print("promise:", "immutable" in helm_python.Chart.__doc__)
chart = helm_python.Chart.load("chart")
for enabled in (True, False, True):
    print(enabled, sorted(chart.render({"sub": {"enabled": enabled}}, name="r", namespace="n")))
print("loaded anew", sorted(helm_python.Chart.load("chart").render({"sub": {"enabled": True}}, name="r", namespace="n")))
PY
expect 'on, off, on again' "helm-python-sdk 0.2.2 with Helm v4.2.3
promise: True
True ['chart/charts/sub/templates/a.yaml']
False []
True []
loaded anew ['chart/charts/sub/templates/a.yaml']" "$(python render.py)"

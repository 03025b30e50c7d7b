#!/usr/bin/env bash
# Guess:   `null` in a parent chart's values.yaml takes a subchart's default away, as Helm's documentation says of null.
# Really:  Helm 3.17 takes it away; Helm 4 keeps the subchart's default, without a word. The same null in a file given
#          with -f works in both, so a chart that was tried with -f changes when its values become the chart's own.
# Seen:    Helm 3.17.3 and 4.3.1.
# Source:  helm/helm, pkg/chart/common/util/coalesce.go (v4): coalesceValues drops the nulls of a chart's own defaults
#          with cleanNilValues before the subchart's defaults are merged in; pkg/chartutil/coalesce.go (v3) does not.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

both_helms
mkdir -p parent/charts/sub/templates
printf 'apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0}]\n' >parent/Chart.yaml
printf 'apiVersion: v2\nname: sub\nversion: 1.0.0\n' >parent/charts/sub/Chart.yaml
printf 'limits: {cpu: 1, memory: 2Gi}\n' >parent/charts/sub/values.yaml
printf 'limits: {{ toJson .Values.limits }}\n' >parent/charts/sub/templates/limits.yaml
printf 'sub: {limits: {cpu: null}}\n' >null.yaml

limits() { "./$1" template r parent "${@:2}" 2>messages | grep '^limits'; }

touch parent/values.yaml
without='limits: {"memory":"2Gi"}'
expect 'Helm 3, null given with -f' "$without" "$(limits helm3 -f null.yaml)"
expect 'Helm 4, null given with -f' "$without" "$(limits helm4 -f null.yaml)"
cp null.yaml parent/values.yaml
expect "Helm 3, null in the parent's values.yaml" "$without" "$(limits helm3)"
expect "Helm 4, null in the parent's values.yaml" 'limits: {"cpu":1,"memory":"2Gi"}' "$(limits helm4)"
expect 'Helm 4 says about it' '' "$(cat messages)"

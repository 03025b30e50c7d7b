#!/usr/bin/env bash
# Guess:   text that yaml.safe_dump writes is text again when Helm reads it; safe_dump quotes whatever would not be.
# Really:  it quotes what PyYAML would misread. Helm's YAML knows more numbers and more booleans, so a short commit id as
#          an image tag becomes a number, and the key `y` (of a Grafana panel's gridPos) becomes the key "true".
#          ruamel.yaml, which quotes for YAML 1.2, saves the numbers; there `on` becomes "true" as well, so of the two keys
#          one is lost.
# Seen:    PyYAML 6.0.3, ruamel.yaml 0.19.1, Helm 3.17.3 and 4.3.1 (the same in both).
# Source:  PyYAML, resolver.py: a float needs a dot, an octal no "o", a boolean is never y or n.
#          go.yaml.in/yaml/v2 (behind sigs.k8s.io/yaml), resolve.go: resolveTable and yamlStyleFloat.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

both_helms
pip_install PyYAML==6.0.3 ruamel.yaml==0.19.1
mkdir -p chart/templates
printf 'apiVersion: v2\nname: chart\nversion: 1.0.0\n' >chart/Chart.yaml
printf '{{ toJson .Values.v }}\n' >chart/templates/v.yaml

cat >dump.py <<'PY'
import sys, ruamel.yaml, yaml

data = {"v": {"tag": "7e12", "serial": "08", "mode": "0o17", "x": 0, "y": 9, "on": 1}}
yaml.safe_dump(data, open("pyyaml.yaml", "w"))
ruamel.yaml.YAML().dump(data, open("ruamel.yaml", "w"))
PY
python dump.py
cat pyyaml.yaml
read_back() { "./$1" template r chart -f "$2.yaml" | tail -n 1; }

for helm in helm3 helm4; do
  expect "written by PyYAML, read by $helm" \
    '{"mode":15,"on":1,"serial":8,"tag":7000000000000,"true":9,"x":0}' "$(read_back $helm pyyaml)"
  expect "written by ruamel.yaml, read by $helm" \
    '{"mode":"0o17","serial":"08","tag":"7e12","true":1,"x":0}' "$(read_back $helm ruamel)"
done

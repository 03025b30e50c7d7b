#!/usr/bin/env bash
# Guess:   `format` in values.schema.json is either checked or a mere remark, whatever the draft and the Helm.
# Really:  Helm 3 checks the formats that it knows, under every draft, and it does not know "duration".
#          Helm 4 checks formats under draft-07 and ignores them under 2020-12, and it knows "duration", the ISO one
#          (P1D): a chart whose schema says `"format": "duration"` of Prometheus' 5m installs with Helm 3 only. Going on to
#          2020-12 repairs that and switches every other format off. Python's jsonschema checks none of them, so tests with
#          it see nothing of all this.
# Seen:    Helm 3.17.3 and 4.3.1, jsonschema 4.26.0.
# Source:  helm/helm: pkg/chartutil/jsonschema.go (v3, xeipuuv/gojsonschema), pkg/chart/common/util/jsonschema.go (v4,
#          santhosh-tekuri/jsonschema v6, compiler.go: "AssertFormat", which Helm leaves to the draft's rule).
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

both_helms
pip_install jsonschema==4.26.0 PyYAML==6.0.3
mkdir -p chart/templates
printf 'apiVersion: v2\nname: chart\nversion: 1.0.0\n' >chart/Chart.yaml
printf 'every: 5m\naddress: nowhere\n' >chart/values.yaml

verdict() { # FORMAT KEY DRAFT
  # shellcheck disable=SC2016
  printf '{"$schema": "%s", "properties": {"%s": {"format": "%s"}}}\n' "$3" "$2" "$1" >chart/values.schema.json
  for helm in helm3 helm4; do
    if "./$helm" template r chart >/dev/null 2>messages; then echo "$helm accepts"; else echo "$helm refuses"; fi
  done
  python - <<'PY'
import json, jsonschema, yaml

schema = json.load(open("chart/values.schema.json"))
valid = jsonschema.validators.validator_for(schema)(schema).is_valid(yaml.safe_load(open("chart/values.yaml")))
print("jsonschema", "accepts" if valid else "refuses")
PY
}

old=http://json-schema.org/draft-07/schema# new=https://json-schema.org/draft/2020-12/schema
expect '5m as "duration", draft-07' $'helm3 accepts\nhelm4 refuses\njsonschema accepts' "$(verdict duration every $old)"
expect '5m as "duration", 2020-12' $'helm3 accepts\nhelm4 accepts\njsonschema accepts' "$(verdict duration every $new)"
expect '"nowhere" as "ipv4", draft-07' $'helm3 refuses\nhelm4 refuses\njsonschema accepts' "$(verdict ipv4 address $old)"
expect '"nowhere" as "ipv4", 2020-12' $'helm3 refuses\nhelm4 accepts\njsonschema accepts' "$(verdict ipv4 address $new)"

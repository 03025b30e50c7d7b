"""`make bench`: time and peak memory of whole processes, as ratios to `helm template` on the chart that is made.

Each run of gen-chart stands beside one of `helm template`, in turn, so that a slow minute of the machine slows both; a
figure is the median over the pairs. A table is printed and nothing is asserted: a loaded machine is not a regression.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from generator.files import cache
from generator.files.table import table
from tests import helm
from tests.conftest import copy_program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAIRS = 9

_VOLUME = "@VOLUME@"
"""Stands for a size that no run had before."""

_PROBE = """
import os, sys, time
start = time.perf_counter()
null = os.open(os.devnull, os.O_WRONLY)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Run:
    """What one process took.

    Attributes:
        seconds: from start to end.
        cpu: seconds of CPU, children included.
        memory: MiB at its peak.
    """

    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Case:
    """One way of running gen-chart.

    Attributes:
        name: what stands in the table.
        arguments: of gen-chart.
        before: called before each run, with its number.
        bound: the ratio of wall time that it must not exceed; "" for none.
    """

    name: str
    arguments: Sequence[str | Path]
    before: Callable[[int], None]
    bound: str = ""


def measure(command: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> Run:
    """Runs a command in a folder.

    A bare interpreter starts it: on Linux a process inherits the peak of the one that starts it.
    """
    words = [sys.executable, "-S", "-E", "-c", _PROBE, *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return Run(*map(float, done.stdout.split()))


def copied(folder: Path) -> Path:
    """Copies the program and its data, so that a source file can be changed; compiled, as a wheel is."""
    folder.mkdir()
    copy_program(folder)
    compileall.compile_dir(folder / "generator", quiet=1)
    subprocess.run([sys.executable, "-m", "generator.build.compiling"], check=True, cwd=folder)
    return folder


def cases(checkout: Path, chart: Path, kept: Path) -> list[Case]:
    """Returns the ways of running gen-chart; each changes what it says just before its run."""
    overlay = checkout / "mine.yaml"
    dashboard = checkout / "dashboards" / "triton.yaml"
    text = dashboard.read_text(encoding="utf-8")
    jark = ("--profile", "jark", "-o", chart)

    def nothing(_number: int) -> None:
        pass

    def forget(_number: int) -> None:
        shutil.rmtree(kept, ignore_errors=True)

    def edit_source(number: int) -> None:
        title, _, rest = text.partition("\n")
        changed = f"{title} {number}\n{rest}"
        dashboard.write_text(changed, encoding="utf-8")

    def edit_overlay(number: int) -> None:
        dashboard.write_text(text, encoding="utf-8")
        overlay.write_text(f"monitors: {{interval: {20 + number}s}}\n", encoding="utf-8")

    def restore(_number: int) -> None:
        dashboard.write_text(text, encoding="utf-8")

    return [
        Case("--profile jark, up to date", jark, restore, "0.6"),
        Case("after a change of a dashboard's file", jark, edit_source, "1.0"),
        Case("after a change of an overlay", (*jark, "-f", overlay), edit_overlay, "1.0"),
        Case("after another --set", (*jark, "--set", f"components.opensearch.volume={_VOLUME}"), nothing, "1.0"),
        Case("first run, nothing kept", jark, forget, "1.5"),
        Case("--no-cache", (*jark, "--no-cache"), nothing),
        Case("verify --profile jark", ("verify", "--profile", "jark"), nothing),
        Case("--help", ("--help",), nothing),
    ]


def main() -> None:
    """Measures each case beside `helm template` and prints the table."""
    binary = helm.any_binary()
    if binary is None:
        raise SystemExit("no helm: install tests/helm-binaries.txt or put it on PATH")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkout, chart, kept = copied(folder / "checkout"), folder / "chart", folder / "kept"
        mirror = helm.CACHE / "mirror"
        environment = {**os.environ, cache.VARIABLE: str(kept)}
        if mirror.is_dir():
            environment.setdefault("GEN_CHART_MIRROR", str(mirror))
        program = (sys.executable, "-m", "generator")
        measure((*program, "--profile", "jark", "-o", chart), checkout, environment)
        measure((*program, "vendor", chart), checkout, environment)
        template = (binary, "template", "observability", chart)
        rows = []
        for case in cases(checkout, chart, kept):
            pairs = []
            for number in range(PAIRS):
                beside = measure(template, folder, environment)
                case.before(number)
                arguments = [str(word).replace(_VOLUME, f"{61 + number}Gi") for word in case.arguments]
                pairs.append((measure((*program, *arguments), checkout, environment), beside))
            rows.append(_row(case, pairs))
        version = helm.run(binary, "version", "--short").stdout.strip()
        print(f"{PAIRS} pairs each, Helm {version}, Python {sys.version.split()[0]}; ratios to helm template")  # noqa: T201
        print(table(rows), end="")  # noqa: T201


def _row(case: Case, pairs: Sequence[tuple[Run, Run]]) -> dict[str, str]:
    own = [run for run, _ in pairs]
    return {
        "gen-chart": case.name,
        "wall": f"{median(run.seconds / beside.seconds for run, beside in pairs):.2f}",
        "must": case.bound,
        "cpu": f"{median(run.cpu / beside.cpu for run, beside in pairs):.2f}",
        "memory": f"{median(run.memory / beside.memory for run, beside in pairs):.2f}",
        "seconds": f"{median(run.seconds for run in own):.3f}",
        "MiB": f"{median(run.memory for run in own):.0f}",
    }


if __name__ == "__main__":
    main()

"""Finds Prometheus and promtool, of the major version that the chart ships.

``python -m tests.signals.binaries`` prints the folder that ``make tools`` builds into.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

VERSION = "3.14.0"
"""What ``make tools`` builds: the newest Prometheus whose Go module can be had (v0.314.0); the chart ships 3.x."""

MAJOR = 3


class NotFoundError(Exception):
    """No Prometheus is at hand; the text says what to do."""


@dataclass(frozen=True)
class Binaries:
    """The two programs."""

    prometheus: Path
    promtool: Path


def find() -> Binaries:
    """Returns the programs that GEN_CHART_PROMETHEUS and GEN_CHART_PROMTOOL name, else PATH's, else the cache's.

    Raises:
        NotFoundError: there are none, or only older ones.
    """
    return Binaries(_program("prometheus"), _program("promtool"))


def cache() -> Path:
    """Returns the folder that ``make tools`` builds into."""
    from platformdirs import user_cache_path

    return user_cache_path("gen-chart") / "tools" / f"prometheus-{VERSION}"


def _program(name: str) -> Path:
    variable = f"GEN_CHART_{name.upper()}"
    given = os.environ.get(variable)
    if given:
        if os.access(given, os.X_OK) and Path(given).is_file():
            return Path(given)
        raise NotFoundError(f"{variable} names '{given}', which is no program")
    on_path = shutil.which(name)
    if on_path and _major(on_path) >= MAJOR:
        return Path(on_path)
    cached = cache() / name
    if cached.is_file():
        return cached
    raise NotFoundError(f"no {name} {MAJOR}.x found; 'make tools' builds it, or set {variable}")


def _major(program: str) -> int:
    """Returns the major version that a program says it has, 0 if it says none."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"version (\d+)\.", said.stdout + said.stderr)
    return int(match[1]) if match else 0


if __name__ == "__main__":
    sys.stdout.write(f"{cache()}\n")

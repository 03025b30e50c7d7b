"""The charts that scenarios install: profiles' charts with the upstream charts in them, and seeded with faults."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import helm


def fetch() -> int:
    """Fetches the upstream charts into the cache while there is a network; returns gen-chart's exit code."""
    mirror = helm.CACHE / "mirror"
    options = ["--chart-mirror", str(mirror)] if mirror.is_dir() else []
    program = Path(sys.executable).with_name("gen-chart")
    with tempfile.TemporaryDirectory(prefix="gen-chart-e2e-") as folder:
        chart = Path(folder) / "chart"
        for words in (["--profile", "jark", "-o", str(chart)], ["vendor", str(chart), *options]):
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.stderr.write(done.stderr)
                return done.returncode
    return 0


def changed(chart: Path, folder: Path, file: str, old: str, new: str) -> Path:
    """Returns a copy of a chart in which one text of one file is another.

    Raises:
        ValueError: the file, named by its path in the chart, does not have the text.
    """
    copy = folder / "chart"
    shutil.copytree(chart, copy)
    text = (copy / file).read_text("utf-8")
    if old not in text:
        raise ValueError(f"{file} of {chart} has no {old!r}")
    (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    return copy

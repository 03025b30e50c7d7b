"""Draws every dashboard with Grafana's own components from a real Prometheus' answers, and looks at what was drawn.

Whole dashboards go into a folder that git ignores, with a page that shows them all; the top of each goes into
docs/pictures/. Exit 1 if a person would stumble over something in them, 2 if what is needed is not at hand.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import Exit, InputError
from tests.pictures.drawing import PAGE, Look, NoBrowserError, browser, draw, prepare
from tests.pictures.sheet import sheet
from tests.pictures.world import boards
from tests.signals.binaries import NotFoundError, find
from tests.signals.scrapes import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.pictures.drawing import Picture

OUT = ROOT / "build" / "pictures"
SHIPPED = ROOT / "docs" / "pictures"
SHOWN = Look("dark", 1600)
"""The look of the pictures in docs/pictures/, and the one in which nothing may be cut off."""

TALLEST = 1700
"""Pixels of a picture in docs/pictures/ at most: it ends with the last line of panels that fits."""


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make pictures, or python -m tests.pictures", description=__doc__)
    parser.add_argument("--dashboard", action="append", help="draw this one alone; may be given several times")
    parser.add_argument("--themes", default="dark,light", help="dark, light or both; both by default")
    parser.add_argument("--widths", default="1600,1100", help="pixels, by commas; 1600,1100 by default")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the whole pictures; build/pictures by default")
    given = parser.parse_args()
    looks = [Look(theme, int(width)) for theme in given.themes.split(",") for width in given.widths.split(",")]
    try:
        binaries = find()
        browser()
        prepare()
        given.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="gen-chart-page-") as data:
            answered = list(boards(binaries, ROOT, given.dashboard, _say))
            pictures = []
            for picture in draw(answered, looks, Path(data), given.out):
                _say(f"{picture.file} ({picture.file.stat().st_size // 1000} kB)")
                pictures.append(picture)
    except (NotFoundError, NoBrowserError, InputError) as error:
        _say(str(error))
        return Exit.BAD_INPUT
    (given.out / "index.html").write_text(sheet(answered, pictures), encoding="utf-8")
    _ship([picture for picture in pictures if picture.look == SHOWN])
    return _report(pictures)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _ship(pictures: Sequence[Picture]) -> None:
    """Writes the top of each picture into docs/pictures/."""
    SHIPPED.mkdir(exist_ok=True)
    for picture in pictures:
        height = max(edge for edge in picture.edges if edge <= TALLEST)
        target = SHIPPED / f"{picture.dashboard}.png"
        subprocess.run(["node", "top.mjs", picture.file.resolve(), target, str(height)], cwd=PAGE, check=True)


def _report(pictures: Sequence[Picture]) -> int:
    """Prints what was found; in narrow windows titles and legends may be cut, at the width of the shipped ones not."""
    failing = [finding for picture in pictures for finding in picture.findings if picture.look.width >= SHOWN.width]
    narrow = sum(len(picture.findings) for picture in pictures if picture.look.width < SHOWN.width)
    for finding in failing:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(pictures)} pictures, {len(failing)} findings, {narrow} more in narrower windows\n")
    return Exit.CHECK_FAILED if failing else Exit.DONE


if __name__ == "__main__":
    sys.exit(main())

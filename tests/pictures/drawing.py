"""Draws dashboards with their answers in headless Chromium, through tools/pictures, and reads what was found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PAGE = Path(__file__).parents[2] / "tools" / "pictures"

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowserError(Exception):
    """What draws is not at hand; the text says what to do."""


@dataclass(frozen=True)
class Look:
    """How dashboards are looked at: the theme, "dark" or "light", and the width of the window in pixels."""

    theme: str
    width: int


@dataclass(frozen=True)
class Finding:
    """What a person would stumble over on a drawn panel."""

    dashboard: str
    panel: str
    look: Look
    kind: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.dashboard} / {self.panel} ({self.look.theme}, {self.look.width} px)"
        return f"{where}: {self.kind}: found {self.found}; expected {self.expected}"


@dataclass(frozen=True)
class Picture:
    """A dashboard as it was drawn.

    Attributes:
        file: the whole of it, all rows open.
        height: pixels.
        edges: the heights at which nothing is cut through, in pixels.
    """

    dashboard: str
    look: Look
    file: Path
    height: int
    edges: tuple[int, ...]
    findings: tuple[Finding, ...]


def browser() -> Path:
    """Returns the Chromium that GEN_CHART_CHROMIUM names, else one on the PATH.

    Raises:
        NoBrowserError: there is none.
    """
    given = os.environ.get("GEN_CHART_CHROMIUM")
    if given and not shutil.which(given):
        raise NoBrowserError(f"GEN_CHART_CHROMIUM names '{given}', which is no program")
    found = given or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not found:
        raise NoBrowserError("no Chromium found; install your system's package, or name one with GEN_CHART_CHROMIUM")
    return Path(found)


def prepare() -> None:
    """Installs what package-lock.json lists, where that has changed, and bundles the page.

    Raises:
        NoBrowserError: there is no Node or npm, or they fail; the text is the end of what they say.
    """
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise NoBrowserError(f"no {program} found; the pictures want Node 20 or newer")
    installed, listed = PAGE / "node_modules" / ".package-lock.json", PAGE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < listed.stat().st_mtime:
        _said("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        installed.touch()
    _said("node", "build.mjs")


def _said(*command: str) -> None:
    done = subprocess.run(command, cwd=PAGE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoBrowserError(f"{' '.join(command)} in tools/pictures: {(done.stderr or done.stdout)[-2000:]}")


def draw(boards: Sequence[Mapping[str, Any]], looks: Sequence[Look], data: Path, out: Path) -> Iterator[Picture]:
    """Draws dashboards and yields each picture when it is there.

    Args:
        boards: what answers.answered gives, one each.
        looks: every combination of their themes and widths is drawn.
        data: an empty folder for what the page reads.
        out: the folder of the pictures.

    Raises:
        NoBrowserError: there is no Chromium.
        RuntimeError: the page cannot draw one; the text is its own.
    """
    for board in boards:
        (data / f"{board['name']}.json").write_text(json.dumps(board), encoding="utf-8")
    command = [
        "node", "draw.mjs", "--chromium", str(browser()), "--data", str(data.resolve()), "--out", str(out.resolve()),
        "--themes", ",".join(dict.fromkeys(look.theme for look in looks)),
        "--widths", ",".join(dict.fromkeys(str(look.width) for look in looks)),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=PAGE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            yield _picture(json.loads(line))
        said = process.stderr.read()
    if process.returncode:
        raise RuntimeError(said[-2000:])


def _picture(data: Mapping[str, Any]) -> Picture:
    look = Look(data["theme"], data["width"])
    name = data["dashboard"]
    thrown = [{"panel": "", "kind": "broken", "found": text, "expected": "no error"} for text in data["errors"]]
    findings = tuple(Finding(name, look=look, **each) for each in (*data["findings"], *thrown))
    return Picture(name, look, Path(data["file"]), data["height"], tuple(data["edges"]), findings)

"""docs/installed.md: what runs of ``make e2e`` have shown.

A run replaces the tables of the tests that passed. Those of others stay as long as the programs have the versions that
they had.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = tuple[str, str, str]
    """Scenario, step and result."""

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "installed.md"
ROWS = "rows.json"

HEAD = """# Installed for real

`make e2e` writes this page. It installs the chart, with its hooks, on a real Kubernetes control plane and looks at what
comes of it. Which programs run, and which pods only have a status, tells [tests/e2e](../tests/e2e/README.md).

"""


def named(versions: Mapping[str, str]) -> str:
    """Returns the line that names programs and their versions."""
    return ", ".join(f"{name} {version}" for name, version in versions.items()) + "."


def parse(text: str) -> list[Row]:
    """Returns the rows of a page."""
    rows = []
    for part in text.split("\n## ")[1:]:
        scenario, _, table = part.partition("\n")
        rows += [(scenario, step, result) for step, result in re.findall(r"^\| (.+?) \| (.+) \|$", table, re.MULTILINE)]
    return [row for row in rows if row[1:] != ("step", "result")]


def render(rows: Sequence[Row], versions: Mapping[str, str], before: str = "") -> str:
    """Returns the page.

    Args:
        rows: what a run has shown.
        versions: program → version.
        before: the page as it was; its scenarios that are not among the rows stay if the versions are the same.
    """
    ran = {scenario for scenario, _, _ in rows}
    old = parse(before) if named(versions) in before else []
    parts = [HEAD, named(versions), "\n"]
    every = sorted([*(row for row in old if row[0] not in ran), *rows], key=lambda row: row[0])
    for scenario, steps in groupby(every, key=lambda row: row[0]):
        parts.append(f"\n## {scenario}\n\n| step | result |\n|---|---|\n")
        parts += [f"| {step} | {result} |\n" for _, step, result in steps]
    return "".join(parts)


def keep(rows: Sequence[Row], folder: Path) -> None:
    """Writes what a run has done, for ``write``."""
    (folder / ROWS).write_text(json.dumps(rows), encoding="utf-8")


def write(folder: Path, versions: Mapping[str, str]) -> None:
    """Writes the page from what a run has kept."""
    rows = [(str(one), str(two), str(three)) for one, two, three in json.loads((folder / ROWS).read_text("utf-8"))]
    before = PAGE.read_text("utf-8") if PAGE.is_file() else ""
    PAGE.write_text(render(rows, versions, before), encoding="utf-8")

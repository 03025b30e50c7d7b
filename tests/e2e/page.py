"""docs/installed.md: what a whole run of ``make e2e`` has shown."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "installed.md"
ROWS = "rows.json"

HEAD = """# Installed for real

`make e2e` writes this page. It installs the chart, with its hooks, on a real Kubernetes control plane and looks at what
comes of it. Which programs run, and which pods only have a status, tells [tests/e2e](../tests/e2e/README.md).

{versions}.
"""


def render(rows: Sequence[tuple[str, str, str]], versions: Mapping[str, str]) -> str:
    """Returns the page.

    Args:
        rows: scenario, step and result.
        versions: program → version.
    """
    parts = [HEAD.format(versions=", ".join(f"{name} {version}" for name, version in versions.items()))]
    for scenario, every in groupby(rows, key=lambda row: row[0]):
        parts.append(f"\n## {scenario[0].upper()}{scenario[1:]}\n\n| step | result |\n|---|---|\n")
        parts += [f"| {step} | {result} |\n" for _, step, result in every]
    return "".join(parts)


def keep(rows: Sequence[tuple[str, str, str]], folder: Path) -> None:
    """Writes what a run has done, for ``write``."""
    (folder / ROWS).write_text(json.dumps(rows), encoding="utf-8")


def write(folder: Path, versions: Mapping[str, str]) -> None:
    """Writes the page from what a run has kept."""
    rows = [(str(one), str(two), str(three)) for one, two, three in json.loads((folder / ROWS).read_text("utf-8"))]
    PAGE.write_text(render(rows, versions), encoding="utf-8")

"""Which targets a real workload has exercised: those that docs/truth.md holds against what was logged beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_CELLS = re.compile(r"(?<!\\)\|")


def live(page: str, targets: Container[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Returns the targets that said a true number, other than 0, while a scenario ran.

    A panel that has only ever been right about nothing was not exercised: halved or doubled it would say the same.

    Args:
        page: docs/truth.md, as tests/truth/report.py writes it.
        targets: all there are, as (dashboard, "TITLE LETTER").

    Raises:
        ValueError: the page names a target that there is not.
    """
    found = set()
    for line in page.splitlines():
        cells = [cell.strip() for cell in _CELLS.split(line)[1:-1]]
        if len(cells) != 7 or cells[0] in ("dashboard", "---"):
            continue
        board, panel, _, said, true, _, verdict = cells
        # The letter of a panel's first target is left out there.
        target = next((one for one in ((board, panel), (board, f"{panel} A")) if one in targets), None)
        if target is None:
            raise ValueError(
                f"docs/truth.md: found the panel '{panel}' of {board}, which has no such target; run make truth"
            )
        if verdict.startswith("yes") and said != "empty" and true not in ("0", "empty"):
            found.add(target)
    return frozenset(found)

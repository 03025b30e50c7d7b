"""Rows as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Row: TypeAlias = "dict[str, str]"
"""Column's name → text."""


def table(rows: Sequence[Row]) -> str:
    """Returns rows as aligned columns under their names, each line with its end; "" for no rows.

    Args:
        rows: with the same columns in the same order.
    """
    if not rows:
        return ""
    names = list(rows[0])
    lines = [[name.upper() for name in names], *([row[name] for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )

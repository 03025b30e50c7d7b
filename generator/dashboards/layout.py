"""Places panels on Grafana's grid: 24 columns wide, rows of 30 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.dashboards.spec import Dashboard, Panel

COLUMNS = 24

_SIZES = {"stat": (4, 4), "gauge": (4, 8), "table": (COLUMNS, 8), "logs": (COLUMNS, 12), "text": (COLUMNS, 3)}
"""Default (width, height) by type; every other type takes half the width and 8 rows."""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle on the grid, in grid units from the top left corner."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class RowLayout:
    """The rectangles of one row's heading and of its panels."""

    heading: Rectangle
    panels: tuple[Rectangle, ...]


def lay_out(dashboard: Dashboard) -> tuple[RowLayout, ...]:
    """Returns the rectangles of each row, in the order of the file.

    Panels go from left to right and wrap where the next does not fit; a line is as high as its highest panel. Below a
    collapsed row the next row follows at once: Grafana moves it down when the row is opened.
    """
    rows = []
    y = 0
    for row in dashboard.rows:
        heading = Rectangle(0, y, COLUMNS, 1)
        panels, end = _flow(row.panels, y + 1)
        rows.append(RowLayout(heading, panels))
        y = y + 1 if row.collapsed else end
    return tuple(rows)


def _flow(panels: tuple[Panel, ...], y: int) -> tuple[tuple[Rectangle, ...], int]:
    """Returns the panels' rectangles and the first y below them."""
    rectangles: list[Rectangle] = []
    x = line_height = 0
    for panel in panels:
        width, height = _size(panel)
        if x + width > COLUMNS:
            x, y, line_height = 0, y + line_height, 0
        rectangles.append(Rectangle(x, y, width, height))
        x += width
        line_height = max(line_height, height)
    return tuple(rectangles), y + line_height


def _size(panel: Panel) -> tuple[int, int]:
    width, height = _SIZES.get(panel.type, (COLUMNS // 2, 8))
    return panel.width or width, panel.height or height

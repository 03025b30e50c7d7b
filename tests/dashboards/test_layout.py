"""Where panels stand."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from generator.dashboards.layout import COLUMNS, Rectangle, lay_out

from .conftest import panel, parse


def rows(*lines: Any, collapsed: bool = False) -> list[dict[str, Any]]:
    titles = iter(range(1000))
    return [
        {
            "title": f"Row {index}",
            "collapsed": collapsed,
            "panels": [panel(title=str(next(titles)), **size) for size in line],
        }
        for index, line in enumerate(lines)
    ]


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.x < other.x + other.w and other.x < one.x + one.w and one.y < other.y + other.h and other.y < one.y + one.h
    )


def test_panels_go_from_left_to_right_and_wrap() -> None:
    (row,) = lay_out(parse(rows=rows([{"width": 8}, {"width": 16}, {"width": 4}])))
    assert row.heading == Rectangle(0, 0, 24, 1)
    assert row.panels == (Rectangle(0, 1, 8, 8), Rectangle(8, 1, 16, 8), Rectangle(0, 9, 4, 8))


def test_a_line_is_as_high_as_its_highest_panel() -> None:
    first, second = lay_out(parse(rows=rows([{"height": 3}, {"height": 9}], [{}])))
    assert first.panels == (Rectangle(0, 1, 12, 3), Rectangle(12, 1, 12, 9))
    assert second.heading == Rectangle(0, 10, 24, 1)


def test_sizes_depend_on_the_type() -> None:
    read = parse(panel(title="a", type="stat"), panel(title="b", type="table"), panel(title="c"))
    (row,) = lay_out(read)
    assert [(rectangle.w, rectangle.h) for rectangle in row.panels] == [(4, 4), (24, 8), (12, 8)]


def test_a_collapsed_row_takes_one_line() -> None:
    first, second = lay_out(parse(rows=rows([{}], [{}], collapsed=True)))
    assert first.panels == (Rectangle(0, 1, 12, 8),)
    assert second.heading == Rectangle(0, 1, 24, 1)


SIZES = st.fixed_dictionaries({"width": st.integers(1, 24), "height": st.integers(1, 40)})


@given(st.lists(st.lists(SIZES, min_size=1, max_size=8), min_size=1, max_size=4))
def test_nothing_overlaps_or_leaves_the_grid(lines: Any) -> None:
    placed = lay_out(parse(rows=rows(*lines)))
    rectangles = [rectangle for row in placed for rectangle in (row.heading, *row.panels)]
    assert all(rectangle.x >= 0 and rectangle.x + rectangle.w <= COLUMNS for rectangle in rectangles)
    assert not any(overlap(one, other) for one, other in combinations(rectangles, 2))

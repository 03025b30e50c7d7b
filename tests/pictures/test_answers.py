"""Names of series as Grafana's data source makes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pictures.answers import legend, panels_of


@pytest.mark.parametrize(
    ("form", "labels", "name"),
    [
        ("{{pod}} read", {"pod": "a"}, "a read"),
        ("{{ pod }}", {"pod": "a"}, "a"),
        ("{{pod}} on {{node}}", {"pod": "a"}, "a on "),
        ("Failed", {"pod": "a"}, "Failed"),
        ("__auto", {}, "sum(up)"),
        ("__auto", {"pod": "a"}, None),
    ],
)
def test_a_legend_is_filled_with_labels_and_left_to_grafana_where_it_is_automatic(
    form: str, labels: dict[str, str], name: str | None
) -> None:
    assert legend(form, labels, "sum(up)") == name


def test_panels_of_shut_rows_stand_where_their_row_stands() -> None:
    shut: dict[str, Any] = {"type": "row", "panels": [{"type": "stat", "title": "inside"}]}
    board = [{"type": "stat", "title": "before"}, shut, {"type": "stat", "title": "after"}]
    assert [panel["title"] for panel in panels_of(board)] == ["before", "inside", "after"]

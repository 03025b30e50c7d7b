"""What Grafana sends for a dashboard: variables filled in, menus filled by their queries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from .grafana import Choice, Menu, Raw, Window, board, choices, entries, filled, step
from .server import Answer

HALF_HOUR = Window(0, 1800)


@dataclass
class FakeApi:
    """Answers label values from a list and remembers what it was asked."""

    values: dict[str, list[str]]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str, **params: Any) -> Any:
        self.asked.append({"path": path, **params})
        return {"data": self.values[path.split("/")[1]]}

    def instant(self, expr: str, at: float) -> Answer:
        self.asked.append({"expr": expr, "time": at})
        return Answer((({"__name__": "up", "job": "ray"}, ((at, "1"),)),))


def menu(name: str = "namespace", query: str = "label_values(up, namespace)", **changes: Any) -> Menu:
    plain = Menu(name=name, query=query, regex="", multi=False, include_all=False, all_value="")
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x{a="$one"}', 'x{a="ray"}'),
        ('x{a=~"${one}-.*"}', 'x{a=~"ray-.*"}'),
        ('x{a=~"[[one]]"}', 'x{a=~"ray"}'),
        ('x{a=~"$many"}', 'x{a=~"(a\\\\.b|c)"}'),
        ('x{a=~"$single"}', 'x{a=~"a\\\\.b"}'),
        ('x{a=~"${many:pipe}"}', 'x{a=~"a.b|c"}'),
        ('x{a=~"$all"}', 'x{a=~".*"}'),
        ('x{a="$quoted"}', 'x{a="say \\"x\\""}'),
        ("rate(x[$__rate_interval])", "rate(x[120s])"),
        ("increase(x[$__range])", "increase(x[1800s])"),
        ("x[$__interval]", "x[30s]"),
        ('label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x, "a", "$1", "b", "(.*)")'),
    ],
)
def test_a_variable_is_filled_in_as_grafana_does(text: str, expected: str) -> None:
    choice: Choice = {"one": "ray", "many": ("a.b", "c"), "single": ("a.b",), "all": Raw(".*"), "quoted": 'say "x"'}
    assert filled(text, choice, HALF_HOUR) == expected


def test_a_variable_that_the_dashboard_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled("$nobody", {}, HALF_HOUR)


def test_a_format_that_is_not_known_is_an_error() -> None:
    with pytest.raises(ValueError, match=":percentencode"):
        filled("${a:percentencode}", {"a": "b"}, HALF_HOUR)


@pytest.mark.parametrize(("hours", "seconds"), [(0.5, 30), (6, 30), (24, 120), (168, 900)])
def test_a_longer_time_range_has_coarser_points(hours: float, seconds: int) -> None:
    assert step(Window(0, hours * 3600)) == seconds


def test_a_panel_may_ask_for_coarser_points_than_its_width_allows_and_not_for_finer_ones() -> None:
    half_an_hour, week = Window(0, 1800), Window(0, 7 * 86400)
    assert (step(half_an_hour, 60), step(week, 60)) == (60, step(week))
    assert filled("$__interval $__rate_interval", {}, half_an_hour, 60) == "60s 120s"


def test_a_menu_asks_for_the_labels_of_its_selector_within_the_time_range() -> None:
    api = FakeApi({"node": ["b", "a"]})
    asked = menu(query='label_values(up{job="$job"}, node)')
    assert entries(asked, api, {"job": "ray"}, HALF_HOUR) == ("a", "b")
    assert api.asked == [{"path": "label/node/values", "start": 0, "end": 1800, "match[]": 'up{job="ray"}'}]


def test_a_menu_without_a_selector_asks_for_the_label_alone() -> None:
    api = FakeApi({"node": ["a"]})
    entries(menu(query="label_values(node)"), api, {}, HALF_HOUR)
    assert "match[]" not in api.asked[0]


def test_a_regular_expression_keeps_its_group_and_leaves_out_what_does_not_match() -> None:
    api = FakeApi({"cluster": ["train-x7b2k", "train-b4c6d", "other"]})
    asked = menu(query="label_values(up, cluster)", regex="/^(.+)-[a-z0-9]{5}$/")
    assert entries(asked, api, {}, HALF_HOUR) == ("train",)


def test_a_query_result_is_shown_as_grafana_writes_a_series() -> None:
    found = entries(menu(query="query_result(up)"), FakeApi({}), {}, HALF_HOUR)
    assert found == ('up{job="ray"} 1 1800000',)


def test_another_kind_of_query_is_an_error() -> None:
    with pytest.raises(ValueError, match="label_names"):
        entries(menu(query="label_names()"), FakeApi({}), {}, HALF_HOUR)


def panel(**changes: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": "up", "datasource": {"type": "prometheus", "uid": "${datasource}"}}
    return {"title": "Up", "targets": [target | changes]}


def dashboard(*panels: dict[str, Any], variables: tuple[dict[str, Any], ...] = ()) -> str:
    source = {"name": "datasource", "type": "datasource", "query": "prometheus"}
    return json.dumps(
        {
            "title": "Test",
            "time": {"from": "now-30m", "to": "now"},
            "templating": {"list": [source, *variables]},
            "panels": list(panels),
        }
    )


def test_panels_in_a_closed_row_are_found_and_equal_titles_are_told_apart() -> None:
    text = dashboard(panel(), {"title": "Row", "panels": [panel()]})
    assert [target.panel for target in board("test", text).targets] == ["Up", "Up (2)"]


def test_a_query_for_another_data_source_is_counted_but_not_run() -> None:
    found = board("test", dashboard(panel(datasource={"type": "opensearch", "uid": "logs"})))
    assert (found.targets, found.elsewhere) == ((), 1)


def test_what_grafana_shows_at_the_start_comes_first() -> None:
    def variable(name: str, **more: Any) -> dict[str, Any]:
        source = {"type": "prometheus", "uid": "${datasource}"}
        return {"name": name, "type": "query", "query": f"label_values(up, {name})", "datasource": source, **more}

    text = dashboard(panel(), variables=(variable("namespace"), variable("node", multi=True, includeAll=True)))
    api = FakeApi({"namespace": ["a", "b"], "node": ["x", "y"]})
    tried = [choice for choice, _ in choices(board("test", text), api, HALF_HOUR)]
    assert tried[0] == {"namespace": "a", "node": ("x", "y")}
    assert {"namespace": "b", "node": ("x",)} in tried

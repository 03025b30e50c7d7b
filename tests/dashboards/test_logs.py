"""Panels over logs: the JSON for Grafana's OpenSearch data source, what is refused, and a dashboard without them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.logs import asks_logs, without_logs
from generator.errors import InputError

from .conftest import SHIPPED, panel, parse

SOURCE = {"type": "grafana-opensearch-datasource", "uid": "${logs}"}
SEARCH = {"name": "search", "description": "Words.", "search": True}
NAMESPACE = {"name": "ns", "description": "N.", "field": "kubernetes.namespace_name", "multi": True, "includeAll": True}


def logs_panel(**changes: Any) -> dict[str, Any]:
    return panel(**{"type": "logs", "unit": None, "targets": [{"logs": "level:error"}], **changes})


def counting(kind: str = "timeseries", **target: Any) -> dict[str, Any]:
    unit = "percentunit" if "share" in target else "cpm" if kind == "timeseries" else "short"
    columns = {"columns": {name: name for name in target["count"]["by"]}} if kind == "table" else {}
    return panel(type=kind, unit=unit, targets=[{"logs": "app:x", **target}], **columns)


def compiled(*panels: Any, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(compile_dashboard("test", parse(*panels, **changes)))
    return found


def only(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compiled(item)["panels"][1]
    return found


def complaint(*panels: Any, **changes: Any) -> str:
    with pytest.raises(InputError) as raised:
        parse(*panels, **changes)
    return str(raised.value)


def test_a_logs_panel_shows_lines_newest_first_wrapped_with_time_and_details() -> None:
    found = only(logs_panel(maxLines=50, fields=["kubernetes.pod_name"], noValue="None"))
    assert found["type"] == "logs"
    assert found["datasource"] == SOURCE
    assert found["fieldConfig"]["defaults"]["noValue"] == "None"
    options = found["options"]
    assert [options[key] for key in ("showTime", "wrapLogMessage")] == [True, True]
    # Newest first, every line, with details: what Grafana does where nothing is said.
    assert not {"sortOrder", "dedupStrategy", "enableLogDetails"} & options.keys()
    assert options["displayedFields"] == ["kubernetes.pod_name", "___LOG_LINE_BODY___"]
    assert found["targets"] == [
        {
            "refId": "A",
            "datasource": SOURCE,
            "queryType": "lucene",
            "luceneQueryType": "Logs",
            "query": "level:error",
            "timeField": "@timestamp",
            "metrics": [{"id": "1", "type": "logs", "settings": {"size": "50"}}],
            "bucketAggs": [],
        }
    ]


def test_a_logs_panel_that_does_not_say_how_many_lines_shows_500() -> None:
    assert only(logs_panel())["targets"][0]["metrics"][0]["settings"]["size"] == "500"


def test_a_count_over_time_is_bars_in_lines_per_minute_whatever_their_width() -> None:
    found = only(counting(count={"by": ["level"], "missing": "no level", "top": 5}, legend="{{level}}"))
    (target,) = found["targets"]
    terms, over_time = target["bucketAggs"]
    assert terms["field"] == "level"
    assert terms["settings"] == {
        "size": "5",
        "min_doc_count": "1",
        "order": "desc",
        "orderBy": "_count",
        "missing": "no level",
    }
    assert (over_time["type"], over_time["settings"]["interval"]) == ("date_histogram", "$__interval")
    count, per_minute = target["metrics"]
    assert count == {"id": "1", "type": "count", "hide": True}
    assert per_minute["settings"]["script"] == "params.lines * 60000.0 / $__interval_ms"
    assert per_minute["pipelineVariables"] == [{"name": "lines", "pipelineAgg": "1"}]
    assert target["alias"] == "{{level}}"
    assert found["fieldConfig"]["defaults"]["custom"]["drawStyle"] == "bars"
    assert found["maxDataPoints"] == 120
    colors = {
        override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
        for override in found["fieldConfig"]["overrides"]
    }
    assert (colors["error"], colors["info"]) == ("red", "green")


def test_series_without_a_legend_are_named_by_what_tells_them_apart() -> None:
    assert only(counting(count={"by": ["app", "level"]}))["targets"][0]["alias"] == "{{app}} {{level}}"
    assert only(counting(count={}))["targets"][0]["alias"] == "Lines"


def test_a_stat_adds_up_the_lines_of_the_time_shown() -> None:
    found = only(counting("stat", count={}))
    assert found["options"]["reduceOptions"]["calcs"] == ["sum"]
    (target,) = found["targets"]
    assert [metric["type"] for metric in target["metrics"]] == ["count"]
    assert [agg["type"] for agg in target["bucketAggs"]] == ["date_histogram"]


def test_a_table_has_a_row_for_each_combination_and_the_count_last() -> None:
    found = only(counting("table", count={"by": ["node", "xid"]}, legend="Reports"))
    assert [agg["field"] for agg in found["targets"][0]["bucketAggs"]] == ["node", "xid"]
    (organize,) = found["transformations"]
    assert organize["options"]["renameByName"] == {"node": "node", "xid": "xid", "Count": "Reports"}
    assert organize["options"]["indexByName"] == {"node": 0, "xid": 1, "Count": 2}


@pytest.mark.parametrize("kind", ["timeseries", "stat"])
def test_a_share_is_computed_by_grafana_from_two_hidden_counts_and_is_0_without_lines(kind: str) -> None:
    found = only(counting(kind, share="level:error OR level:critical", legend="Errors"))
    part, whole, *steps, fraction = found["targets"]
    assert part["query"] == "(app:x) AND (level:error OR level:critical)"
    assert whole["query"] == "app:x"
    assert all(target["hide"] for target in (part, whole, *steps))
    names = [step["refId"] for step in steps] or ["A", "B"]
    assert fraction["expression"] == f"${names[0]} / (${names[1]} + (${names[1]} == 0))"
    assert [(step["type"], step["reducer"]) for step in steps] == (
        [] if kind == "timeseries" else [("reduce", "sum")] * 2
    )
    assert {"id": "displayName", "value": "Errors"} in found["fieldConfig"]["overrides"][0]["properties"]


def test_the_menu_for_logs_is_there_only_where_something_asks_for_logs() -> None:
    def sources(*panels: Any) -> list[tuple[str, str]]:
        menus = compiled(*panels)["templating"]["list"]
        return [(item["name"], item["query"]) for item in menus if item["type"] == "datasource"]

    prometheus, logs = ("datasource", "prometheus"), ("logs", "grafana-opensearch-datasource")
    assert sources(panel()) == [prometheus]
    assert sources(logs_panel()) == [logs]
    assert sources(panel(), logs_panel(title="Lines")) == [prometheus, logs]


def test_a_menu_of_a_field_asks_opensearch_and_a_box_is_a_text_box() -> None:
    pods = {"name": "pod", "description": "P.", "field": "kubernetes.pod_name", "logs": "@in"}
    found = compiled(
        logs_panel(targets=[{"logs": "@in AND kubernetes.pod_name:$pod AND log:$search"}]),
        variables=[NAMESPACE, pods, SEARCH],
        logFilters={"in": "kubernetes.namespace_name:$ns"},
    )
    _, namespace, pod, search = found["templating"]["list"]
    assert namespace["datasource"] == SOURCE
    assert namespace["allValue"] == ".*"
    assert json.loads(namespace["query"]) == {
        "find": "terms",
        "field": "kubernetes.namespace_name",
        "query": "*:*",
        "size": 500,
    }
    assert json.loads(pod["query"])["query"].startswith("((kubernetes.namespace_name:/${ns:regex}/ OR ")
    assert (search["type"], search["query"]) == ("textbox", "")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (panel(targets=[{"expr": "up"}, {"logs": "a:b", "count": {}}]), "found queries for Prometheus and for logs"),
        (logs_panel(targets=[{"expr": "up"}]), "found no 'logs', which a logs panel shows"),
        (logs_panel(targets=[{"logs": "a:b"}, {"logs": "c:d"}]), "found 2 log queries, expected one"),
        (logs_panel(targets=[{"logs": "a:b", "count": {}}]), "found 'count', which a logs panel does not use"),
        (logs_panel(targets=[{"logs": "a:b", "legend": "L"}]), "found 'legend', which a logs panel does not use"),
        (panel(type="gauge", targets=[{"logs": "a:b", "count": {}}]), "found 'gauge', expected a type that logs have"),
        (counting(), "found none of count, share, expected exactly one"),
        (counting(count={}, share="a:b"), "found 'count' and 'share' of count, share, expected exactly one"),
        ({**counting(count={}), "unit": "short"}, "found the unit 'short', expected cpm"),
        (
            {**counting("stat", share="a:b"), "decimals": 1},
            "found 'decimals' for a share, of which 0.04 % would read 0 %",
        ),
        ({**counting(share="a:b"), "unit": "percent"}, "found the unit 'percent', expected percentunit"),
        (counting("stat", count={"by": ["app"]}), "found 'count.by', which a stat does not use"),
        ({**counting("table", count={"by": ["app"]}), "columns": {"pod": "P"}}, "found columns pod, expected those of"),
        (panel(type="table", unit="short", targets=[{"logs": "a:b", "count": {}}]), "found no 'count.by'"),
        (counting(count={"by": ["app"]}, legend="{{level}}"), "found '{{level}}', expected a field of count.by (app)"),
        (panel(maxLines=5), "found 'maxLines', which only a logs panel uses"),
        (panel(fields=["app"]), "found 'fields', which only a logs panel uses"),
        (logs_panel(targets=[{"logs": "a:b AND c:$nobody"}]), "unknown variable '$nobody'"),
        (logs_panel(targets=[{"logs": "@nothing"}]), "unknown filter '@nothing'"),
        (logs_panel(title="${datasource}"), "unknown variable '$datasource'"),
    ],
)
def test_a_panel_that_is_wrong_is_refused(item: dict[str, Any], expected: str) -> None:
    assert expected in complaint(item)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"logFilters": {"a": "b:c"}}, "logFilters.a: 'a' is not used (write @a or remove it)"),
        ({"variables": [SEARCH]}, "the variable 'search' is not used"),
        ({"variables": [{**SEARCH, "multi": True}]}, "found 'multi', which a box for words does not use"),
        ({"variables": [{**SEARCH, "query": "x"}]}, "variables[0]: found 'query' and 'search' of query, field, search"),
        ({"variables": [{"name": "a", "description": "A."}]}, "variables[0]: found none of query, field, search"),
        (
            {"variables": [{**NAMESPACE, "name": "logs"}]},
            "found the variable 'logs' twice (the compiler adds this one)",
        ),
        (
            {"variables": [{"name": "a", "description": "A.", "query": "q", "logs": "b:c"}]},
            "found 'logs', which only a menu",
        ),
    ],
)
def test_a_dashboard_that_is_wrong_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert expected in complaint(**changes)


def test_without_logs_only_what_asks_prometheus_is_left() -> None:
    job = {"name": "job", "description": "J.", "query": "label_values(up, job)"}
    rows = [
        {"title": "Both", "panels": [panel(targets=[{"expr": 'up{a="$job"}'}]), logs_panel(title="L")]},
        {"title": "Logs", "panels": [logs_panel(title="M", targets=[{"logs": "@in AND app:$ns AND log:$search"}])]},
        {"title": "Words", "panels": [panel(title="T", type="text", unit=None, targets=None, content="Hi")]},
    ]
    spec = parse(rows=rows, variables=[job, NAMESPACE, SEARCH], logFilters={"in": "level:error"})
    left = without_logs(spec)
    assert left is not None
    assert not asks_logs(left)
    assert [(row.title, [item.title for item in row.panels]) for row in left.rows] == [
        ("Both", ["Up"]),
        ("Words", ["T"]),
    ]
    assert [variable.name for variable in left.variables] == ["job"]
    assert left.shared.filters == {}


def test_a_dashboard_of_logs_alone_is_nothing_without_them() -> None:
    assert without_logs(parse(logs_panel())) is None


def test_a_dashboard_that_asks_for_no_logs_stays_as_it_is() -> None:
    spec = parse(panel())
    assert without_logs(spec) is spec


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_dashboard_that_is_left_without_logs_compiles_and_asks_for_none(name: str) -> None:
    left = without_logs(SHIPPED[name])
    if left is None:
        assert name == "logs-explorer"
        return
    assert "grafana-opensearch-datasource" not in compile_dashboard(name, left)


@pytest.mark.parametrize("name", ["gpu-training", "inference"])
def test_the_documented_dashboards_have_volume_and_errors_above_the_lines(name: str) -> None:
    (row,) = [row for row in SHIPPED[name].rows if row.title == "Logs"]
    kinds = [item.type for item in row.panels]
    assert kinds.index("logs") > max(kinds.index("timeseries"), kinds.index("stat"))
    assert {"Lines by level", "Share of errors", "Lines"} <= {item.title for item in row.panels}
    text = compile_dashboard(name, SHIPPED[name])
    for variable in SHIPPED[name].variables:
        assert any(f"${{{variable.name}:{form}}}" in text for form in ("lucene", "regex")), variable.name

"""The JSON that Grafana gets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.panels import ref_id

from .conftest import ROOT, panel, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def compiled(*panels: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return dict(json.loads(compile_dashboard("test", parse(*panels, **changes))))


def only_panel(**changes: Any) -> dict[str, Any]:
    return dict(compiled(panel(**changes))["panels"][1])


def test_it_is_one_line_with_sorted_keys_and_plain_letters() -> None:
    text = compile_dashboard("test", parse(description="Wärme in °C."))
    assert text.count("\n") == 1
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def test_it_carries_what_the_dashboard_says() -> None:
    found = compiled(
        tags=["a"],
        time={"from": "now-5m", "to": "now-1m"},
        refresh="",
        links=[{"title": "All", "tag": "a", "tooltip": "Others"}, {"title": "One", "url": "/d/x"}],
    )
    assert {key: found[key] for key in ("title", "uid", "description", "tags", "refresh", "editable")} == {
        "title": "Test",
        "uid": "test",
        "description": "For tests.",
        "tags": ["a"],
        "refresh": "",
        "editable": True,
    }
    assert found["time"] == {"from": "now-5m", "to": "now-1m"}
    assert [(link["type"], link["keepTime"], link["includeVars"]) for link in found["links"]] == [
        ("dashboards", True, True),
        ("link", True, True),
    ]
    assert found["links"][0]["tags"] == ["a"]
    assert found["links"][1]["url"] == "/d/x"


def test_the_name_must_be_the_dashboards_own() -> None:
    with pytest.raises(ValueError, match="'other' names the dashboard 'test'"):
        compile_dashboard("other", parse())


def test_a_variable_asks_the_chosen_data_source_and_follows_the_time_range() -> None:
    variables = [
        {"name": "a", "description": "A.", "query": "label_values($vllm:x, a)"},
        {
            "name": "b",
            "label": "B",
            "description": "B.",
            "query": 'label_values(up{a="$a"}, b)',
            "regex": "/x/",
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
        },
    ]
    source, first, second = compiled(panel(targets=[{"expr": 'up{b=~"$b"}'}]), variables=variables)["templating"][
        "list"
    ]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert first["datasource"] == second["datasource"] == SOURCE
    assert first["query"] == 'label_values({__name__=~"vllm:x|ray_vllm:x|ray_vllm_x"}, a)'
    assert "current" not in first
    assert (second["label"], second["regex"], second["multi"], second["allValue"]) == ("B", "/x/", True, ".*")
    assert second["current"] == {"selected": True, "text": ["All"], "value": ["$__all"]}
    assert second["refresh"] == 2


def test_a_target_asks_its_panels_data_source_which_is_the_chosen_one() -> None:
    found = only_panel(targets=[{"expr": "up", "legend": "{{job}}"}, {"expr": "down", "unit": "s"}])
    first, second = found["targets"]
    assert found["datasource"] == SOURCE
    assert "datasource" not in first | second
    assert (first["refId"], first["expr"], first["legendFormat"]) == ("A", "up", "{{job}}")
    assert "instant" not in first
    assert (second["refId"], second["legendFormat"]) == ("B", "__auto")
    (override,) = found["fieldConfig"]["overrides"]
    assert override == {
        "matcher": {"id": "byFrameRefID", "options": "B"},
        "properties": [{"id": "unit", "value": "s"}],
    }


def test_percentiles_are_one_query_each() -> None:
    asked = {"histogram": "h", "quantiles": [0.5, 0.9], "by": ["pod"], "mean": True}
    found = only_panel(targets=[{"percentiles": asked}, {"percentiles": asked, "legend": "TTFT"}])
    assert [target["legendFormat"] for target in found["targets"]] == [
        "{{pod}} p50",
        "{{pod}} p90",
        "{{pod}} mean",
        "TTFT p50",
        "TTFT p90",
        "TTFT mean",
    ]
    assert [target["refId"] for target in found["targets"]] == list("ABCDEF")


def test_queries_are_named_from_a_to_z_and_on() -> None:
    assert [ref_id(number) for number in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]


@pytest.mark.parametrize("kind", ["stat", "gauge", "bargauge"])
def test_a_panel_that_shows_the_present_asks_for_one_value(kind: str) -> None:
    found = only_panel(type=kind)
    assert found["type"] == kind
    assert found["targets"][0]["instant"] is True
    assert found["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]


def test_a_chart_may_have_fewer_points_than_there_are_scrapes() -> None:
    assert only_panel(type="timeseries", every="1m")["interval"] == "1m"
    assert "interval" not in only_panel(type="timeseries")


def test_a_sparkline_needs_the_past() -> None:
    found = only_panel(type="stat", sparkline=True)
    assert "instant" not in found["targets"][0]
    assert found["options"]["graphMode"] == "area"


def test_a_stat_with_a_sparkline_shows_the_end_of_its_series_and_not_the_last_number_before() -> None:
    found = only_panel(type="stat", sparkline=True, noValue="No traffic", targets=[{"expr": "sum(up)", "legend": "Up"}])
    assert found["targets"][0]["expr"] == "(sum(up)\n) or on () vector(NaN)"
    assert found["options"]["reduceOptions"]["calcs"] == ["last"]
    (mapping,) = found["fieldConfig"]["defaults"]["mappings"]
    assert mapping == {
        "type": "special",
        "options": {"match": "nan", "result": {"text": "No traffic", "color": "text", "index": 0}},
    }


def test_the_words_of_thresholds_come_before_those_of_a_sparkline_that_ended() -> None:
    steps = [{"color": "red", "text": "No"}, {"from": 1, "color": "green", "text": "Yes"}]
    found = only_panel(type="stat", sparkline=True, noValue="Gone", thresholds=steps)
    mappings = found["fieldConfig"]["defaults"]["mappings"]
    results = [mapping["options"]["result"] for mapping in mappings]
    assert [(result["index"], result["text"]) for result in results] == [(0, "Yes"), (1, "No"), (2, "Gone")]


def test_the_words_of_a_threshold_hold_from_its_value_up_to_the_next() -> None:
    steps = [
        {"color": "red", "text": "No"},
        {"from": 0.4, "color": "yellow"},
        {"from": 0.75, "color": "green", "text": "Yes", "meaning": "all is well"},
    ]
    found = only_panel(type="stat", unit="percentunit", thresholds=steps)
    defaults = found["fieldConfig"]["defaults"]
    assert defaults["thresholds"] == {
        "mode": "absolute",
        "steps": [
            {"color": "red", "value": None},
            {"color": "yellow", "value": 0.4},
            {"color": "green", "value": 0.75},
        ],
    }
    ranges = [
        (item["options"]["from"], item["options"]["to"], item["options"]["result"]["text"])
        for item in defaults["mappings"]
    ]
    assert ranges == [(0.75, None, "Yes"), (None, 0.4, "No")]
    assert found["description"].endswith("\n\n- **Yes, 75 % and more**: all is well")
    assert found["options"]["colorMode"] == "background"


def test_meanings_of_thresholds_are_added_to_the_description() -> None:
    steps = [
        {"color": "green", "meaning": "fine"},
        {"from": 1, "color": "yellow", "meaning": "slow"},
        {"from": 5, "color": "red", "meaning": "too slow"},
    ]
    found = only_panel(unit="s", thresholds=steps)
    assert found["description"].splitlines()[2:] == [
        "- **below 1 s**: fine",
        "- **1 s to 5 s**: slow",
        "- **5 s and more**: too slow",
    ]
    assert found["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_limits_and_words_for_nothing_are_kept() -> None:
    defaults = only_panel(min=0, max=1, decimals=2, noValue="No traffic")["fieldConfig"]["defaults"]
    assert (defaults["min"], defaults["max"], defaults["decimals"], defaults["noValue"]) == (0, 1, 2, "No traffic")


def test_series_are_piled_up_on_request() -> None:
    assert only_panel(stack=True)["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"


def test_a_legend_beside_the_lines_takes_a_quarter_of_a_panel_of_half_the_window() -> None:
    legend = only_panel(legend="beside")["options"]["legend"]
    assert legend == {"displayMode": "table", "placement": "right", "width": 190}
    assert "legend" not in only_panel()["options"]


def test_lines_have_the_colours_that_a_file_names_by_name_or_by_expression() -> None:
    overrides = only_panel(colors={"Failed": "red", "/^2/": "green"})["fieldConfig"]["overrides"]
    assert overrides == [
        {
            "matcher": {"id": matcher, "options": name},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        }
        for matcher, name, color in (("byName", "Failed", "red"), ("byRegexp", "/^2/", "green"))
    ]


def test_a_number_without_thresholds_is_not_red_from_80_as_grafana_would_have_it() -> None:
    plain = {"mode": "fixed", "fixedColor": "text"}
    assert only_panel(type="stat")["fieldConfig"]["defaults"]["color"] == plain
    steps = [{"color": "green", "meaning": "fine"}, {"from": 1, "color": "red", "meaning": "bad"}]
    assert "color" not in only_panel(type="stat", thresholds=steps)["fieldConfig"]["defaults"]


def test_a_table_joins_its_queries_on_the_columns() -> None:
    found = only_panel(
        type="table",
        columns={"pod": "Pod"},
        targets=[{"expr": "a", "legend": "Alpha", "unit": "bytes"}, {"expr": "b", "legend": "Beta"}],
    )
    assert [target["format"] for target in found["targets"]] == ["table", "table"]
    merge, keep, organize = found["transformations"]
    assert merge["id"] == "merge"
    assert keep["options"]["include"] == {"pattern": "/^(pod|Value.*)$/"}
    assert organize["options"]["renameByName"] == {"pod": "Pod", "Value #A": "Alpha", "Value #B": "Beta"}
    assert organize["options"]["indexByName"] == {"pod": 0, "Value #A": 1, "Value #B": 2}
    assert found["fieldConfig"]["overrides"][0]["matcher"] == {"id": "byName", "options": "Alpha"}


def test_a_table_with_one_query_calls_its_value_by_the_legend() -> None:
    found = only_panel(type="table", columns={"pod": "Pod"}, targets=[{"expr": "a", "legend": "Alpha"}])
    assert found["transformations"][2]["options"]["renameByName"] == {"pod": "Pod", "Value": "Alpha"}


def test_a_heatmap_reads_buckets_as_they_are() -> None:
    found = only_panel(type="heatmap")
    assert found["targets"][0]["format"] == "heatmap"
    assert found["options"]["calculate"] is False


def test_a_text_panel_shows_its_markdown() -> None:
    found = only_panel(type="text", unit=None, targets=None, content="**Hi**")
    assert (found["options"]["mode"], found["options"]["content"]) == ("markdown", "**Hi**")
    assert "datasource" not in found


def test_a_collapsed_row_holds_its_panels() -> None:
    rows = [{"title": "Shut", "collapsed": True, "panels": [panel()]}, {"title": "Open", "panels": [panel(title="B")]}]
    found = compiled(rows=rows)["panels"]
    assert [item["type"] for item in found] == ["row", "row", "timeseries"]
    assert found[0]["collapsed"] is True
    assert len(found[0]["panels"]) == 1


def test_panels_are_left_to_grafana_to_be_numbered() -> None:
    (row, item) = compiled(rows=[{"title": "Open", "panels": [panel()]}])["panels"]
    assert "id" not in row | item


@pytest.mark.sample(2)
@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_bytes_do_not_depend_on_the_order_of_hashing(seed: str) -> None:
    program = (
        "from generator.dashboards.compiler import compile_dashboard; from tests.dashboards.conftest import SHIPPED\n"
        "import hashlib\n"
        "text = ''.join(compile_dashboard(name, spec) for name, spec in SHIPPED.items())\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    here = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == here.stdout


def test_reading_a_dashboard_imports_no_builder_of_grafana() -> None:
    program = "import sys, generator.dashboards.reader; print([m for m in sys.modules if m.startswith('grafana_')])"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

"""What a person is told about a dashboard that is wrong, and what becomes of one that is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.reader import parse_dashboard, read_dashboards
from generator.errors import InputError
from generator.files import yamlfile

from .conftest import SCHEMA, dashboard, panel, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "dashboards/test.yaml"


def complaints(*panels: Mapping[str, Any], name: str = "test", **changes: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_dashboard(name, dashboard(*panels, **changes), SCHEMA, file=FILE)
    return [str(problem) for problem in caught.value.problems]


def variable(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "description": "A value.", "query": "label_values(up, job)", **changes}


def test_a_dashboard_has_defaults_for_what_it_leaves_out() -> None:
    read = parse()
    assert (read.time_from, read.time_to, read.refresh, read.tags, read.links) == ("now-30m", "now", "30s", (), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unit": None}, "rows[0].panels[0]: panel 'Up': the key 'unit' is missing"),
        ({"targets": None}, "rows[0].panels[0]: panel 'Up': the key 'targets' is missing"),
        ({"description": None}, "rows[0].panels[0]: panel 'Up': the key 'description' is missing"),
        (
            {"type": "graph"},
            "rows[0].panels[0].type: panel 'Up': found 'graph', expected one of stat, timeseries, gauge, bargauge, "
            "table, heatmap, logs, text",
        ),
        (
            {"unti": "s"},
            "rows[0].panels[0].unti: panel 'Up': unknown key 'unti' (did you mean 'unit'?)",
        ),
        (
            {"width": 25},
            "rows[0].panels[0].width: panel 'Up': found '25', expected at most 24",
        ),
        (
            {"targets": [{"expr": "up"}, {"legend": "x"}]},
            "rows[0].panels[0].targets[1]: panel 'Up': found none "
            "of expr, percentiles, ratio, logs, expected exactly one",
        ),
        (
            {"targets": [{"expr": "up", "ratio": {"part": "a", "whole": "b"}}]},
            "rows[0].panels[0].targets[0]: panel 'Up': found 'expr' and 'ratio' "
            "of expr, percentiles, ratio, logs, expected "
            "exactly one",
        ),
        (
            {"targets": [{"percentiles": {"histogram": "h", "quantiles": [95]}}]},
            "rows[0].panels[0].targets[0].percentiles.quantiles[0]: panel 'Up': ",
        ),
        (
            {"targets": [{"expr": "up"}, {"expr": "up{@jobs}"}]},
            "rows[0].panels[0].targets[1]: panel 'Up': unknown matcher '@jobs' (see 'matchers')",
        ),
        (
            {"targets": [{"expr": 'up{job="$jub"}'}]},
            "rows[0].panels[0].targets[0]: panel 'Up': unknown variable '$jub' (valid: datasource)",
        ),
        (
            {"targets": [{"expr": "up", "legend": "${jub:text}"}]},
            "rows[0].panels[0].targets[0]: panel 'Up': unknown variable '$jub'",
        ),
        ({"title": "Up $x"}, "rows[0].panels[0].title: panel 'Up $x': unknown variable '$x'"),
        (
            {"stack": True, "type": "stat"},
            "rows[0].panels[0].stack: panel 'Up': found 'stack', which only a timeseries",
        ),
        (
            {"legend": "beside", "type": "stat"},
            "rows[0].panels[0].legend: panel 'Up': found 'legend', which only a timeseries panel uses",
        ),
        (
            {"every": "1m", "type": "stat"},
            "rows[0].panels[0].every: panel 'Up': found 'every', which only a timeseries panel uses",
        ),
        (
            {"type": "timeseries", "colors": {"Faild": "red"}, "targets": [{"expr": "up", "legend": "Failed"}]},
            "rows[0].panels[0].colors: panel 'Up': found 'Faild', which no legend says",
        ),
        (
            {"type": "timeseries", "colors": {"/5(/": "red"}},
            "rows[0].panels[0].colors: panel 'Up': found '/5(/', which is no regular expression",
        ),
        (
            {"type": "timeseries", "colors": {"/5": "red"}},
            "rows[0].panels[0].colors: panel 'Up': found '/5', expected a regular expression between slashes",
        ),
        (
            {"sparkline": True},
            "rows[0].panels[0].sparkline: panel 'Up': found 'sparkline', which only a stat panel uses",
        ),
        (
            {"sparkline": True, "type": "stat", "targets": [{"expr": "up"}, {"expr": "down"}]},
            "rows[0].panels[0].sparkline: panel 'Up': found 'sparkline' in a stat of several numbers",
        ),
        (
            {"sparkline": True, "type": "stat", "targets": [{"expr": "up", "legend": "{{job}}"}]},
            "rows[0].panels[0].sparkline: panel 'Up': found 'sparkline' in a stat of several numbers",
        ),
        ({"columns": {"a": "A"}}, "rows[0].panels[0].columns: panel 'Up': found 'columns', which only a table panel"),
        ({"content": "Hi"}, "rows[0].panels[0].content: panel 'Up': found 'content', which only a text panel uses"),
        (
            {"type": "text", "unit": None, "targets": None},
            "rows[0].panels[0]: panel 'Up': the key 'content' is missing",
        ),
        (
            {"type": "text", "content": "Hi"},
            "rows[0].panels[0].targets: panel 'Up': found 'targets', which a text panel",
        ),
        ({"min": 2, "max": 1}, "rows[0].panels[0].min: panel 'Up': found min 2, expected less than max 1"),
        (
            {"thresholds": [{"from": 1, "color": "red"}]},
            "rows[0].panels[0].thresholds[0].from: panel 'Up': found 1, expected none in the first step",
        ),
        (
            {"thresholds": [{"color": "red"}, {"color": "green"}]},
            "rows[0].panels[0].thresholds[1].from: panel 'Up': the key 'from' is missing",
        ),
        (
            {"thresholds": [{"color": "red"}, {"from": 2, "color": "green"}, {"from": 2, "color": "red"}]},
            "rows[0].panels[0].thresholds[2].from: panel 'Up': found 2, expected more than 2",
        ),
    ],
)
def test_a_panel_that_is_wrong_is_named_with_its_place_and_what_was_expected(
    changes: dict[str, Any], expected: str
) -> None:
    found = complaints(panel(**changes))
    assert len(found) == 1
    assert found[0].startswith(f"{FILE}: {expected}")


def test_a_title_may_stand_once() -> None:
    found = complaints(panel(), panel())
    assert found == [
        f"{FILE}: rows[0].panels[{index}].title: panel 'Up': found this title twice, expected each once"
        for index in (0, 1)
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"uid": "a" * 41}, "uid: found"),
        ({"uid": "a b"}, "uid: found 'a b', expected 1 to 40 letters, digits, '-' or '_'"),
        ({"rows": []}, "rows: found an empty list, expected at least 1 item(s)"),
        ({"refresh": "fast"}, "refresh: found 'fast', expected a duration such as 30s, or \"\""),
        ({"links": [{"title": "L"}]}, "links[0]: found none of tag, url, expected exactly one"),
        ({"variables": [variable("job")]}, "variables[0]: the variable 'job' is not used (use it or remove it)"),
        ({"variables": [variable("9")]}, "variables[0].name: found '9', expected letters, digits"),
        ({"matchers": {"job": 'a="b"'}}, "matchers.job: 'job' is not used (write @job or remove it)"),
        ({"parts": {"one": "1"}}, "parts.one: 'one' is not used (write $part:one or remove it)"),
        (
            {"variables": [variable("datasource")]},
            "variables[0].name: found the variable 'datasource' twice (the compiler adds this one)",
        ),
        (
            {"variables": [variable("a", query="label_values(up{@job}, x)")]},
            "variables[0].query: unknown matcher '@job'",
        ),
        (
            {"variables": [variable("a", query='label_values(up{x="$b"}, x)')]},
            "variables[0].query: unknown variable '$b'",
        ),
    ],
)
def test_a_dashboard_that_is_wrong_is_named_with_its_place_and_what_was_expected(
    changes: dict[str, Any], expected: str
) -> None:
    assert complaints(**changes)[0].startswith(f"{FILE}: {expected}")


def test_a_variable_may_stand_once() -> None:
    found = complaints(variables=[variable("job"), variable("job")])
    assert [text.split(": ")[1] for text in found] == ["variables[0].name", "variables[1].name"]


def test_every_mistake_is_reported_at_once() -> None:
    found = complaints(panel(unit=None), panel(title="Down", type="pie"), uid="")
    assert len(found) == 3


def test_the_data_source_may_be_used_without_being_defined() -> None:
    parse(panel(title="Up in ${datasource}"))


@pytest.mark.parametrize("name", ["enabled", "labels", "extra"])
def test_a_file_may_not_be_called_like_a_key_of_the_values(name: str) -> None:
    assert "is a key of 'dashboards' in the chart's values" in complaints(name=name)[0]


@pytest.mark.parametrize("name", ["GPU", "a_b", "-a", "a" * 31, ""])
def test_a_file_name_must_do_as_a_key_and_as_an_objects_name(name: str) -> None:
    assert complaints(name=name)[0] == (f"{FILE}: found the file name '{name}', expected 1 to 30 of a-z, 0-9 and '-'")


def test_a_folder_is_read_in_the_order_of_names_and_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / f"{name}.yaml").write_text(yamlfile.dump(dashboard(title=name, uid=name)))
    (folder / "README.md").write_text("Dashboards.")
    assert list(read_dashboards(folder, SCHEMA)) == ["a", "b"]


def test_mistakes_of_all_files_are_reported_at_once_by_folder_and_name(tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    (folder / "a.yaml").write_text("title: [")
    (folder / "b.yaml").write_text("- x")
    (folder / "c.yaml").write_text(yamlfile.dump(dashboard(uid="")))
    with pytest.raises(InputError) as caught:
        read_dashboards(folder, SCHEMA)
    assert [problem.file for problem in caught.value.problems] == [f"dashboards/{name}.yaml" for name in "abc"]


def test_two_dashboards_share_neither_uid_nor_title(tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(yamlfile.dump(dashboard()))
    with pytest.raises(InputError) as caught:
        read_dashboards(folder, SCHEMA)
    assert [str(problem) for problem in caught.value.problems] == [
        "dashboards/b.yaml: uid: found the uid 'test', which dashboards/a.yaml has already",
        "dashboards/b.yaml: title: found the title 'Test', which dashboards/a.yaml has already",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*SCHEMA["$defs"]["panel"]["properties"], "other"])
TARGETS = st.lists(
    st.dictionaries(
        st.sampled_from(["expr", "legend", "unit", "percentiles", "ratio"]),
        st.sampled_from(
            ["up", "$vllm:x", "$job", "@a{", {"histogram": "h", "quantiles": [0.5]}, {"part": "a", "whole": "b"}]
        ),
        max_size=2,
    ),
    max_size=3,
)


@given(st.dictionaries(KEYS, JSON, max_size=4), TARGETS)
def test_any_panel_is_compiled_or_refused_in_words(changes: Any, targets: Any) -> None:
    data = dashboard(panel(targets=targets) | changes)
    try:
        read = parse_dashboard("test", data, SCHEMA, file=FILE)
    except InputError as error:
        assert all(problem.message and problem.file == FILE for problem in error.problems)
    else:
        assert compile_dashboard("test", read).endswith("}\n")


@given(JSON)
def test_any_yaml_is_refused_in_words(data: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        parse_dashboard("test", data, SCHEMA, file=FILE)

"""What a person may write in rules/NAME.yaml, and what is said about mistakes."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.rules.counts import guard_rules
from generator.rules.groups import prometheus_rules
from generator.rules.reader import parse_rules, read_rules, shared_problems
from generator.rules.spec import Count

from .conftest import SCHEMA, SPECS

if TYPE_CHECKING:
    from pathlib import Path

    from generator.rules.spec import Rules

FULL: dict[str, Any] = {
    "description": "A workload.",
    "thresholds": {"high": {"default": 5, "description": "How high, in m.", "maximum": 9}},
    "counts": [
        {"record": "a:b_bucket:increase1m", "selector": "b_bucket", "by": ["a", "le"], "description": "b."},
        {"record": "a:b_count:increase1m", "selector": "b_count", "by": ["a"], "description": "b."},
    ],
    "records": [{"record": "a:c:sum", "expr": "sum by (a) (c)", "description": "c."}],
    "slos": {
        "fast": {
            "alert": "BBudgetBurn",
            "summary": "B is slow",
            "description": "{{ $labels.a }}.",
            "objective": 0.99,
            "seconds": 1,
            "minimum": 10,
            "buckets": "a:b_bucket:increase1m",
            "events": "a:b_count:increase1m",
        }
    },
    "alerts": [
        {
            "alert": "BHigh",
            "expr": '$vllm:b{x="y"} > $threshold:high',
            "severity": "info",
            "summary": "B is high",
            "description": "{{ $value }}, {{ $threshold:high }} is normal.",
        }
    ],
}


def parse(data: Any, name: str = "mine") -> Rules:
    return parse_rules(name, data, SCHEMA, file=f"rules/{name}.yaml")


def changed(path: Any, value: Any) -> dict[str, Any]:
    """A copy of FULL in which the value at ``path`` is another, or gone if it is None."""
    data = copy.deepcopy(FULL)
    block: Any = data
    for part in path[:-1]:
        block = block[part]
    if value is None:
        del block[path[-1]]
    else:
        block[path[-1]] = value
    return data


def test_shorthands_and_thresholds_are_written_out() -> None:
    rules = prometheus_rules(parse(FULL))["groups"][-1]["rules"]
    assert rules == [
        {
            "alert": "BHigh",
            "expr": '{__name__=~"vllm:b|ray_vllm:b|ray_vllm_b",x="y"} > 5',
            "labels": {"severity": "info"},
            "annotations": {
                "summary": "B is high",
                "description": "{{ $value }}, {{ 5 }} is normal.",
                "runbook_url": "BHigh.md",
            },
        }
    ]


def test_counts_become_a_group_that_is_evaluated_each_minute_before_what_reads_them() -> None:
    data = changed(("counts", 1, "onlyWith"), {"labels": ["pod"], "expr": "$vllm:up"})
    first = prometheus_rules(parse(data))["groups"][0]
    assert (first["name"], first["interval"]) == ("mine.counts", "1m")
    refusing, watched, evaluated, *counts = first["rules"]
    # What divides a sum of counts by minutes reads how often the group was evaluated.
    assert evaluated == {"record": "group:evaluations_by_mine:count", "expr": "vector(1)"}
    assert [rule["record"] for rule in counts] == ["a:b_bucket:increase1m", "a:b_count:increase1m"]
    # Which births are not believed is asked once, before them, under names that no other file has.
    assert refusing == {
        "record": "job_instance:up_refusing_by_mine:max",
        "expr": "max by (job, instance) (max_over_time(up[1m]) == 0)",
    }
    assert watched == {
        "record": "job_instance:up_unwatched_by_mine:max",
        "expr": "max by (job, instance) (last_over_time(up[1m]) unless last_over_time(up[1h] offset 1m) or "
        "job_instance:up_refusing_by_mine:max offset 1m and "
        "last_over_time(job_instance:up_refusing_by_mine:max[5m] offset 61m) and "
        "count_over_time(job_instance:up_refusing_by_mine:max[1h] offset 1m) > 30)",
    }
    assert counts[1]["expr"] == (
        "sum by (a) (\n(last_over_time(b_count[1m]) - last_over_time(b_count[1h] offset 1m) >= 0 or "
        "(last_over_time(b_count[1m]) unless on (job, instance) job_instance:up_unwatched_by_mine:max))\n"
        'and on (pod) ({__name__=~"vllm:up|ray_vllm:up|ray_vllm_up"})\n)'
    )


@pytest.mark.parametrize(
    ("selectors", "up"),
    [
        (['b{job="x",c="d"}', 'b_count{c="d", job="x"}'], 'up{job="x"}'),
        (['b{job=~"x|y"}', "b"], "up"),
        (['b{job="x"}', 'b{job="y"}'], "up"),
        ([r"""b{c="a,job=\"x\"",d='job="x"',myjob="x"}"""], "up"),
    ],
)
def test_only_the_targets_that_all_counts_name_are_asked_whether_they_are_watched(
    selectors: list[str], up: str
) -> None:
    counts = [Count(f"a:b{index}:increase1m", one, ("a",), "b.") for index, one in enumerate(selectors)]
    refusing, watched, _ = guard_rules("mine", counts)
    assert f"max_over_time({up}[1m])" in refusing["expr"]
    assert f"last_over_time({up}[1m]) unless last_over_time({up}[1h] offset 1m)" in watched["expr"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("alerts", 0, "severity"),
            "high",
            "alerts[0].severity: found 'high', expected one of critical, warning, info",
        ),
        (("alerts", 0, "serverity"), "info", "did you mean 'severity'?"),
        (("alerts", 0, "for"), "soon", "alerts[0].for: found 'soon', expected a duration such as 5m"),
        (("alerts", 0, "summary"), "x" * 81, "alerts[0].summary: found"),
        (("alerts", 0, "description"), "It is {{ $threshold:high }}.", "found no '$value'"),
        (("alerts", 0, "expr"), "b > $threshold:hihg", "unknown number '$threshold:hihg' (did you mean 'high'?)"),
        (("alerts", 0, "expr"), "b > $slo:seconds", "unknown number '$slo:seconds'"),
        (("alerts", 0, "expr"), "$vlm:b > $threshold:high", "alerts[0].expr: unknown shorthand '$vlm:'"),
        (("records", 0, "expr"), 'sum(b{x="y"', "records[0].expr: found '{' without a '}'"),
        (("records", 0, "record"), "b_rate", "expected level:metric:operation"),
        (("records",), [*FULL["records"], FULL["records"][0]], "records[1].record: found 'a:c:sum' twice"),
        (
            ("slos", "fast", "events"),
            "a:b_cuont:increase1m",
            "expected a record of this file's counts (did you mean 'a:b_count:increase1m'?)",
        ),
        (("slos", "fast", "events"), "a:c:sum", "found 'a:c:sum', expected a record of this file's counts"),
        (
            ("counts", 0, "record"),
            "a:b:rate5m",
            "counts[0].record: found 'a:b:rate5m', expected level:metric:increase1m",
        ),
        (("counts", 0, "by"), [], "counts[0].by"),
        (
            ("counts", 0, "selector"),
            "sum(b)",
            "counts[0].selector: found 'sum(b)', expected a metric's name with or without {matchers}",
        ),
        (("counts", 0, "selector"), 'b{x="y}', "counts[0].selector: found a string that is not closed"),
        (("counts",), [*FULL["counts"], FULL["counts"][0]], "counts[2].record: found 'a:b_bucket:increase1m' twice"),
        (
            ("slos", "fast", "bad"),
            "a:b_count:increase1m",
            "slos.fast: found both of buckets, bad, expected exactly one",
        ),
        (("slos", "fast", "seconds"), None, "expected 'buckets' and 'seconds' together"),
        (("slos", "fast", "alert"), "B", "slos.fast"),
        (("thresholds", "high", "default"), 10, "thresholds.high.default: found the default 10, expected 0 to 9"),
        (("thresholds", "low"), {"default": 1, "description": "x"}, "thresholds.low: 'low' is not used"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    path: tuple[int | str, ...] | tuple[str, ...], value: Any, message: str
) -> None:
    data = changed(path, value)
    if message == "slos.fast":
        data["alerts"][0]["alert"] = "BFast"
        message = "alerts[0].alert: found 'BFast' twice"
    with pytest.raises(InputError) as caught:
        parse(data)
    assert message in str(caught.value)
    assert "rules/mine.yaml" in str(caught.value)


def test_a_file_without_rules_is_refused() -> None:
    with pytest.raises(InputError, match="found no counts, records, slos or alerts"):
        parse({"description": "Nothing."})


@pytest.mark.parametrize("name", ["alerts", "labels", "runbookUrl", "My_Rules", "x" * 31])
def test_a_file_name_that_the_values_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="found the file name"):
        parse(FULL, name)


def test_two_files_may_not_have_the_same_alert() -> None:
    found = [str(problem) for problem in shared_problems({"a": parse(FULL, "a"), "b": parse(FULL, "b")})]
    assert any("rules/b.yaml: alerts[0].alert: found 'BHigh', which rules/a.yaml has already" in text for text in found)


def test_every_broken_file_of_a_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text("description: [", "utf-8")
    (folder / "b.yaml").write_text("descripton: x", "utf-8")
    with pytest.raises(InputError) as caught:
        read_rules(folder, SCHEMA, ())
    assert {problem.file for problem in caught.value.problems} == {"rules/a.yaml", "rules/b.yaml"}


def test_the_tests_below_the_folder_are_not_rules() -> None:
    assert "tests" not in SPECS


def test_monitors_stand_for_their_jobs_inside_braces() -> None:
    data = changed(("alerts", 0, "expr"), "sum(up{@monitors}) > $threshold:high")
    spec = parse_rules("mine", data, SCHEMA, file="rules/mine.yaml", monitors=["b", "a-c"])
    assert 'up{job=~"a-c|b"}' in str(prometheus_rules(spec))
    with pytest.raises(
        InputError, match=r"rules/mine\.yaml: alerts\[0\]\.expr: unknown matcher '@monitor' .*'monitors'"
    ):
        parse_rules(
            "mine",
            changed(("alerts", 0, "expr"), "up{@monitor} > $threshold:high"),
            SCHEMA,
            file="rules/mine.yaml",
            monitors=["a"],
        )


@pytest.mark.parametrize("kept", [("counts",), ("records",), ("alerts", "thresholds"), ("counts", "slos")])
def test_a_file_may_hold_records_alerts_or_objectives_alone(kept: tuple[str, ...]) -> None:
    data = {key: value for key, value in FULL.items() if key in ("description", *kept)}
    assert prometheus_rules(parse(data))["groups"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
PATHS = [
    ("description",), ("thresholds",), ("thresholds", "high"), ("thresholds", "high", "default"), ("records",),
    ("records", 0), ("records", 0, "expr"), ("slos",), ("slos", "fast"), ("slos", "fast", "objective"),
    ("slos", "fast", "buckets"), ("alerts",), ("alerts", 0), ("alerts", 0, "expr"), ("alerts", 0, "description"),
]  # fmt: skip


@given(st.sampled_from(PATHS), JSON)
def test_whatever_stands_there_gives_rules_or_an_input_error(path: Any, value: Any) -> None:
    try:
        spec = parse(changed(path, value))
    except InputError as error:
        assert error.problems
    else:
        assert prometheus_rules(spec)["groups"]

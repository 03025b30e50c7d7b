"""The table, and when the command fails."""

from __future__ import annotations

from typing import Any

import pytest

from .report import Report, Result, State, as_data, as_markdown, as_text, in_readme


def report(*results: Result, problems: tuple[str, ...] = ()) -> Report:
    return Report(results, problems, 0, 10, 5, 1.0)


def result(kind: str = "target", state: State = "measured", reason: str = "", *, live: bool = False) -> Result:
    return Result("ray", kind, "Panel A", state, "up", "many-to-many" if state == "error" else "", reason, live)


@pytest.mark.parametrize(
    ("one", "failed"),
    [
        (result(), False),
        (result(state="synthetic"), False),
        (result(state="silent"), True),
        (result(state="silent", reason="it is off"), False),
        (result("variable", "silent"), True),
        (result("record", "silent"), True),
        (result("alert", "silent"), False),
        (result("alert", "error"), True),
        (result(state="error", reason="it is off"), True),
    ],
)
def test_what_does_not_answer_without_a_reason_fails(one: Any, failed: bool) -> None:
    assert report(one).failed is failed
    assert as_data(report(one))["failed"] is failed


def test_a_complaint_of_promtool_fails() -> None:
    assert report(result(), problems=("ray.yaml: no",)).failed


def test_measured_and_synthetic_answers_are_told_apart() -> None:
    text = as_text(report(result(live=True), result(state="synthetic"), result(state="synthetic"), result("variable")))
    header, row, total = (line.split() for line in text.splitlines()[:3])
    assert dict(zip(header, row, strict=True)) == {
        "dashboard": "ray",
        "targets": "3",
        "measured": "1",
        "synthetic": "2",
        "silent": "0",
        "error": "0",
        "live": "1",
        "variables": "1",
        "answer": "1",
    }
    assert total == ["all", *row[1:]]


def test_each_silent_query_is_shown_with_its_reason_or_its_error() -> None:
    text = as_text(report(result(state="silent", reason="it is off"), result("alert", "error")))
    assert "ray: target 'Panel A' silent (it is off)\n  up\n" in text
    assert "ray: alert 'Panel A' error\n  up\n  many-to-many\n" in text


def test_the_readme_gets_the_same_table() -> None:
    lines = as_markdown(report(result())).splitlines()
    assert lines[0].startswith("| dashboard | targets | measured |")
    assert lines[2] == "| ray | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |"
    readme = "Before.\n\n| dashboard | targets | old |\n| --- | ---: | ---: |\n| ray | 7 | 7 |\n\nAfter | it.\n"
    assert in_readme(readme, report(result())) == "\n".join(["Before.", "", *lines[:4], "", "After | it.", ""])
    with pytest.raises(ValueError, match="found 0 tables"):
        in_readme("Nothing.", report(result()))

"""What a test adds to the report counts if it passes."""

from __future__ import annotations

from tests.e2e.report import Report


def test_rows_of_a_test_that_failed_do_not_count() -> None:
    told: list[str] = []
    report = Report(told.append)
    for step, passed in (("one", True), ("two", False), ("three", True)):
        report.add("jark", step, "held")
        report.end(passed=passed)
    assert [step for _, step, _ in report.rows] == ["one", "three"]
    assert len(told) == 3

"""The tables and the data of a measurement."""

from __future__ import annotations

from tests.cost.measure import Cost, Question
from tests.cost.report import Report, as_data, as_text, span_text

QUICK = Question("ray", "panel", "Nodes A", 1800, "up", reads_long=False)
SLOW = Question("ray", "panel", "Errors A", 1800, "increase(x[1h])", reads_long=True)
RULE = Question("ray.alerts", "rule", "RayDown", 0, "up == 0", interval=30)
COUNT = Question("ray.counts", "rule", "a:b:increase1m", 0, "x", interval=60)
RATE = Question("ray.counts", "rate", "a:b:increase1m", 0, "y", interval=30)

REPORT = Report(100, 8.0, 120_000, 3, {
    "now": {QUICK: Cost(0.001, 10), SLOW: Cost(0.02, 2000), RULE: Cost(0.004, 1),
            COUNT: Cost(0.003, 1), RATE: Cost(0.001, 1)},
    "eebb40c": {QUICK: Cost(0.001, 10), SLOW: Cost(0.04, 3000), RULE: Cost(0.002, 1)},
})  # fmt: skip


def row(text: str, *starts: str) -> list[str]:
    """Returns the cells behind the first line that begins with some cells."""
    line = next(line for line in text.splitlines() if line.split()[: len(starts)] == list(starts))
    return line.split()[len(starts) :]


def test_a_dashboards_row_is_the_sum_of_its_queries_on_both_sides_and_the_ratio() -> None:
    assert row(as_text(REPORT), "ray", "30m") == ["2", "21.0", "41.0", "0.51"]
    assert row(as_text(REPORT), "panels", "that", "look", "back", "over", "10", "min", "30m") == [
        "1",
        "20.0",
        "40.0",
        "0.50",
    ]
    assert row(as_text(REPORT), "ray.alerts") == ["1", "8.0", "4.0", "2.00"]


def test_a_record_of_counts_stands_beside_its_rate() -> None:
    assert row(as_text(REPORT), "a:b:increase1m") == ["3.0", "1.0", "3.0", "1.5"]


def test_data_has_every_query_of_both_sides_the_most_expensive_first() -> None:
    rows = as_data(REPORT)["queries"]
    assert [one["where"] for one in rows] == ["Errors A", "RayDown", "a:b:increase1m", "Nodes A", "a:b:increase1m"]
    assert rows[0]["ms"] == {"now": 20.0, "eebb40c": 40.0}
    assert rows[0]["bytes"] == {"now": 2000, "eebb40c": 3000}


def test_one_side_alone_has_no_ratio() -> None:
    text = as_text(Report(2, 1.0, 10, 1, {"now": REPORT.costs["now"]}))
    assert row(text, "ray", "30m") == ["2", "21.0"]


def test_ranges_read_as_grafana_writes_them() -> None:
    assert [span_text(one) for one in (0, 90, 1800, 21600, 604800)] == ["", "90s", "30m", "6h", "7d"]

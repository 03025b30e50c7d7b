"""What is asked, and how its cost is taken."""

from __future__ import annotations

import os
import time

import pytest

from generator.rules.counts import count_expression
from generator.rules.spec import Count
from tests.cost.measure import clock, rate_beside, reads_long


def test_the_clock_of_a_process_is_the_cpu_that_it_took() -> None:
    begun, own = clock(os.getpid()), time.process_time()
    while time.process_time() - own < 0.02:
        pass
    assert 0.02 <= clock(os.getpid()) - begun < 2.0


@pytest.mark.parametrize("only", ["", "up"])
def test_beside_a_record_of_counts_stands_a_rate_of_the_same_series_by_the_same_labels(only: str) -> None:
    count = Count("a:b:increase1m", 'errors_total{code="5xx"}', ("namespace", "job"), "Errors.", ("job",), only)
    tail = "\nand on (job) (up)" if only else ""
    assert (
        rate_beside(count_expression(count, "vllm"))
        == f'sum by (namespace, job) (rate(errors_total{{code="5xx"}}[5m]){tail})'
    )


def test_a_record_of_anything_else_has_no_rate_beside_it() -> None:
    assert rate_beside("sum by (job) (rate(errors_total[5m]))") == ""


@pytest.mark.parametrize(("expr", "expected"), [
    ("sum(increase(x_total[1h]))", True),
    ("sum_over_time(a:b:increase1m[6h])", True),
    ('max_over_time(x{a="b"}[15m:30s])', True),
    ("max_over_time(timestamp(x == 1)[6h:30s])", True),
    ("rate(x_total[5m]) + avg_over_time(x[1d])", True),
    ("rate(x_total[5m])", False),
    ("last_over_time(x[5m]) - last_over_time(x[1h] offset 5m) >= 0 or last_over_time(x[5m])", False),
    ("x offset 1h", False),
])  # fmt: skip
def test_what_looks_back_over_ten_minutes_is_told_from_the_hour_before_a_birth(expr: str, expected: bool) -> None:
    assert reads_long(expr) is expected

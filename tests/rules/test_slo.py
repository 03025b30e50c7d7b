"""Alerts on an error budget say what the SRE workbook's say, without a bucket's bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generator.rules.numbers import fill, plain
from generator.rules.slo import slo_alerts
from generator.rules.spec import Slo

LATENCY = Slo(
    "B", "B is slow", "{{ $labels.a }}.", 0.95, 50, "a:n:increase1m", buckets="a:b_bucket:increase1m", seconds=3
)
ERRORS = Slo("E", "E fails", "{{ $labels.a }}.", 0.99, 50, "a:n:increase1m", bad="a:e:increase1m")


def written(slo: Slo) -> dict[str, str]:
    numbers = {"objective": slo.objective, "seconds": slo.seconds or 0.0, "minimum": slo.minimum}
    return {alert.alert: fill(alert.expr, lambda place: plain(numbers[place[2]])) for alert in slo_alerts("x", slo)}


def test_latency_is_compared_by_a_percentile_over_a_long_and_a_short_window() -> None:
    assert written(LATENCY)["BFast"] == (
        "(\n  histogram_quantile(1 - 14.4 * (1 - 0.95), sum_over_time(a:b_bucket:increase1m[1h])) > 3\n  and\n"
        "  histogram_quantile(1 - 14.4 * (1 - 0.95), sum_over_time(a:b_bucket:increase1m[5m])) > 3\n  and\n"
        "  sum_over_time(a:n:increase1m[1h]) >= 50\n)\nor\n"
        "(\n  histogram_quantile(1 - 6 * (1 - 0.95), sum_over_time(a:b_bucket:increase1m[6h])) > 3\n  and\n"
        "  histogram_quantile(1 - 6 * (1 - 0.95), sum_over_time(a:b_bucket:increase1m[30m])) > 3\n  and\n"
        "  sum_over_time(a:n:increase1m[6h]) >= 50\n)"
    )


def test_errors_are_compared_by_their_share() -> None:
    assert written(ERRORS)["ESlow"] == (
        "(\n  sum_over_time(a:e:increase1m[1d]) / sum_over_time(a:n:increase1m[1d]) > 3 * (1 - 0.99)\n  and\n"
        "  sum_over_time(a:e:increase1m[2h]) / sum_over_time(a:n:increase1m[2h]) > 3 * (1 - 0.99)\n  and\n"
        "  sum_over_time(a:n:increase1m[1d]) >= 50\n)"
    )


@pytest.mark.parametrize("slo", [LATENCY, ERRORS])
def test_the_fast_alert_is_critical_and_the_slow_one_a_warning_with_one_runbook(slo: Any) -> None:
    fast, slow = slo_alerts("x", slo)
    assert (fast.severity, slow.severity) == ("critical", "warning")
    assert (fast.alert, slow.alert) == (f"{slo.alert}Fast", f"{slo.alert}Slow")
    assert fast.runbook == slow.runbook == slo.alert
    assert fast.labels == {"slo": "x"}


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=50),
    st.integers(1, 999),
    st.floats(0.9, 0.999),
    st.sampled_from([14.4, 6, 3]),
)
def test_the_percentile_lies_above_the_bound_exactly_when_too_many_are_slower(
    latencies: Any, bound: Any, objective: Any, factor: Any
) -> None:
    """The equivalence that the expressions rest on, on raw latencies instead of buckets."""
    quantile = 1 - factor * (1 - objective)
    slow = sum(latency > bound for latency in latencies) / len(latencies)
    assume(quantile > 0)
    assume(abs(slow - factor * (1 - objective)) > 1 / len(latencies))  # an exact tie is a matter of interpolation
    ordered = sorted(latencies)
    percentile = ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]
    assert (percentile > bound) == (slow > factor * (1 - objective))


@given(st.floats(1e-6, 1e15, allow_nan=False))
def test_numbers_are_written_without_an_exponent(number: Any) -> None:
    text = plain(number)
    assert "e" not in text.lower()
    assert float(text) == number

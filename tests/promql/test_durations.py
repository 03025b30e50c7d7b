"""Durations are read as PromQL reads them."""

from __future__ import annotations

import pytest

from generator.promql.durations import seconds


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("5m", 300.0),
        (" 1h30m ", 5400.0),
        ("250ms", 0.25),
        ("1d", 86400.0),
        ("0", 0.0),
        ("5", None),
        ("", None),
        ("$__range", None),
        ("30m1h", None),
        ("5m5m", None),
        ("1.5h", None),
        ("300y", None),
    ],
)
def test_a_duration_is_read_as_promql_reads_it(duration: str, expected: float | None) -> None:
    assert seconds(duration) == expected

"""How series move: counters only up, histograms in step, gauges around what they were, every run the same."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from .motion import END, LATE, POINTS, START, STEP, Stored, lines

LIMITS = ("0.1", "1.0", "10.0", "+Inf")


def moved(*series: Stored) -> dict[str, list[float]]:
    """Returns the values of each series by the text in front of them."""
    found: dict[str, list[float]] = defaultdict(list)
    for line in lines(series):
        if line != "# EOF\n":
            head, value, at = line.rsplit(" ", 2)
            assert START <= int(at) <= END
            found[head].append(float(value))
    return found


def histogram(*counts: float) -> list[Stored]:
    buckets = [
        Stored({"__name__": "h_bucket", "le": limit}, "histogram", value)
        for limit, value in zip(LIMITS, counts, strict=True)
    ]
    return [
        *buckets,
        Stored({"__name__": "h_sum"}, "histogram", counts[-1] * 2),
        Stored({"__name__": "h_count"}, "histogram", counts[-1]),
    ]


@given(st.floats(min_value=0, max_value=1e9))
def test_a_counter_grows_at_every_step_from_where_it_was(value: Any) -> None:
    ((_, values),) = moved(Stored({"__name__": "c_total", "a": "1"}, "counter", value)).items()
    assert len(values) == POINTS
    assert abs(values[0] - value) <= 1e-6 * max(1, value)
    assert all(later > earlier for earlier, later in pairwise(values))


@given(st.lists(st.integers(min_value=0, max_value=10**6), min_size=4, max_size=4).map(sorted))
def test_at_every_moment_a_histogram_is_one(counts: Any) -> None:
    found = moved(*histogram(*map(float, counts)))
    buckets = [found[f'h_bucket{{le="{limit}"}}'] for limit in LIMITS]
    for index in range(POINTS):
        rising = [bucket[index] for bucket in buckets]
        assert all(small <= large * (1 + 1e-8) for small, large in pairwise(rising))
        assert abs(rising[-1] - found["h_count{}"][index]) <= 1e-6 * max(1, rising[-1])
    assert found["h_count{}"][-1] > found["h_count{}"][0], "also one that had seen nothing observes something now"
    assert found["h_sum{}"][-1] > found["h_sum{}"][0]


@given(st.integers(min_value=2, max_value=10**6))
def test_a_gauge_that_was_a_whole_number_stays_one_and_moves_around_it(value: Any) -> None:
    ((_, values),) = moved(Stored({"__name__": "g"}, "gauge", float(value))).items()
    assert all(one == int(one) for one in values)
    assert min(values) < value < max(values)
    assert min(values) > 0


def test_states_change_places_and_facts_do_not_change() -> None:
    found = moved(
        Stored({"__name__": "g"}, "gauge", 1.0),
        Stored({"__name__": "x_info"}, "gauge", 1.0),
        Stored({"__name__": "started"}, "constant", 5.0),
    )
    assert set(found["g{}"]) == {0.0, 1.0}
    assert set(found["x_info{}"]) == {1.0}
    assert set(found["started{}"]) == {5.0}


def test_of_several_series_of_a_counter_one_appears_late() -> None:
    found = moved(*(Stored({"__name__": "c_total", "a": a}, "counter", 1.0) for a in "xyz"))
    assert sorted(map(len, found.values())) == [LATE, POINTS, POINTS]


def test_a_quantile_that_was_not_observed_gets_a_value() -> None:
    ((_, values),) = moved(Stored({"__name__": "s", "quantile": "0.9"}, "summary", float("nan"))).items()
    assert all(value > 0 for value in values)


def test_the_same_series_move_the_same_way_in_any_order() -> None:
    series = histogram(1, 2, 3, 4)
    assert list(lines(series)) == list(lines(reversed(series)))


def test_the_text_is_openmetrics_with_times_in_seconds() -> None:
    written = list(lines(histogram(1, 2, 3, 4)))
    assert written[-1] == "# EOF\n"
    assert all(re.fullmatch(r"[a-z_]+\{[^}]*\} [0-9.e+]+ \d+\n", line) for line in written[:-1])
    assert {int(line.rsplit(" ", 1)[1]) % STEP for line in written[:-1]} == {0}

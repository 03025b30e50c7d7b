"""What answers and misleads, as far as Prometheus' own words about itself tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.doctor.boards import Board
from generator.doctor.expected import Expected
from generator.doctor.misleading import misleading, names_read
from generator.doctor.snapshot import RuleState, ServerFacts, Snapshot, Target
from generator.doctor.view import Answer, View

EXPECTED = Expected("kind", (Board("Two days", "u", 2 * 86400, (), ()),), (), {}, {}, {})
ALERT = RuleState("Down", "alert", "g", "f", "up == 0", "")
WELL = ServerFacts(
    retention=15 * 86400, now=1e9, alertmanagers=("http://a",), rules=(ALERT,), targets=(), names=frozenset({"up"})
)
ILL: tuple[tuple[dict[str, object], str, str], ...] = (
    ({}, "", ""),
    ({"skew": 45.0}, "clock", "45"),
    ({"skew": 20.0}, "", ""),
    ({"retention": 86400.0}, "retention-short", "1d"),
    ({"reload_failed": True}, "config-refused", ""),
    ({"names": frozenset()}, "nothing-scraped", ""),
    ({"names": frozenset(), "targets": None}, "", ""),
    ({"alertmanagers": ()}, "no-alertmanager", ""),
    ({"alertmanagers": (), "rules": ()}, "", ""),
    ({"largest": (("big_bucket", 60),), "series": 1000}, "cardinality", "6%"),
    ({"largest": (("read_bucket", 60),), "series": 1000}, "", ""),
    ({"targets": (Target("p", "u", "up", "", {"job": "slow"}, 60.0),)}, "interval-long", "60s"),
    ({"targets": (Target("p", "u", "up", "", {"job": "fast"}, 30.0),)}, "", ""),
    ({"targets": (Target("a", "u", "up", "", {"job": "x"}), Target("b", "u", "up", "", {"job": "y"}))},
     "scraped-twice", "a"),
    ({"targets": (Target("a", "u", "up", "", {"job": "x"}), Target("b", "u?x=1", "up", "", {"job": "y"}))}, "", ""),
)  # fmt: skip


@pytest.mark.parametrize(("change", "cause", "fact"), ILL)
def test_what_prometheus_says_of_itself_is_told_and_nothing_of_one_that_is_well(
    change: dict[str, object], cause: str, fact: str
) -> None:
    facts = replace(WELL, **change)  # type: ignore[arg-type]
    found = list(misleading(View(Snapshot(facts), EXPECTED, {}), 0.0, names_read(["sum(read_bucket)"])))
    assert [one.cause for one in found] == ([cause] if cause else [])
    assert all(fact in dict(one.facts).values() for one in found if fact)


def test_a_prometheus_that_has_just_started_says_so() -> None:
    answers = {"min(prometheus_tsdb_lowest_timestamp_seconds)": Answer((({}, 1e9 - 120),))}
    found = list(misleading(View(Snapshot(WELL), EXPECTED, answers), 0.0, frozenset()))
    assert [(one.cause, dict(one.facts)["minutes"]) for one in found] == [("just-started", "2")]

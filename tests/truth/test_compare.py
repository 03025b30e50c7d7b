"""Panels and alerts are judged by what a real Prometheus says of a small recording."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generator.promql.expression import Expression
from tests.live.shipped import Alert, Shipped
from tests.signals.grafana import Board, Target
from tests.truth import samples
from tests.truth.compare import AlertVerdict, Verdict, alert_verdicts, bounds, target_of, verdicts
from tests.truth.events import Event, Quantity, Selection
from tests.truth.replay import active, replayed
from tests.truth.report import Outcome, as_markdown, as_text
from tests.truth.scenario import Alerts, Comparison, Scenario, Tolerance

if TYPE_CHECKING:
    from tests.signals.binaries import Binaries
    from tests.truth.samples import Values

OWN = {"job": "ray", "instance": "a:1"}


def series(name: str, values: Values, **labels: str) -> tuple[tuple[tuple[str, str], ...], Values]:
    return tuple(sorted({**OWN, "__name__": name, **labels}.items())), values


GROWING = tuple(float(30 * index) for index in range(11))
RECORDING = samples.Recording(
    (
        samples.Target(
            OWN,
            0,
            dict(
                (
                    series("up", (1.0,) * 11),
                    series("requests_total", GROWING, path="a"),
                    series("requests_total", GROWING, path="b"),
                    series("sick", (None, None, 1.0, 1.0, 1.0, 1.0, None, None, 1.0, None, None)),
                    series("seconds_bucket", GROWING, le="0.5"),
                    series("seconds_bucket", GROWING, le="2.0"),
                    series("seconds_bucket", GROWING, le="+Inf"),
                )
            ),
        ),
    )
)
BOARD = Board(
    *("ray", "Ray", 3600, ()),
    (
        Target("Rate", "A", "sum(rate(requests_total[$__rate_interval]))", instant=False),
        Target("Paths", "A", "sum by (path) (rate(requests_total[$__rate_interval]))", instant=False),
        Target("Nothing", "A", "absent_metric", instant=True),
        Target("Broken", "A", "requests_total + on () requests_total", instant=True),
    ),
    0,
)
EVENTS = [Event(each / 2, "request", {}) for each in range(600)] + [Event(300, "mark", {"name": "load.end"})]
ALL = Selection(("request",), {})
RATE = Quantity(ALL, "rate", seconds=120)


TENTH = Tolerance(absolute=0.1)


def comparison(panel: str = "Rate", truth: Quantity | float | None = RATE, within: Tolerance = TENTH) -> Comparison:
    return Comparison("ray", panel, "A", {}, "only", "load.end", 1.0, truth, within)


def scenario(*compare: Comparison) -> Scenario:
    alerts = Alerts(60, frozenset(), frozenset(), {})
    return Scenario("x", "X", "What runs.", ("ray",), {}, (), (), compare, alerts)


def judged(binaries: Binaries, *compare: Comparison) -> list[Verdict]:
    with replayed(binaries, RECORDING, ()) as api:
        return verdicts(scenario(*compare), api, Shipped({"ray": BOARD}, (), ()), EVENTS, RECORDING)


@pytest.mark.slow
def test_what_a_panel_says_is_held_against_the_log(binaries: Binaries) -> None:
    (verdict,) = judged(binaries, comparison())
    assert verdict.said == pytest.approx(2.0)
    assert verdict.true == pytest.approx(239 / 120)
    assert verdict.holds


@pytest.mark.slow
def test_tolerances(binaries: Binaries) -> None:
    found = judged(
        binaries,
        comparison(truth=2.3, within=Tolerance(absolute=0.2)),
        comparison(truth=2.3, within=Tolerance(relative=0.2)),
        comparison(within=Tolerance(scrapes=1)),
        comparison(truth=1.1, within=Tolerance(bucket="seconds")),
        comparison(truth=0.4, within=Tolerance(bucket="seconds")),
    )
    low, high = [each.low for each in found], [each.high for each in found]
    assert low == pytest.approx([2.1, 1.84, 1.992, 0.5, 0.0], rel=1e-2)
    assert high == pytest.approx([2.5, 2.76, 2.0, 2.0, 0.5], rel=1e-2)
    assert [each.holds for each in found] == [False, True, True, True, False]


def test_what_was_true_lately_may_be_said() -> None:
    """Ten events in the last ten seconds, none before: a panel that is a scrape old may say none."""
    burst = [Event(290.0 + each, "request", {}) for each in range(10)]
    item = comparison(truth=Quantity(ALL, "count", seconds=60), within=Tolerance(scrapes=1, absolute=1))
    assert bounds(item, 10.0, burst, RECORDING, 300.0) == (-1.0, 11.0)


@pytest.mark.slow
def test_several_series_are_chosen_or_reduced(binaries: Binaries) -> None:
    paths = comparison("Paths", 2.0)
    found = judged(
        binaries,
        paths,
        replace(paths, series={"path": "a"}, truth=1.0),
        replace(paths, reduce="sum"),
        replace(paths, reduce="max", truth=1.0),
        replace(paths, reduce="count"),
    )
    assert found[0].error == "2 series, expected one: choose by `series` or `reduce`"
    assert [each.holds for each in found] == [False, True, True, True, True]


@pytest.mark.slow
def test_an_empty_panel_is_true_only_where_it_has_to_be(binaries: Binaries) -> None:
    found = judged(
        binaries,
        comparison("Nothing", None),
        comparison("Nothing", 0),
        comparison("Rate", None),
        comparison("Broken", 0),
    )
    assert [each.holds for each in found] == [True, False, False, False]
    assert "many-to-many" in found[3].error or "duplicate" in found[3].error


def test_a_panel_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match=r"ray: no panel 'Rates A'; there are: Rate A, Paths A, Nothing A"):
        target_of(BOARD, "Rates", "A")


def alert(name: str, expr: str, wait: int) -> Alert:
    return Alert(Expression(file="ray", place="", kind="alert", name=name, text=expr), wait)


@pytest.mark.slow
def test_how_long_an_alert_was_true_decides(binaries: Binaries) -> None:
    """``sick`` is there for 90 s and later once."""
    with replayed(binaries, RECORDING, ()) as api:
        assert active(alert("A", "sick > 0", 0).rule, api, 300) == 90
        assert active(alert("A", "sick > 5", 0).rule, api, 300) == -1
        found = alert_verdicts(
            Alerts(60, frozenset({"Long", "Never"}), frozenset({"Short"}), {"Loud": "It tells of all."}),
            api,
            [
                alert("Long", "sick > 0", 1800),
                alert("Never", "sick > 5", 0),
                alert("Short", "sick > 0 unless sick offset 1m > 0", 1800),
                alert("Loud", "up > 0", 0),
                alert("Wrong", "up > 0", 1800),
                alert("Calm", "up > 5", 0),
            ],
            300,
        )
    assert [(each.name, each.did, each.should, each.holds) for each in found] == [
        ("Long", "fire", "fire", True),
        ("Never", "rest", "fire", False),
        ("Short", "pending", "pending", True),
        ("Loud", "fire", "rest", True),
        ("Wrong", "fire", "rest", False),
    ]


def test_an_alert_may_be_true_for_less_than_its_wait() -> None:
    assert AlertVerdict("A", "pending", "rest").holds
    assert not AlertVerdict("A", "pending", "fire").holds
    assert not AlertVerdict("A", "fire", "pending").holds


def test_the_page_shows_both_numbers_and_what_does_not_hold() -> None:
    good = Verdict(comparison(), 2.0, 2.04, 1.94, 2.14)
    bad = Verdict(comparison("Paths", None), 1.0, None, 0.0, 0.0)
    outcome = Outcome(scenario(), (good, bad), (AlertVerdict("Late", "rest", "fire"),))
    page = as_markdown([outcome])
    assert "1 of 2 numbers are true, in 1 scenarios." in page
    assert "| ray | Rate | rate: request over 120 s, load.end | 2 | 2.04 | 1.94 to 2.14 | yes |" in page
    assert "| ray | Paths | empty, load.end | 1 | empty | empty | **NO** |" in page
    assert "- Late was never true (`for` at most 60 s); it should fire: **NO**" in page
    assert as_text(outcome).splitlines() == [
        "x: 2 are not as they should be",
        "  ray / Paths A (empty, load.end): said 1, true empty, may be empty",
        "  alert Late: did rest, should fire",
    ]
    assert not outcome.holds
    assert Outcome(scenario(), (good,), ()).holds


def test_what_is_known_to_be_wrong_must_be_wrong() -> None:
    known = replace(comparison(), wrong="The exporter rounds.")
    lies, tells = Verdict(known, 5.0, 2.0, 1.9, 2.1), Verdict(known, 2.0, 2.0, 1.9, 2.1)
    assert Outcome(scenario(), (lies,), ()).holds
    assert "**NO**; The exporter rounds." in as_markdown([Outcome(scenario(), (lies,), ())])
    assert not Outcome(scenario(), (tells,), ()).holds
    assert "it holds now: take `wrong` out" in as_text(Outcome(scenario(), (tells,), ()))

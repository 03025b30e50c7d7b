"""The runs that are kept, replayed on a real Prometheus: panels tell the truth, and a panel that lies is caught."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.thorough import some
from tests.truth import kept
from tests.truth.compare import verdicts
from tests.truth.events import marks
from tests.truth.judge import judge, judge_on
from tests.truth.replay import replayed
from tests.truth.report import Outcome, as_markdown, as_text
from tests.truth.samples import INTERVAL
from tests.truth.scenario import Tolerance, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.live.shipped import Shipped
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api
    from tests.truth.scenario import Scenario

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def replays(chart_shipped: Shipped, binaries: Binaries) -> Iterator[dict[str, Api]]:
    """The runs that several tests ask, each on a Prometheus that stays."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(replayed(binaries, kept.load(name).recording, chart_shipped.records))
            for name in ("serve-errors", "serve-steady", "train-long-epochs")
        }


@pytest.fixture(scope="module")
def outcome(
    scenarios: Mapping[str, Scenario], chart_shipped: Shipped, binaries: Binaries, replays: Mapping[str, Api]
) -> Callable[[str], Outcome]:
    @cache
    def outcome(name: str) -> Outcome:
        run = kept.load(name)
        if name in replays:
            return judge_on(replays[name], scenarios[name], run, chart_shipped)
        return judge(scenarios[name], run, chart_shipped, binaries)

    return outcome


def test_every_run_that_is_kept_has_its_scenario(scenarios: Mapping[str, Scenario]) -> None:
    assert kept.names()
    assert set(kept.names()) <= scenarios.keys()


@pytest.mark.parametrize("name", some(kept.names(), one_in=4))
def test_panels_and_alerts_tell_what_happened(outcome: Callable[[str], Outcome], name: str) -> None:
    assert outcome(name).holds, as_text(outcome(name))


@pytest.mark.thorough
def test_the_page_is_what_the_runs_say(outcome: Callable[[str], Outcome]) -> None:
    page = (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")
    assert page == as_markdown(map(outcome, kept.names())), "run `make truth OPTIONS=--replay` and commit docs/truth.md"


def with_query(shipped: Shipped, dashboard: str, panel: str, change: Callable[[str], str]) -> Shipped:
    """Returns the chart with one panel's queries changed."""
    board = shipped.boards[dashboard]
    targets = tuple(
        replace(target, expr=change(target.expr)) if target.panel == panel else target for target in board.targets
    )
    assert targets != board.targets, f"{dashboard}: nothing changes in '{panel}'"
    return replace(shipped, boards={**shipped.boards, dashboard: replace(board, targets=targets)})


def query_of(shipped: Shipped, dashboard: str, panel: str) -> str:
    return next(target.expr for target in shipped.boards[dashboard].targets if target.panel == panel)


def wrong(outcome: Outcome) -> set[str]:
    """Returns the panels that do not tell the truth."""
    return {verdict.comparison.panel for verdict in outcome.verdicts if not verdict.holds}


ERRORS = (
    'ray_serve_num_http_requests_total{namespace="$namespace",ray_io_cluster=~"$cluster",application=~"$application",'
    'route!~"/-/.*",status_code=~"5.."}'
)
ALL = ERRORS.replace(',status_code=~"5.."', "")


def share_of_errors(form: str) -> Callable[[str], str]:
    """Returns the share of errors with both counts in one form, in which ``X`` stands for a counter."""
    return lambda _: f"sum({form.replace('X', ERRORS)}) / sum({form.replace('X', ALL)})"


MUTANTS: dict[str, tuple[str, str, str, Callable[[str], str]]] = {
    "half a rate": ("serve-steady", "ray-serve", "Request rate", lambda expr: f"({expr}) / 2"),
    "events of a minute for a rate": (
        *("serve-steady", "ray-serve", "Requests by deployment"),
        lambda expr: expr.replace(" / 60)", ")"),
    ),
    "milliseconds for seconds": (
        "serve-steady",
        "ray-serve",
        "Latency (p95)",
        lambda expr: f"({expr}) / 1000",
    ),
    "increase, which loses what made the counter": (
        *("serve-errors", "ray-serve", "Server errors"),
        share_of_errors("increase(X[2m])"),
    ),
    "increase + births, an inner join": (
        *("serve-errors", "ray-serve", "Server errors"),
        share_of_errors("(increase(X[2m]) + (X unless X offset 2m))"),
    ),
    "the form of splits for a plain iterator": (
        *("train-long-epochs", "ray-data", "Rows delivered"),
        lambda expr: expr.replace('"no_split"', '"nobody"'),
    ),
    "the form of a plain iterator for splits": (
        *("train-long-epochs", "ray-data", "Rows delivered"),
        lambda expr: expr.replace('split!="no_split"', 'split="nobody"').replace('split="no_split"', 'split!="nobody"'),
    ),
    "a share of one replica": ("serve-errors", "ray-serve", "Exceptions", lambda expr: f"({expr}) / 2"),
}
"""What somebody could make of a query: the scenario that catches it, dashboard, panel, and the change."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_query_that_is_wrong_is_caught(
    scenarios: Mapping[str, Scenario], chart_shipped: Shipped, replays: Mapping[str, Api], name: str
) -> None:
    scenario, dashboard, panel, change = MUTANTS[name]
    changed = with_query(chart_shipped, dashboard, panel, change)
    assert panel in wrong(judge_on(replays[scenario], scenarios[scenario], kept.load(scenario), changed))


AT_ZERO = {
    ("inference", "What becomes of requests", "D"),
    ("ray-data", "Data sets that failed", "A"),
    ("ray-serve", "Apps not running", "A"),
    ("ray-serve", "Unhealthy replicas", "A"),
}
"""Targets that scenarios have only seen say that there is nothing."""

BLIND = AT_ZERO | {
    # A number is drawn as a word, and what is compared is whether it is there.
    ("gpu-training", "State of the training run", "A"),
    ("inference", "vLLM engines", "D"),
    # The bucket in which the truth lies begins at 0, or is as wide as what lies in it.
    ("inference", "Whole request", "A"),
    ("ray-serve", "Latency (p95)", "A"),
}
"""Targets of which no scenario notices that they say half."""


@pytest.mark.thorough
def test_half_of_what_is_true_is_caught_in_every_target_but_those_known_to_be_blind(
    scenarios: Mapping[str, Scenario], chart_shipped: Shipped, binaries: Binaries, replays: Mapping[str, Api]
) -> None:
    boards = {
        name: replace(board, targets=tuple(replace(target, expr=f"({target.expr}) / 2") for target in board.targets))
        for name, board in chart_shipped.boards.items()
    }
    halved = replace(chart_shipped, boards=boards)
    caught, compared, something = set(), set(), set()
    for name in kept.names():
        left = kept.load(name)
        with ExitStack() as stack:
            api = replays.get(name) or stack.enter_context(replayed(binaries, left.recording, chart_shipped.records))
            found = [*verdicts(scenarios[name], api, halved, left.events, left.recording)]
        for verdict in found:
            target = (verdict.comparison.dashboard, verdict.comparison.panel, verdict.comparison.target)
            compared.add(target)
            if not verdict.holds:
                caught.add(target)
            if verdict.true:
                something.add(target)
    assert compared - caught == BLIND
    assert compared - something == AT_ZERO


def test_two_panels_with_each_others_queries_are_caught(
    scenarios: Mapping[str, Scenario], chart_shipped: Shipped, replays: Mapping[str, Api]
) -> None:
    name = "serve-errors"
    one, two = "Request rate", "Server errors"
    queries = {title: query_of(chart_shipped, "ray-serve", title) for title in (one, two)}
    changed = with_query(chart_shipped, "ray-serve", one, lambda _: queries[two])
    changed = with_query(changed, "ray-serve", two, lambda _: queries[one])
    assert {one, two} <= wrong(judge_on(replays[name], scenarios[name], kept.load(name), changed))


def with_a_failed_scrape(left: kept.Kept, scrape: int) -> kept.Kept:
    """Returns a run in which one scrape of every Ray node has failed."""
    return replace(left, recording=left.recording.without_scrape(scrape, lambda labels: labels["job"] == "ray"))


def with_prometheus_down(left: kept.Kept, scrape: int) -> kept.Kept:
    """Returns a run in which Prometheus was down for ten minutes before a scrape, and nothing happened meanwhile."""
    at = scrape * INTERVAL
    events = tuple(replace(each, at=each.at + (DOWN * INTERVAL if each.at > at else 0)) for each in left.events)
    return kept.Kept(left.recording.with_gap(scrape, DOWN), events)


DOWN = 20
"""Scrapes that do not happen while Prometheus is down."""

NATURAL = "((X unless X offset 2m) or increase(X[2m]))"
"""Counts as new what was not there two minutes ago, as one would think of first."""


@pytest.mark.thorough
@pytest.mark.parametrize("disturb", [with_a_failed_scrape, with_prometheus_down])
def test_errors_that_the_natural_cure_invents_after_missing_scrapes_are_caught(
    scenarios: Mapping[str, Scenario],
    chart_shipped: Shipped,
    binaries: Binaries,
    disturb: Callable[[kept.Kept, int], kept.Kept],
) -> None:
    """What was not there two minutes ago may be old: then all that it ever counted is new. The panel stays right."""
    name, panel = "serve-errors", "Server errors"
    (item,) = (item for item in scenarios[name].compare if (item.panel, item.at) == (panel, "calm.end"))
    before = kept.load(name)
    ago = 120 if disturb is with_a_failed_scrape else 60
    left = disturb(before, int(moment(item.at, marks(before.events)) - ago) // INTERVAL)
    natural = with_query(chart_shipped, "ray-serve", panel, share_of_errors(NATURAL))
    lately = replace(item, truth=0.0, within=Tolerance(absolute=0.01))
    assert wrong(judge(replace(scenarios[name], compare=(lately,)), left, natural, binaries)) == {panel}
    assert wrong(judge(replace(scenarios[name], compare=(item,)), left, chart_shipped, binaries)) == set()

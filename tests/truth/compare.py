"""Holds what panels say against what a log says, on a Prometheus that holds a recording."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.signals import grafana
from tests.signals.motion import START
from tests.signals.server import QueryError
from tests.truth import replay
from tests.truth.events import Quantity, marks
from tests.truth.samples import INTERVAL
from tests.truth.scenario import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tests.live.shipped import Alert, Shipped
    from tests.signals.grafana import Board, Target
    from tests.signals.server import Api
    from tests.truth.events import Event
    from tests.truth.samples import Recording
    from tests.truth.scenario import Alerts, Comparison, Scenario


@dataclass(frozen=True)
class Verdict:
    """One comparison.

    Attributes:
        comparison: what was compared.
        said: what the panel says; None if it is empty.
        true: what the log says; None if the panel should be empty.
        low: the least that the panel may say.
        high: the most that it may say.
        error: why the panel has no number; "" if it has one or is empty.
    """

    comparison: Comparison
    said: float | None
    true: float | None
    low: float
    high: float
    error: str = ""

    @property
    def holds(self) -> bool:
        """Returns whether the panel tells the truth."""
        if self.error or self.said is None or self.true is None:
            return not self.error and self.said is None and self.true is None
        return self.low - 1e-9 <= self.said <= self.high + 1e-9

    @property
    def expected(self) -> bool:
        """Returns whether it is as the scenario says: true, or known to be wrong."""
        return self.holds != bool(self.comparison.wrong)


@dataclass(frozen=True)
class AlertVerdict:
    """One alert: what it did and what it should have done, both ``fire``, ``pending`` or ``rest``."""

    name: str
    did: str
    should: str
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Returns whether the alert did what it should; one that is allowed to fire need not."""
        return self.did == self.should or bool(self.reason) or (self.should == "rest" and self.did == "pending")


def verdicts(
    scenario: Scenario, api: Api, shipped: Shipped, events: Sequence[Event], recording: Recording
) -> list[Verdict]:
    """Compares every panel that a scenario names.

    Raises:
        KeyError: a dashboard, panel or mark that is not there.
    """
    known = marks(events)
    return [_verdict(item, api, shipped, events, recording, moment(item.at, known)) for item in scenario.compare]


def _verdict(
    item: Comparison, api: Api, shipped: Shipped, events: Sequence[Event], recording: Recording, at: float
) -> Verdict:
    true = item.truth.value(events, at) if isinstance(item.truth, Quantity) else item.truth
    low, high = bounds(item, true, events, recording, at)
    board = shipped.boards[item.dashboard]
    try:
        said = _said(item, target_of(board, item.panel, item.target), board, api, START + at)
    except (QueryError, AmbiguousError) as error:
        return Verdict(item, None, true, low, high, str(error))
    return Verdict(item, None if said is None else said * item.scale, true, low, high)


class AmbiguousError(Exception):
    """Several series where one number is wanted."""


def target_of(board: Board, panel: str, ref: str) -> Target:
    """Returns one query of a panel.

    Raises:
        KeyError: there is none; the text names the panels that there are.
    """
    for target in board.targets:
        if (target.panel, target.ref) == (panel, ref):
            return target
    there = ", ".join(dict.fromkeys(f"{target.panel} {target.ref}" for target in board.targets))
    raise KeyError(f"{board.name}: no panel '{panel} {ref}'; there are: {there}")


def _said(item: Comparison, target: Target, board: Board, api: Api, at: float) -> float | None:
    window = grafana.Window(at - board.seconds, at)
    expr = grafana.filled(target.expr, grafana.first_choice(board, api, window), window)
    numbers = [
        float(samples[-1][1])
        for labels, samples in api.instant(expr, at).series
        if samples[-1][1] != "NaN"
        and all(re.fullmatch(regex, labels.get(label, "")) for label, regex in item.series.items())
    ]
    if not numbers:
        return None
    if item.reduce in _REDUCE:
        return _REDUCE[item.reduce](numbers)
    if len(numbers) > 1:
        raise AmbiguousError(f"{len(numbers)} series, expected one: choose by `series` or `reduce`")
    return numbers[0]


_REDUCE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "count": len,
    "sum": sum,
    "max": max,
    "min": min,
    "mean": statistics.fmean,
}
"""How several series become one number."""

NEAR = 0.2
"""Share of the truth by which a percentile may be off besides: client and server start their clocks apart."""


def bounds(
    item: Comparison, true: float | None, events: Sequence[Event], recording: Recording, at: float
) -> tuple[float, float]:
    """Returns the least and the most that a panel may say."""
    within = item.within
    if true is None:
        return 0.0, 0.0
    low = high = true
    if within.scrapes and isinstance(item.truth, Quantity):
        low, high = _lately(item.truth, within.scrapes, events, at)
    if within.bucket:
        lower, upper = (edge * item.scale for edge in _bucket(recording, within.bucket, true / item.scale))
        low, high = min(low, lower, true * (1 - NEAR)), max(high, upper, true * (1 + NEAR))
    relative, absolute = within.relative or 0.0, within.absolute or 0.0
    return low - max(abs(low) * relative, absolute), high + max(abs(high) * relative, absolute)


def _lately(truth: Quantity, scrapes: float, events: Sequence[Event], at: float) -> tuple[float, float]:
    """Returns the least and the most that was true in the last scrape intervals: a panel may be as old as that."""
    steps = round(scrapes * INTERVAL / 5)
    values = [value for step in range(steps + 1) if (value := truth.value(events, at - 5 * step)) is not None]
    return min(values), max(values)


def _bucket(recording: Recording, family: str, true: float) -> tuple[float, float]:
    """Returns the edges of the bucket of a histogram in which a number lies.

    Raises:
        KeyError: the recording has no such histogram.
    """
    bounds = sorted(
        {
            float(dict(key)["le"])
            for target in recording.targets
            for key in target.series
            if dict(key)["__name__"] == f"{family}_bucket"
        }
    )
    if not bounds:
        raise KeyError(f"no series {family}_bucket in the recording")
    upper = next(bound for bound in bounds if bound >= true)
    return max((bound for bound in bounds if bound < true), default=0.0), upper


def alert_verdicts(expected: Alerts, api: Api, alerts: Iterable[Alert], seconds: int) -> list[AlertVerdict]:
    """Says what each alert did in a recording of some seconds, those left out that rested and should."""
    did: dict[str, str] = {}
    for alert in alerts:
        longest = replay.active(alert.rule, api, seconds)
        wait = min(alert.wait, expected.wait)
        state = "rest" if longest < 0 else "fire" if longest >= wait else "pending"
        did[alert.rule.name] = max(did.get(alert.rule.name, "rest"), state, key=_ORDER.index)
    unknown = (expected.fire | expected.pending | expected.allow.keys()) - did.keys()
    if unknown:
        raise KeyError(f"no alert {', '.join(sorted(unknown))}")
    found = [
        AlertVerdict(name, state, _should(name, expected), expected.allow.get(name, "")) for name, state in did.items()
    ]
    return [one for one in found if (one.did, one.should) != ("rest", "rest")]


_ORDER = ("rest", "pending", "fire")


def _should(name: str, expected: Alerts) -> str:
    return "fire" if name in expected.fire else "pending" if name in expected.pending else "rest"

"""Holds what a form says of random histories against their logs."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.counts.engine import evaluate
from tests.counts.forms import ALL, BAD, REQUESTS
from tests.counts.history import ERROR, SCRAPE, Habits, history, input_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.counts.forms import Form
    from tests.counts.history import History

WINDOWS = {"1h": 3600, "6h": 21600, "1d": 86400}
FEWEST = 5
"""Failures that a window must have for its share to be compared."""

CERTAIN = {"1h": 1.08, "6h": 1.009, "1d": 1.0025}
"""How much more than what is certain the requests of a window may be: what happens in one and a half minutes at each
of its ends, and not while Prometheus is down for long."""


@dataclass
class Verdict:
    """What was found.

    Attributes:
        instants: how many windows were looked at.
        outside: descriptions of windows of which more or fewer events were said than the log allows.
        errors: by window, how far each share of failures was from the log's, as a part of it: only of windows for which
            the log allows one number, as at their ends nothing failed and Prometheus was up.
    """

    instants: int = 0
    outside: list[str] = field(default_factory=list)
    errors: dict[str, list[float]] = field(default_factory=dict)

    def worst(self, window: str) -> float:
        """Returns the largest error of a window's shares."""
        return max(self.errors[window])


def verdict(promtool: str, form: Form, seeds: Sequence[int], habits: Habits, moments: int) -> Verdict:
    """Evaluates a form over histories at random moments and compares it with their logs.

    Args:
        promtool: the program.
        form: how events are counted.
        seeds: one for each history.
        habits: what may happen in them.
        moments: at how many moments.
    """
    histories = [(str(seed), history(seed, habits)) for seed in seeds]
    chance = random.Random(seeds[0])  # noqa: S311 - the same each time
    moments_by_window = {
        window: [chance.randrange(length + 300, habits.length) for _ in range(moments)]
        for window, length in WINDOWS.items()
        if length + 600 < habits.length
    }
    questions = [
        (form.of(record, window), float(at))
        for window, times in moments_by_window.items()
        for at in times
        for record in (BAD, ALL)
    ]
    answers = evaluate(promtool, input_series(histories, REQUESTS), form.groups(), questions, scrape=SCRAPE)
    found = Verdict(errors={window: [] for window in moments_by_window})
    for window, times in moments_by_window.items():
        for at in times:
            bad, requests = (answers[form.of(record, window), float(at)] for record in (BAD, ALL))
            for name, made in histories:
                _compare(found, window, at, made, name, bad.get(name, 0.0), requests.get(name, 0.0))
    return found


def _compare(found: Verdict, window: str, at: int, made: History, name: str, bad: float, requests: float) -> None:
    start = at - WINDOWS[window]
    failed, all_of_them = made.bounds(ERROR, start, at), made.bounds("", start, at)
    found.instants += 1
    if not (failed[0] <= bad <= failed[1] and all_of_them[0] <= requests <= all_of_them[1]):
        found.outside.append(
            f"history {name}, {window} before {at} s: {bad:g} of {requests:g} failed, expected {failed[0]} to "
            f"{failed[1]} of {all_of_them[0]} to {all_of_them[1]}"
        )
    true = made.happened(ERROR, start, at)
    if true >= FEWEST and failed[0] == failed[1] and all_of_them[1] <= all_of_them[0] * CERTAIN[window]:
        share = true / made.happened("", start, at)
        found.errors[window].append(abs((bad / requests if requests else 0.0) / share - 1))

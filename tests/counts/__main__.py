"""Holds every form of counting against the logs of many histories: ``python -m tests.counts --histories 1000``.

1,000 histories of 26 hours take some 20 minutes, which is why the tests take few and short ones. It fails if what ships
says of any window more or fewer events than the log allows, or errs by more than 1 % over six hours or a day.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tests.counts.forms import COUNTS, WRONG
from tests.counts.history import Habits, history
from tests.counts.proof import Verdict, verdict
from tests.signals.binaries import NotFoundError, find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.counts.forms import Form

BATCH = 20
"""Histories of one run of promtool, which holds all of them in memory."""

BOUND = 0.01


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line for each form; returns 1 if what ships is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.counts", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--histories", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--hours", type=int, default=26, help="how long each is (26)")
    parser.add_argument("--moments", type=int, default=6, help="at how many moments each window is looked at (6)")
    parser.add_argument("--all", action="store_true", help="the forms that are wrong too")
    options = parser.parse_args(arguments)
    try:
        promtool = str(find().promtool)
    except NotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    habits = Habits(length=options.hours * 3600)
    _histories(options.histories, habits)
    wrong = False
    for form in (COUNTS, *(WRONG if options.all else ())):
        found = _found(promtool, form, options.histories, habits, options.moments)
        _print(form, found)
        if form is COUNTS:
            wrong = bool(found.outside) or any(found.worst(window) > BOUND for window in found.errors if window != "1h")
            for line in found.outside[:10]:
                sys.stdout.write(f"  {line}\n")
    return int(wrong)


def _histories(number: int, habits: Habits) -> None:
    made = [history(seed, habits) for seed in range(min(number, 50))]
    seen = sum(event.number for one in made for event in one.events)
    unseen, hidden = sum(one.unseen for one in made), sum(lost for one in made for _, _, lost in one.hidden)
    sys.stdout.write(
        f"{len(made)} histories: {seen} events seen, {unseen} by no scrape, {hidden} hidden by new starts or pods\n"
    )


def _found(promtool: str, form: Form, number: int, habits: Habits, moments: int) -> Verdict:
    whole = Verdict()
    for first in range(0, number, BATCH):
        found = verdict(promtool, form, range(first, min(first + BATCH, number)), habits, moments)
        whole.instants += found.instants
        whole.outside += found.outside
        for window, errors in found.errors.items():
            whole.errors.setdefault(window, []).extend(errors)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{form.name}: {first + BATCH} of {number}")
    return whole


def _print(form: Form, found: Verdict) -> None:
    shares = []
    for window, errors in found.errors.items():
        ordered = sorted(errors)
        middle, most = ordered[len(ordered) // 2], ordered[-1]
        shares.append(f"{window}: {len(ordered)} shares, median error {middle:.2%}, largest {most:.2%}")
    sys.stdout.write(f"{form.name}: {len(found.outside)} of {found.instants} windows outside; {'; '.join(shares)}\n")


if __name__ == "__main__":
    sys.exit(main())

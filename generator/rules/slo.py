"""Alerts on an error budget: two windows each, a long one that proves a trend and a short one that ends the alert.

The share of events slower than a bound is compared by way of a percentile: "more than 14.4 times 5 % are slower than
3 s" says the same as "the percentile at 1 - 14.4 * 5 % lies above 3 s". So no bucket's bound (``le``) stands in an
expression: vLLM's can be replaced, and a bound that no bucket has would make an alert that never fires. It works
for native histograms too.

What is compared are sums of counts over the whole window (see counts.py), never means of rates: a rate of failures that
is not there before the first failure would be averaged over its own short life. Three bad minutes in a healthy day at
2.6 % of an hour's events came out as 21.8 % that way, and paged. Against an exact log of events on Prometheus 3.14 the
sums are right to 0.1 % over six hours and longer; over an hour they err by what happens within a minute and a scrape of
its ends. They need no zeros: the sum of a record that is not there is rightly nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.rules.numbers import mark
from generator.rules.spec import Alert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.rules.spec import Severity, Slo

_FAST = (("14.4", "1h", "5m"), ("6", "6h", "30m"))
"""(how many times faster than allowed the budget burns, long window, short window): at these speeds the budget of 30
days lasts 2 and 5 days. The windows are those of the Google SRE workbook, chapter 5."""
_SLOW = (("3", "1d", "2h"),)
"""The budget of 30 days lasts 10 days."""


def slo_alerts(name: str, slo: Slo) -> Iterator[Alert]:
    """Yields the two alerts of an objective; ``name`` is the objective's name in the file."""
    speeds: tuple[tuple[str, Severity, str, str, tuple[tuple[str, str, str], ...]], ...] = (
        ("Fast", "critical", "2m", "a month's budget lasts days", _FAST),
        ("Slow", "warning", "15m", "a month's budget lasts ten days", _SLOW),
    )
    for suffix, severity, wait, pace, windows in speeds:
        periods = " or ".join(long for _, long, _ in windows)
        yield Alert(
            alert=f"{slo.alert}{suffix}",
            expr="\nor\n".join(_burning(name, slo, *window) for window in windows),
            severity=severity,
            summary=f"{slo.summary}: {pace}",
            description=f"{slo.description} {_measured(name, slo, periods)}",
            labels={"slo": name},
            runbook=slo.alert,
            wait=wait,
        )


def _burning(name: str, slo: Slo, factor: str, long: str, short: str) -> str:
    objective, minimum = (mark(("slos", name, field)) for field in ("objective", "minimum"))
    if slo.buckets:
        seconds = mark(("slos", name, "seconds"))
        tests = [
            f"histogram_quantile(1 - {factor} * (1 - {objective}), {_over(slo.buckets, window)}) > {seconds}"
            for window in (long, short)
        ]
    else:
        tests = [
            f"{_over(slo.bad, window)} / {_over(slo.events, window)} > {factor} * (1 - {objective})"
            for window in (long, short)
        ]
    tests.append(f"{_over(slo.events, long)} >= {minimum}")
    return "(\n  " + "\n  and\n  ".join(tests) + "\n)"


def _over(record: str, window: str) -> str:
    """Returns how many events a record of counts has in a window."""
    return f"sum_over_time({record}[{window}])"


def _measured(name: str, slo: Slo, periods: str) -> str:
    objective = f"{{{{ {mark(('slos', name, 'objective'))} | humanizePercentage }}}}"
    if slo.buckets:
        seconds = f"{{{{ {mark(('slos', name, 'seconds'))} | humanizeDuration }}}}"
        return (
            f"Over {periods} the slow ones took {{{{ $value | humanizeDuration }}}} or more; "
            f"{objective} have to stay below {seconds}."
        )
    return f"Over {periods} {{{{ $value | humanizePercentage }}}} failed; {objective} have to succeed."

"""The form that ships, and those that seem natural and are wrong.

A form is two records, of failures and of all requests, and how the number of events in a window is made of one.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.promql.increase import exact_increase
from generator.rules.counts import count_expression, guard_rules
from generator.rules.spec import Count

REQUESTS = "requests_total"
BAD, ALL = "history:bad:record", "history:all:record"
_RULES = "history"
FAILED = f'{REQUESTS}{{code="503"}}'
_COUNTS = [Count("", selector, ("history",), "") for selector in (FAILED, REQUESTS)]


@dataclass(frozen=True)
class Form:
    """One way to count.

    Attributes:
        name: what it is called.
        bad: the record of failures.
        requests: the record of all requests.
        number: how many events a record has in a window, RECORD and WINDOW filled in.
    """

    name: str
    bad: str
    requests: str
    number: str = "sum_over_time(RECORD[WINDOW])"

    def groups(self) -> list[dict[str, object]]:
        """Returns the group of rules."""
        records = [{"record": BAD, "expr": self.bad}, {"record": ALL, "expr": self.requests}]
        return [{"name": "counts", "interval": "1m", "rules": [*guard_rules(_RULES, _COUNTS), *records]}]

    def of(self, record: str, window: str) -> str:
        """Returns the expression for the events of a record in a window."""
        return self.number.replace("RECORD", record).replace("WINDOW", window)


def _form(name: str, pattern: str, number: str = "sum_over_time(RECORD[WINDOW])") -> Form:
    bad, requests = (f"sum by (history) ({pattern.replace('X', one)})" for one in (FAILED, REQUESTS))
    return Form(name, bad, requests, number)


COUNTS = Form("counts", *(count_expression(count, _RULES) for count in _COUNTS))
"""What ships."""

WRONG = (
    _form("increase", "increase(X[1m])"),
    _form("births added to increase", "increase(X[1m]) + (X unless X offset 1m)"),
    _form("births beside increase", "(X unless X offset 1m) or increase(X[1m])"),
    _form("mean of rates", "rate(X[5m])", "avg_over_time(RECORD[WINDOW])"),
)

UNGUARDED = _form("births believed everywhere", exact_increase("X", "1m"))
"""What ships, without its guard against counters that are older than Prometheus."""

"""Records of counts: how many events of a counter are new, minute by minute, for whatever sums them up.

``sum_over_time(record[6h])`` is the number of events in six hours, and the share of failures is one such sum over
another. It is right with counters that are born with their first event, which ``rate`` and ``increase`` are not, and it
costs less than they do: it reads one series where they read those of every pod. promql/increase.py has the form.

A group of records of counts is evaluated each minute, whatever the interval of the others, because each evaluation
looks back one minute: minutes lie side by side, so that no event is counted twice or left out, whatever the interval of
the scrapes up to an hour. An evaluation that Prometheus skips loses the events of its minute.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.promql.increase import guarded_increase, refusing_targets, unwatched_targets
from generator.promql.literals import STRING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.rules.spec import Count

_MATCHER = re.compile(rf"(\w+)\s*(?:=~|!~|!=|=)\s*(?:{STRING})", re.DOTALL)

INTERVAL = "1m"
"""How often the group is evaluated, and how far back each evaluation looks."""


def guard_rules(rules: str, counts: Iterable[Count]) -> list[dict[str, Any]]:
    """Returns the first rules of a file's records of counts: targets whose counters may be older than Prometheus knows.

    Each count would ask ``up`` of all targets for it, which costs more than most counts do. They are records of the
    file's own, since a group may read what it has recorded at the same moment, and another group's may be off. Where
    all counts name the same jobs, only those are asked.

    Args:
        rules: the name of the file of rules.
        counts: what the file counts, selectors as written.
    """
    named = {_jobs(count.selector) for count in counts}
    matchers = named.pop() if len(named) == 1 else ""
    refusing = _guard("refusing", rules)
    return [
        {"record": refusing, "expr": refusing_targets(INTERVAL, matchers)},
        {"record": _guard("unwatched", rules), "expr": unwatched_targets(INTERVAL, refusing, matchers)},
        {"record": evaluations(rules), "expr": "vector(1)"},
    ]


def evaluations(rules: str) -> str:
    """Returns the name of the record that is there at each evaluation of a file's records of counts.

    What divides a sum of counts by the minutes that it is of reads it: the counts themselves are not there before the
    first event, and not each minute is evaluated.

    Args:
        rules: the name of the file of rules.
    """
    return f"group:evaluations_by_{_in_name(rules)}:count"


def _guard(what: str, rules: str) -> str:
    return f"job_instance:up_{what}_by_{_in_name(rules)}:max"


def _in_name(rules: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]", "_", rules)


def _jobs(selector: str) -> str:
    """Returns the matchers of a selector on the label job, "" if there are none."""
    matchers = (match[0] for match in _MATCHER.finditer(selector) if match[1] == "job")
    return ",".join(sorted(matchers))


def count_expression(count: Count, rules: str) -> str:
    """Returns the expression of a record of counts, with shorthands.

    Args:
        count: what is counted.
        rules: the name of the file of rules that it stands in.
    """
    new = guarded_increase(count.selector, INTERVAL, _guard("unwatched", rules))
    if count.only_with:
        new += f"\nand on ({', '.join(count.only_on)}) ({count.only_with})"
    return f"sum by ({', '.join(count.by)}) (\n{new}\n)"

"""Records of counts: how many events of a counter are new, minute by minute, for whatever sums them up.

``sum_over_time(record[6h])`` is the number of events in six hours, and the share of failures is one such sum over
another. It is right with counters that are born with their first event, which ``rate`` and ``increase`` are not, and it
costs less than they do: it reads one series where they read those of every pod. promql/increase.py has the form.

A group of records of counts is evaluated each minute, whatever the interval of the others, because each evaluation
looks back one minute: minutes lie side by side, so that no event is counted twice or left out, whatever the interval of
the scrapes up to an hour. An evaluation that Prometheus skips loses the events of its minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.promql.increase import guarded_increase

if TYPE_CHECKING:
    from generator.rules.spec import Count

INTERVAL = "1m"
"""How often the group is evaluated, and how far back each evaluation looks."""


def count_expression(count: Count) -> str:
    """Returns the expression of a record of counts, with shorthands."""
    new = guarded_increase(count.selector, INTERVAL)
    if count.only_with:
        new += f"\nand on ({', '.join(count.only_on)}) ({count.only_with})"
    return f"sum by ({', '.join(count.by)}) (\n{new}\n)"

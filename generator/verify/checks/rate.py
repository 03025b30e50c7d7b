"""Are counters read with rate() and its like, and gauges with delta() and its like?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.promql.increase import INCREASE
from generator.verify.hooks import Check, Issue
from generator.verify.infer import FOR_COUNTERS, FOR_GAUGES, first_vector
from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Call
    from generator.verify.hooks import Issues
    from generator.verify.vectors import Vector


def _of_a_gauge(node: Call, args: Sequence[Vector]) -> Issues:
    vector, name = first_vector(args), node.function
    if vector is None:
        return
    # One that only grows is a counter; but rate() needs two samples in its window, which one that vanishes seldom has.
    falling = vector.gauges - (vector.growing - vector.fleeting)
    if falling:
        hint = "use delta or deriv, or avg_over_time"
        yield Issue(tuple(sorted(falling)), f"{name}() of the gauge {quoted(falling)}", hint)
    if vector.summed and vector.counters:
        hint = f"take the {name} first and add up then: a restart of one looks like a restart of all"
        message = f"{name}() of counters that were added up before: {quoted(vector.counters)}"
        yield Issue(tuple(sorted(vector.counters)), message, hint)


def _new_of_a_gauge(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    falling = frozenset() if vector is None else vector.gauges - vector.growing
    if falling:
        message = f"{node.function} of the gauge {quoted(falling)}, which may fall"
        yield Issue(tuple(sorted(falling)), message, "use delta; metrics/ says `grows` of a gauge that only grows")


def _of_a_counter(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    if vector is not None and vector.counters:
        hint = "use rate or increase, which know of restarts"
        message = f"{node.function}() of the counter {quoted(vector.counters)}"
        yield Issue(tuple(sorted(vector.counters)), message, hint)


CHECK = Check(
    name="rate",
    summary=(
        "`rate()` and its like on a gauge that may fall or on counters added up before; `$increase:` of such a gauge; "
        "`delta()` and its like on a counter."
    ),
    on_call={
        INCREASE: _new_of_a_gauge,
        **dict.fromkeys(sorted(FOR_COUNTERS), _of_a_gauge),
        **dict.fromkeys(sorted(FOR_GAUGES), _of_a_counter),
    },
)

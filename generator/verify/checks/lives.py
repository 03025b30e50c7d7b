"""Is a gauge that vanishes soon after it was set taken for one that stays?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.binary import SETS
from generator.verify.hooks import Check, Issue
from generator.verify.infer import first_vector
from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Binary, Call
    from generator.verify.hooks import Issues
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item
    from generator.verify.vectors import Vector

_ONE_VALUE = frozenset({"bargauge", "gauge", "stat"})
"""Types of panels that show the present and nothing besides."""
_STAYS = "ask what stays: a counter or a histogram of the same process, or Ray Serve's status"
_WINDOW = "last_over_time or max_over_time over no more than the longest time between two sets"


def _joined(node: Binary, left: Vector, right: Vector) -> Issues:
    if left.scalar or right.scalar or node.operator == "or":
        return
    if node.operator in SETS:
        deciding = right.fleeting if not left.fleeting else frozenset()
    else:
        # A gauge whose value counts, as in a share, is what is shown; one that is only there keeps others alive.
        deciding = frozenset().union(
            *(
                side.fleeting
                for side, other in ((left, right), (right, left))
                if not other.fleeting and not side.gauges and not side.counters
            )
        )
    if deciding:
        message = f"'{node.operator}' shows the other side only while {quoted(deciding)} is there, {_fate(deciding)}"
        yield Issue(tuple(sorted(deciding)), message, f"{_STAYS}; or {_WINDOW}")


def _absent(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    if vector is not None and vector.fleeting:
        message = f"{node.function}() of {quoted(vector.fleeting)}, {_fate(vector.fleeting)}"
        yield Issue(tuple(sorted(vector.fleeting)), message, _STAYS)


def _result(item: Item, vector: Vector, _names: MetricNames) -> Issues:
    expression, names = item.expression, vector.fleeting
    if not names:
        return
    if expression.kind == "alert" and expression.wait:
        message = f"'for: {expression.wait}' starts again with each gap of {quoted(names)}, {_fate(names)}"
        yield Issue(tuple(sorted(names)), message, f"{_WINDOW}; or {_STAYS}")
    elif expression.kind == "variable":
        message = f"the menu is filled from {quoted(names)}, {_fate(names)}"
        yield Issue(tuple(sorted(names)), message, _STAYS)
    elif expression.kind == "target" and expression.panel in _ONE_VALUE:
        message = f"the {expression.panel} is empty without {quoted(names)}, {_fate(names)}"
        yield Issue(tuple(sorted(names)), message, f"add 'or 0 * ...' of what stays; or {_WINDOW}")


def _fate(names: frozenset[str]) -> str:
    return "which vanish soon after they were set" if len(names) > 1 else "which vanishes soon after it was set"


CHECK = Check(
    name="lives",
    summary=(
        "A gauge that vanishes soon after it was set (`lives` in metrics/) decides what a join shows, has to hold for "
        "an alert's `for`, fills a menu, or is all that a stat asks; `absent()` of one."
    ),
    on_call={"absent": _absent},
    on_binary=_joined,
    on_result=_result,
)

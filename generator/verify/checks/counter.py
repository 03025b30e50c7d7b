"""Is a counter's raw value shown or recorded?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.promql.parser import Binary, Number
from generator.verify.binary import COMPARISONS
from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from generator.verify.hooks import Issues
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item
    from generator.verify.vectors import Vector


def _raw(item: Item, vector: Vector, _names: MetricNames) -> Issues:
    kind = item.expression.kind
    if not vector.counters or kind == "variable" or (kind == "alert" and _asks_presence(item.tree)):
        return
    for name in sorted(vector.counters):
        message = f"the counter '{name}' is used as it is; its value only grows, and starts again with its process"
        yield Issue((name,), message, "use rate or increase; > 0 in an alert asks whether it ever counted")


def _asks_presence(tree: Any) -> bool:
    """Returns whether an alert only asks whether something was ever counted: every part is a comparison with 0."""
    if not isinstance(tree, Binary):
        return False
    if tree.operator in {"and", "or"}:
        return _asks_presence(tree.left) and _asks_presence(tree.right)
    if tree.operator == "unless":
        return _asks_presence(tree.left)
    return tree.operator in COMPARISONS and any(
        isinstance(side, Number) and not side.value for side in (tree.left, tree.right)
    )


CHECK = Check(
    name="counter",
    summary=(
        "A counter's raw value is shown or recorded. Whether it is there and since when may be asked: `count`, "
        "`group`, `absent`, `timestamp`, `changes`, the right side of `and` and `unless`, `> bool 0`, an alert's `> 0`."
    ),
    on_result=_raw,
)

"""Is a value shown, added or compared in the unit that it has?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.promql import units
from generator.verify.binary import COMPARISONS, unlike
from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from generator.promql.parser import Binary
    from generator.verify.hooks import Issues
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item
    from generator.verify.vectors import Vector

_ALIKE = frozenset({"+", "-", "%"}) | COMPARISONS
"""Operators whose sides have to be of one unit."""


def _mixed(node: Binary, left: Vector, right: Vector) -> Issues:
    if left.unit is None or right.unit is None or (left.scalar and right.scalar):
        return
    words = f"'{node.operator}' between {{}} and {{}}"
    if node.operator in _ALIKE:
        if unlike(node.operator, left, right):
            both = node.operator == "+" and units.is_time(left.unit) and units.is_time(right.unit)
            hint = "two points in time do not add up; subtract them, or add a time to one" if both else _HINT
            yield Issue((node.operator,), words.format(units.text(left.unit), units.text(right.unit)), hint)
    elif node.operator == "or" and not units.same(left.unit, right.unit):
        message = f"{words.format(units.text(left.unit), units.text(right.unit))}, which one panel shows alike"
        yield Issue(("or",), message, _HINT)


_HINT = "convert one of them"


def _shown(item: Item, vector: Vector, _names: MetricNames) -> Issues:
    expression = item.expression
    if expression.unit and vector.unit and units.shown_wrong(vector.unit, expression.unit):
        message = f"shown as '{expression.unit}', but its value is {units.text(vector.unit)}"
        yield Issue((expression.unit,), message, "convert it, or change the unit", "unit")


CHECK = Check(
    name="unit",
    summary="A value is shown, added, subtracted or compared in a unit that it does not have.",
    on_binary=_mixed,
    on_result=_shown,
)

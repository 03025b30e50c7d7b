"""What comes out of a binary operator: which labels stay, and in what unit the result is.

Whether the two sides make sense together is for the checks to say (checks/join.py, label.py, unit.py).
"""

from __future__ import annotations

import operator as arithmetic
import re
from typing import TYPE_CHECKING

from generator.promql import units
from generator.verify.vectors import ONE, Vector, label_sets_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.promql.parser import Binary
    from generator.verify.vectors import LabelSet

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
SETS = frozenset({"and", "or", "unless"})
_FOLD: dict[str, Callable[[float, float], float]] = {
    "+": arithmetic.add,
    "-": arithmetic.sub,
    "*": arithmetic.mul,
    "/": lambda left, right: left / right if right else float("nan"),
}

_BEGUN = re.compile(
    r"_(?:accepted|acquired|admitted|allocated|created|enqueued|opened|received|started|submitted)(?=_|$)"
)
"""In the name of a counter: what it counts has a begin, and an end that another one counts."""


def combined(node: Binary, left: Vector, right: Vector) -> Vector:
    """Returns what is known of the result of a binary operator."""
    if left.scalar and right.scalar:
        return _scalars(node, left, right)
    if left.scalar or right.scalar:
        return _with_scalar(node, left, right)
    if node.operator in SETS:
        return _sets(node, left, right)
    return _matched(node, left, right)


def _scalars(node: Binary, left: Vector, right: Vector) -> Vector:
    fold = _FOLD.get(node.operator)
    number = None
    if fold and left.number is not None and right.number is not None:
        number = fold(left.number, right.number)
    unit = None if number is not None else _unit(node, left, right)
    return Vector(ONE, scalar=True, number=number, unit=unit)


def _with_scalar(node: Binary, left: Vector, right: Vector) -> Vector:
    vector, scalar = (right, left) if left.scalar else (left, right)
    if node.operator in COMPARISONS:
        if not node.flag:
            return vector._replace(window=0.0)
        # Whether a counter counted at all is a question that its raw value answers; how much it did is not.
        counters = vector.counters if scalar.number != 0 else frozenset()
        return _plain(vector)._replace(unit=units.FLAG, counters=counters)
    if node.operator == "*" and scalar.number == 0:
        # `x * 0 + 1` asks whether the series are there, and turns them into a factor for a join.
        return _plain(vector)._replace(zero=True)
    unit = _unit(node, left, right)
    window = vector.window if node.operator in {"*", "/"} and scalar.number == 1 else 0.0
    return vector._replace(unit=unit, observed=None, named=False, window=window, has_offset=False, zero=False)


def _plain(vector: Vector) -> Vector:
    """Returns the series without what their values were."""
    return Vector(vector.label_sets, off=vector.off, fleeting=vector.fleeting, vague=vector.vague)


def _sets(node: Binary, left: Vector, right: Vector) -> Vector:
    if node.operator != "or":
        off = left.off or (right.off if node.operator == "and" else frozenset())
        return left._replace(off=off)
    label_sets: frozenset[LabelSet] | None = None
    sides: tuple[frozenset[LabelSet], ...] = ()
    if left.label_sets is not None and right.label_sets is not None:
        label_sets = label_sets_of([*left.label_sets, *right.label_sets])
        sides = (*(left.sides or (left.label_sets,)), *(right.sides or (right.label_sets,)))
    return Vector(
        label_sets,
        sides=sides,
        unit=left.unit if right.zero else right.unit if left.zero else units.joined(left.unit, right.unit),
        observed=units.joined(left.observed, right.observed) if left.buckets and right.buckets else None,
        window=left.window if left.window == right.window else 0.0,
        counters=left.counters | right.counters,
        gauges=left.gauges | right.gauges,
        buckets=left.buckets | right.buckets,
        summed=left.summed or right.summed,
        quantile=left.quantile or right.quantile,
        named=left.named and right.named,
        # Zeros in place of what never comes say nothing.
        off=left.off | right.off if left.off and (right.off or right.zero) else frozenset(),
        # What stays fills the gaps of what does not.
        fleeting=left.fleeting | right.fleeting if left.fleeting and right.fleeting else frozenset(),
        estimated=left.estimated | right.estimated,
        vague=left.vague or right.vague,
    )


def _matched(node: Binary, left: Vector, right: Vector) -> Vector:
    label_sets = _result_shapes(node, right if node.group == "right" else left)
    compare = node.operator in COMPARISONS
    if compare and node.flag:
        return Vector(
            label_sets,
            unit=units.FLAG,
            off=left.off | right.off,
            fleeting=left.fleeting | right.fleeting,
            vague=left.vague or right.vague,
        )
    level = node.operator == "-" and (
        (left.counters == right.counters and right.has_offset) or _in_flight(left.counters, right.counters)
    )
    return Vector(
        label_sets,
        unit=_unit(node, left, right),
        observed=left.observed if compare else None,
        counters=frozenset() if level else left.counters | (frozenset() if compare else right.counters),
        gauges=left.gauges if compare else frozenset(),
        buckets=left.buckets | right.buckets,
        quantile=left.quantile if compare else "",
        named=left.named and compare,
        off=left.off | right.off,
        fleeting=left.fleeting | right.fleeting,
        estimated=left.estimated | (frozenset() if compare else right.estimated),
        vague=left.vague or right.vague,
    )


def _in_flight(begun: frozenset[str], ended: frozenset[str]) -> bool:
    """Returns whether one counter is of what began and the other of what ended of it: they differ by what has not yet.

    Both belong to one process, so that they start again together: their names begin alike.
    """
    return len(begun) == len(ended) == 1 and all(
        _BEGUN.search(first) and not _BEGUN.search(second) and first.split("_")[:2] == second.split("_")[:2]
        for first, second in zip(begun, ended, strict=True)
    )


def _result_shapes(node: Binary, many: Vector) -> frozenset[LabelSet] | None:
    """Returns the labels of the result; ``many`` is the side whose labels stay."""
    labels = frozenset(node.on or ())
    include = frozenset(node.include)
    if many.label_sets is None:
        known = node.on is not None and not node.ignoring and not node.group
        return frozenset({labels}) if known else None
    if node.group:
        return label_sets_of(label_set | include for label_set in many.label_sets)
    if node.on is None:
        return many.label_sets
    if node.ignoring:
        return label_sets_of(label_set - labels for label_set in many.label_sets)
    return label_sets_of(label_set & labels for label_set in many.label_sets)


def _unit(node: Binary, left: Vector, right: Vector) -> units.Unit | None:
    """Returns the unit of the result; None if it cannot be told."""
    if node.operator == "*":
        return _product(left, right)
    if node.operator == "/":
        return _quotient(left, right)
    if node.operator in COMPARISONS:
        unit = right.unit if left.number is not None else left.unit
        return None if unlike(node.operator, left, right) else unit
    return _sum(node, left, right) if node.operator in {"+", "-", "%"} else None


def _sum(node: Binary, left: Vector, right: Vector) -> units.Unit | None:
    """Returns the unit of two values that have to be of one unit; a number takes on any."""
    if left.number is not None or right.number is not None:
        return (right if left.number is not None else left).unit
    if unlike(node.operator, left, right):
        return None
    moved = units.moved(node.operator, left.unit, right.unit)
    return moved or (units.difference if node.operator == "-" else units.joined)(left.unit, right.unit)


def unlike(operator: str, left: Vector, right: Vector) -> bool:
    """Returns whether adding, subtracting or comparing two values makes no sense: they are of different units.

    A number takes on any unit. A time may be added to a point in time, and taken off it; two points do not add up.
    """
    if left.number is not None or right.number is not None or left.unit is None or right.unit is None:
        return False
    if operator == "+" and units.is_time(left.unit) and units.is_time(right.unit):
        return True
    return not units.same(left.unit, right.unit) and units.moved(operator, left.unit, right.unit) is None


def _product(left: Vector, right: Vector) -> units.Unit | None:
    if left.number is not None:
        return units.rescaled(right.unit, left.number)
    if right.number is not None:
        return units.rescaled(left.unit, right.number)
    return units.product(left.unit, right.unit)


def _quotient(left: Vector, right: Vector) -> units.Unit | None:
    if left.number is not None:
        return units.inverse(right.unit)
    if right.number is None:
        return units.quotient(left.unit, right.unit)
    if not right.number:
        return None
    if left.window and left.window == right.number:
        return units.per_second(left.unit)
    return units.rescaled(left.unit, 1 / right.number)

"""What comes out of a binary operator: which series meet, what labels stay, and in what unit the result is."""

from __future__ import annotations

import operator as arithmetic
from typing import TYPE_CHECKING

from generator.promql import units
from generator.verify.names import nearest_label, quoted
from generator.verify.vectors import ONE, Vector, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.promql.parser import Binary
    from generator.verify.vectors import Shape

    Report = Callable[[str, str, str, str], None]

_COMPARE = frozenset({"==", "!=", "<", "<=", ">", ">="})
_SETS = frozenset({"and", "or", "unless"})
_FOLD: dict[str, Callable[[float, float], float]] = {
    "+": arithmetic.add,
    "-": arithmetic.sub,
    "*": arithmetic.mul,
    "/": lambda left, right: left / right if right else float("nan"),
}


def combined(node: Binary, left: Vector, right: Vector, report: Report) -> Vector:
    """Gives what is known of the result of a binary operator, and reports what is wrong with it."""
    if left.scalar and right.scalar:
        return _scalars(node, left, right)
    if left.scalar or right.scalar:
        return _with_scalar(node, left, right, report)
    if node.operator in _SETS:
        return _sets(node, left, right, report)
    return _matched(node, left, right, report)


def _scalars(node: Binary, left: Vector, right: Vector) -> Vector:
    fold = _FOLD.get(node.operator)
    number = None
    if fold and left.number is not None and right.number is not None:
        number = fold(left.number, right.number)
    unit = _unit(node, left, right, lambda *_found: None)
    return Vector(ONE, scalar=True, number=number, unit=None if number is not None else unit)


def _with_scalar(node: Binary, left: Vector, right: Vector, report: Report) -> Vector:
    vector, scalar = (right, left) if left.scalar else (left, right)
    unit = _unit(node, left, right, report)
    if node.operator in _COMPARE:
        if not node.flag:
            return vector._replace(window=0.0)
        # Whether a counter counted at all is a question that its raw value answers; how much it did is not.
        counters = vector.counters if scalar.number != 0 else frozenset()
        return _plain(vector)._replace(unit=units.FLAG, counters=counters)
    if node.operator == "*" and scalar.number == 0:
        # `x * 0 + 1` asks whether the series are there, and turns them into a factor for a join.
        return _plain(vector)
    window = vector.window if node.operator in {"*", "/"} and scalar.number == 1 else 0.0
    return vector._replace(unit=unit, observed=None, named=False, window=window, moved=False)


def _plain(vector: Vector) -> Vector:
    """Gives the series without what their values were."""
    return Vector(vector.shapes, off=vector.off, vague=vector.vague)


def _sets(node: Binary, left: Vector, right: Vector, report: Report) -> Vector:
    if node.operator != "or":
        _check_matching(node, left, right, report)
        off = left.off or (right.off if node.operator == "and" else frozenset())
        return left._replace(off=off)
    for label in node.on or ():
        if not (node.ignoring or left.carries(label) or right.carries(label)):
            _missing(label, "'or' matches on", left, report)
    if not units.same(left.unit, right.unit) and left.unit and right.unit:
        message = f"'or' between {units.text(left.unit)} and {units.text(right.unit)}, which one panel shows alike"
        report("unit", "or", message, "convert one of them")
    shapes: frozenset[Shape] | None = None
    sides: tuple[frozenset[Shape], ...] = ()
    if left.shapes is not None and right.shapes is not None:
        shapes = shapes_of([*left.shapes, *right.shapes])
        sides = (*(left.sides or (left.shapes,)), *(right.sides or (right.shapes,)))
    return Vector(
        shapes,
        sides=sides,
        unit=units.joined(left.unit, right.unit),
        observed=units.joined(left.observed, right.observed) if left.buckets and right.buckets else None,
        counters=left.counters | right.counters,
        gauges=left.gauges | right.gauges,
        buckets=left.buckets | right.buckets,
        summed=left.summed or right.summed,
        quantile=left.quantile or right.quantile,
        named=left.named and right.named,
        off=left.off | right.off if left.off and right.off else frozenset(),
        vague=left.vague or right.vague,
    )


def _matched(node: Binary, left: Vector, right: Vector, report: Report) -> Vector:
    _check_matching(node, left, right, report)
    unit = _unit(node, left, right, report)
    many, one = (right, left) if node.group == "right" else (left, right)
    shapes = _result_shapes(node, many, one, report)
    compare = node.operator in _COMPARE
    if compare and node.flag:
        return Vector(shapes, unit=units.FLAG, off=left.off | right.off, vague=left.vague or right.vague)
    increase = node.operator == "-" and left.counters == right.counters and right.moved
    return Vector(
        shapes,
        unit=unit,
        observed=left.observed if compare else None,
        counters=frozenset() if increase else left.counters | (frozenset() if compare else right.counters),
        gauges=left.gauges if compare else frozenset(),
        buckets=left.buckets | right.buckets,
        quantile=left.quantile if compare else "",
        named=left.named and compare,
        off=left.off | right.off,
        vague=left.vague or right.vague,
    )


def _check_matching(node: Binary, left: Vector, right: Vector, report: Report) -> None:
    """Reports labels that a side does not carry, and sides that can never meet."""
    if left.shapes is None or right.shapes is None:
        return
    if node.on is not None and not node.ignoring:
        sound = [_joins(node, label, left, right, report) for label in node.on]
        if all(sound):
            _check_buckets(node, left, right, report)
        return
    ignored = frozenset(node.on or ())
    for label in sorted(ignored):
        if not (left.carries(label) or right.carries(label)):
            _missing(label, f"'{node.operator}' ignores", left, report)
    if not any(one - ignored == other - ignored for one in left.shapes for other in right.shapes):
        _never(node, left, right, ignored, report)


def _joins(node: Binary, label: str, left: Vector, right: Vector, report: Report) -> bool:
    """Says whether both sides carry a label that they are joined on; reports those that do not."""
    sound = True
    for vector, side in ((left, "left"), (right, "right")):
        if not vector.on_every_side(label):
            sound = False
            where = f" of its {side} side" if not vector.carries(label) else f" of one part of 'or' on its {side} side"
            _missing(label, f"'{node.operator}' joins on", vector, report, where)
    return sound


def _never(node: Binary, left: Vector, right: Vector, ignored: Shape, report: Report) -> None:
    ours, theirs = left.labels() - ignored, right.labels() - ignored
    only = [f"only the left has {quoted(ours - theirs)}"] if ours - theirs else []
    only += [f"only the right has {quoted(theirs - ours)}"] if theirs - ours else []
    detail = "; ".join(only) or "no series of one side has just the labels of one of the other"
    message = f"the sides of '{node.operator}' never match: {detail}"
    common = sorted(ours & theirs)
    hint = f"write on ({', '.join(common[:3])}) or aggregate both alike" if common else "write on () to match them"
    report("join", node.operator, message, hint)


def _check_buckets(node: Binary, left: Vector, right: Vector, report: Report) -> None:
    """Reports buckets that are matched without le: each has many partners, which Prometheus refuses."""
    if node.operator in _SETS or "le" in (node.on or ()):
        return
    for vector, side in ((left, "left"), (right, "right")):
        if vector.buckets and node.group != side and vector.carries("le"):
            message = f"'{node.operator}' matches many buckets of {quoted(vector.buckets)} with one series"
            report("join", "le", message, "add le to on ()")


def _missing(label: str, does: str, vector: Vector, report: Report, where: str = "") -> None:
    report("label", label, f"{does} '{label}', which no series{where} carries", nearest_label(label, vector.labels()))


def _result_shapes(node: Binary, many: Vector, one: Vector, report: Report) -> frozenset[Shape] | None:
    labels = frozenset(node.on or ())
    include = frozenset(node.include)
    for label in sorted(include):
        if not one.carries(label):
            _missing(label, f"group_{node.group} takes over", one, report)
    if many.shapes is None:
        known = node.on is not None and not node.ignoring and not node.group
        return frozenset({labels}) if known else None
    if node.group:
        return shapes_of(shape | include for shape in many.shapes)
    if node.on is None:
        return many.shapes
    if node.ignoring:
        return shapes_of(shape - labels for shape in many.shapes)
    return shapes_of(shape & labels for shape in many.shapes)


def _unit(node: Binary, left: Vector, right: Vector, report: Report) -> units.Unit | None:
    """Gives the unit of the result; None if it cannot be told."""
    if node.operator == "*":
        return _product(left, right)
    if node.operator == "/":
        return _quotient(left, right)
    if node.operator in {"+", "-", "%"} | _COMPARE:
        return _alike(node, left, right, report)
    return None


def _alike(node: Binary, left: Vector, right: Vector, report: Report) -> units.Unit | None:
    """Gives the unit of two values that have to be of one unit; a number takes on any."""
    if left.number is not None or right.number is not None:
        return (right if left.number is not None else left).unit
    if left.unit and right.unit and not units.same(left.unit, right.unit) and not _times(left, right):
        message = f"'{node.operator}' between {units.text(left.unit)} and {units.text(right.unit)}"
        report("unit", node.operator, message, "convert one of them")
        return None
    if node.operator in _COMPARE:
        return left.unit
    return (units.difference if node.operator == "-" else units.joined)(left.unit, right.unit)


def _times(left: Vector, right: Vector) -> bool:
    """Says whether one side is a point in time and the other a time, which may be added."""
    dims = {vector.unit.dims for vector in (left, right) if vector.unit}
    return dims == {units.EPOCH.dims, units.SECONDS.dims}


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

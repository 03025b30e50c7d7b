"""Walks an expression from its leaves to its root and tells what comes out of it: labels, unit, raw counters and so on.

On the way it calls the checks' hooks with what is inferred of each node's operands; they tell what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.promql import units
from generator.promql.filling import ANY_NAME
from generator.promql.increase import INCREASE, births, increase_window
from generator.promql.parser import Aggregation, Binary, Call, Number, Selector, String, Window
from generator.verify.binary import combined
from generator.verify.series import select, selected
from generator.verify.vectors import ONE, UNKNOWN, Vector, label_sets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.verify.hooks import Hooks, Reported
    from generator.verify.names import MetricNames
    from generator.verify.vectors import LabelSet

FOR_COUNTERS = frozenset({"rate", "irate", "increase", "resets"})
"""Functions that know of restarts: they make sense of counters only."""
FOR_GAUGES = frozenset({"delta", "deriv", "idelta", "predict_linear", "double_exponential_smoothing", "holt_winters"})
"""Functions that take a restart for a fall: they make sense of gauges only."""
QUANTILES = frozenset({"histogram_quantile", "histogram_quantiles"})
ABSENCE = frozenset({"absent", "absent_over_time"})
RELABELLING = frozenset({"label_replace", "label_join"})
COUNTING = frozenset({"count", "group", "count_values"})
"""Aggregations that look at whether there are series, not at their values."""

_PRESENCE = ABSENCE | frozenset(
    {"changes", "count_over_time", "present_over_time", "timestamp"}
    | {"ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time"}
)
"""Functions that look at when there are samples, not at their values; changes() counts restarts of a start time."""
_SAME_UNIT = frozenset(
    {
        INCREASE,
        "abs",
        "avg_over_time",
        "ceil",
        "clamp",
        "clamp_max",
        "clamp_min",
        "delta",
        "first_over_time",
        "floor",
        "idelta",
    }
    | {"increase", "label_join", "label_replace", "last_over_time", "mad_over_time", "max_over_time", "min_over_time"}
    | {"predict_linear", "quantile_over_time", "round", "scalar", "sort", "sort_by_label", "sort_by_label_desc"}
    | {"sort_desc", "stddev_over_time", "sum_over_time", "double_exponential_smoothing", "holt_winters", "limitk"}
)
_UNITS = {
    "absent": units.FLAG,
    "absent_over_time": units.FLAG,
    "changes": units.PLAIN,
    "count_over_time": units.PLAIN,
    "present_over_time": units.FLAG,
    "resets": units.PLAIN,
    "time": units.EPOCH,
    "timestamp": units.EPOCH,
    "ts_of_first_over_time": units.EPOCH,
    "ts_of_last_over_time": units.EPOCH,
    "ts_of_max_over_time": units.EPOCH,
    "ts_of_min_over_time": units.EPOCH,
}
_SUMMING = frozenset({"delta", "idelta", "increase", INCREASE})
"""Functions that tell by how much something grew in a window, so that a division by its length makes a rate."""
_OF_A_WINDOW = _SUMMING | {"clamp_max", "clamp_min", "label_join", "label_replace"}
_KEEPS_NAME = frozenset({"first_over_time", "label_join", "label_replace", "last_over_time", "sort", "sort_desc"})
_NO_NAMES: frozenset[str] = frozenset()
_CHOOSE = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})


class Selections:
    """What selectors select and what is wrong with them, kept: expressions share most of theirs."""

    def __init__(self, names: MetricNames, record: Callable[[str], Vector], hooks: Hooks) -> None:
        """Takes the catalogue, what returns a recording rule's result by its name, and the checks' hooks."""
        self.names = names
        self.record = record
        self.hooks = hooks.selector
        # By identity: the parser shares what stands between braces, and hashing it costs more than it saves. The
        # selector is kept too, so that its parts stay alive and no other one has their identity.
        self.cached: dict[tuple[str, int, int, bool], tuple[Vector, Reported, Selector]] = {}

    def of(self, node: Selector) -> tuple[Vector, Reported]:
        """Returns what is known of the series that a selector selects, and what the checks say of it."""
        key = (node.name, id(node.names), id(node.matchers), node.has_offset)
        answer = self.cached.get(key)
        if answer is None:
            selection = select(node, self.names, self.record)
            reported = [(check, issue) for check, hook in self.hooks for issue in hook(selection)]
            answer = self.cached[key] = selected(selection), reported, node
        return answer[0], answer[1]


class Walker:
    """One walk over one tree; ``reported`` grows on the way."""

    def __init__(self, selections: Selections, hooks: Hooks) -> None:
        """Takes what selectors select, and the hooks to call."""
        self.selections = selections
        self.hooks = hooks
        self.reported: Reported = []

    def walk(self, node: Any) -> Vector:
        """Returns what is known of a tree's result."""
        return _KINDS[type(node)](self, node)

    def selector(self, node: Selector) -> Vector:
        """Returns what is known of the series that a selector selects."""
        vector, reported = self.selections.of(node)
        self.reported += reported
        return vector

    def window(self, node: Window) -> Vector:
        """Returns what is known of a range of series."""
        inner = self.walk(node.inner)
        return inner._replace(window=node.seconds, summed=inner.summed and node.subquery)

    def call(self, node: Call) -> Vector:
        """Returns what is known of a function's result; see called."""
        args = [self.walk(arg) for arg in node.args]
        for check, hook in self.hooks.call.get(node.function, ()):
            for issue in hook(node, args):
                self.reported.append((check, issue))
        return called(node, args)

    def aggregation(self, node: Aggregation) -> Vector:
        """Returns what is known of an aggregation's result; see aggregated."""
        if node.parameter is not None:
            self.walk(node.parameter)
        inner = self.walk(node.inner)
        for check, hook in self.hooks.aggregation:
            for issue in hook(node, inner):
                self.reported.append((check, issue))
        return aggregated(node, inner)

    def binary(self, node: Binary) -> Vector:
        """Returns what is known of a binary operator's result; see binary.combined."""
        window = increase_window(node)
        if window is not None:
            believed = births(node)
            if believed is not None:
                self.walk(believed)
            return self.call(Call(INCREASE, (window,)))
        left, right = self.walk(node.left), self.walk(node.right)
        for check, hook in self.hooks.binary:
            for issue in hook(node, left, right):
                self.reported.append((check, issue))
        return combined(node, left, right)


_KINDS: dict[type, Callable[[Walker, Any], Vector]] = {
    Selector: Walker.selector,
    Window: Walker.window,
    Number: lambda _walker, node: Vector(ONE, scalar=True, number=node.value),
    String: lambda _walker, _node: Vector(ONE, scalar=True),
    Call: Walker.call,
    Aggregation: Walker.aggregation,
    Binary: Walker.binary,
}


def called(node: Call, args: Sequence[Vector]) -> Vector:
    """Returns what is known of a function's result.

    Args:
        node: the call.
        args: what is known of its arguments.
    """
    name = node.function
    if name in QUANTILES:
        return _quantile(node, args)
    if name == "vector":
        return args[0]._replace(scalar=False, label_sets=ONE, sides=())
    if name in ABSENCE:
        return _absent(node)
    vector = first_vector(args)
    if vector is None:
        return Vector(ONE, scalar=name in {"time", "pi"}, unit=_UNITS.get(name))
    if name in RELABELLING:
        vector = _relabelled(node, vector)
    # Of a gauge that only grows, as Ray has them, the last samples differ by what is new as well.
    answered = name == INCREASE or name in FOR_COUNTERS or name in FOR_GAUGES or name in _PRESENCE
    vector = vector._replace(
        unit=_unit_of(name, vector),
        window=vector.window if name in _OF_A_WINDOW or (name == "sum_over_time" and _counts(vector)) else 0.0,
        counters=_NO_NAMES if answered else vector.counters,
        unborn=_NO_NAMES if answered else vector.unborn,
        rated=vector.unborn if name in {"rate", "irate"} else vector.rated,
        gauges=_NO_NAMES if name in FOR_COUNTERS else vector.gauges,
        buckets=_NO_NAMES if name in _PRESENCE else vector.buckets,
        named=vector.named and name in _KEEPS_NAME,
        # What was there at some time of a window is there for as long as the window.
        fleeting=_NO_NAMES if any(isinstance(arg, Window) for arg in node.args) else vector.fleeting,
        estimated=_NO_NAMES if name in _PRESENCE else vector.estimated,
    )
    return vector._replace(scalar=True, label_sets=ONE, sides=()) if name == "scalar" else vector


def _counts(vector: Vector) -> bool:
    """Returns whether these are records of counts: their sum over a window is a number of events."""
    return bool(vector.gauges) and all(name.endswith(":increase1m") for name in vector.gauges)


def first_vector(args: Sequence[Vector]) -> Vector | None:
    """Returns the first argument that is no number; None if all are."""
    return next((arg for arg in args if not arg.scalar), None)


def _absent(node: Call) -> Vector:
    selector = node.args[0].inner if isinstance(node.args[0], Window) else node.args[0]
    matchers = selector.matchers if isinstance(selector, Selector) else ()
    label_set = frozenset(matcher.label for matcher in matchers if matcher.operator == "=")
    return Vector(frozenset({label_set}), unit=units.FLAG)


def _quantile(node: Call, args: Sequence[Vector]) -> Vector:
    vector = first_vector(args) or UNKNOWN
    if vector.label_sets is None:
        return UNKNOWN._replace(quantile=f"{node.function}()", off=vector.off)
    label_sets = label_sets_of(label_set - {"le"} for label_set in vector.label_sets)
    if node.function == "histogram_quantiles" and len(node.args) > 1 and isinstance(node.args[1], String):
        label = node.args[1].value
        label_sets = label_sets_of(label_set | {label} for label_set in label_sets)
    return Vector(
        label_sets,
        unit=vector.observed,
        counters=vector.counters,
        quantile=f"{node.function}()",
        off=vector.off,
        vague=vector.vague,
    )


def _relabelled(node: Call, vector: Vector) -> Vector:
    target = next((arg.value for arg in node.args if isinstance(arg, String)), "")
    if vector.label_sets is None or not target:
        return vector
    return vector._replace(
        label_sets=label_sets_of(label_set | {target} for label_set in vector.label_sets),
        sides=tuple(label_sets_of(label_set | {target} for label_set in side) for side in vector.sides),
    )


def aggregated(node: Aggregation, inner: Vector) -> Vector:
    """Returns what is known of an aggregation's result.

    Args:
        node: the aggregation.
        inner: what is known of what it aggregates.
    """
    if node.operator in _CHOOSE:
        return inner._replace(window=0.0)
    label_sets = grouped(node, inner)
    if node.operator == "count_values" and isinstance(node.parameter, String):
        label = node.parameter.value
        label_sets = None if label_sets is None else label_sets_of(label_set | {label} for label_set in label_sets)
    unit = _aggregated_unit(node.operator, inner)
    if node.operator in COUNTING:
        return Vector(label_sets, off=inner.off, fleeting=inner.fleeting, vague=inner.vague, unit=unit)
    return Vector(
        label_sets,
        unit=unit,
        observed=inner.observed,
        window=inner.window,
        counters=inner.counters,
        unborn=inner.unborn,
        rated=inner.rated,
        gauges=inner.gauges,
        buckets=inner.buckets,
        quantile=inner.quantile,
        summed=True,
        off=inner.off,
        fleeting=inner.fleeting,
        estimated=inner.estimated,
        vague=inner.vague,
    )


def grouped(node: Aggregation, inner: Vector) -> frozenset[LabelSet] | None:
    """Returns the labels that an aggregation leaves; None if they cannot be told."""
    if node.labels is None:
        return ONE
    listed = frozenset(node.labels)
    if inner.label_sets is None:
        return None if node.without or ANY_NAME in listed else frozenset({listed})
    if node.without:
        return label_sets_of(label_set - listed for label_set in inner.label_sets)
    if ANY_NAME in listed:
        # The variable holds some label: which one is not known, so that all of them stay possible.
        return inner.label_sets
    remaining = listed - {"__name__"} if not inner.named else listed
    return label_sets_of(
        (label_set | {"__name__"} if inner.named else label_set) & remaining for label_set in inner.label_sets
    )


def _aggregated_unit(operator: str, inner: Vector) -> units.Unit | None:
    unit = inner.unit
    if operator in COUNTING:
        return {"count": units.PLAIN, "group": units.FLAG}.get(operator)
    if operator == "stdvar" or unit is None:
        return None
    if unit.flag:
        return {"sum": units.PLAIN, "avg": units.RATIO, "min": unit, "max": unit}.get(operator)
    # The average of a plain gauge may be one of zeros and ones, and then it is a share.
    return None if operator == "avg" and unit == units.PLAIN and inner.gauges else unit


def _unit_of(name: str, vector: Vector) -> units.Unit | None:
    if name in _UNITS:
        return _UNITS[name]
    if name in {"rate", "irate", "deriv"}:
        return units.per_second(vector.unit)
    if name == "avg_over_time" and vector.unit is not None:
        return units.RATIO if vector.unit.flag else (None if vector.unit == units.PLAIN else vector.unit)
    return vector.unit if name in _SAME_UNIT else None

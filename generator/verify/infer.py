"""Walks an expression from its leaves to its root and tells what comes out: labels, unit, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.promql import units
from generator.promql.filling import ANY_NAME
from generator.promql.parser import Aggregation, Binary, Call, Number, Selector, String, Window
from generator.verify.binary import combined
from generator.verify.names import PROMETHEUS_OWN, alternatives, nearest_label, quoted
from generator.verify.series import joined, may_match, narrowed, series_of
from generator.verify.vectors import ONE, UNKNOWN, Issue, Vector, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from generator.catalogue.spec import Known
    from generator.promql.parser import Matcher
    from generator.verify.names import Names
    from generator.verify.vectors import Shape

_FOR_COUNTERS = frozenset({"rate", "irate", "increase", "resets"})
_FOR_GAUGES = frozenset({"delta", "deriv", "idelta", "predict_linear", "double_exponential_smoothing", "holt_winters"})
_PRESENCE = frozenset(
    {"absent", "absent_over_time", "changes", "count_over_time", "present_over_time", "timestamp"}
    | {"ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time"}
)
"""Functions that look at when there are samples, not at their values; changes() counts restarts of a start time."""
_SAME_UNIT = frozenset(
    {"abs", "avg_over_time", "ceil", "clamp", "clamp_max", "clamp_min", "delta", "first_over_time", "floor", "idelta"}
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
_KEEPS_NAME = frozenset({"first_over_time", "label_join", "label_replace", "last_over_time", "sort", "sort_desc"})
_CHOOSE = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_COUNT = frozenset({"count", "group"})


Selected = dict[Selector, tuple[Vector, list[Issue]]]
"""What selectors gave, and what was wrong with them."""


class Walker:
    """One walk over one tree; ``issues`` grows on the way."""

    def __init__(self, names: Names, record: Callable[[str], Vector], selected: Selected) -> None:
        """Takes the catalogue, what gives a recording rule's result by its name, and what selectors gave before."""
        self.names = names
        self.record = record
        self.selected = selected
        self.issues: list[Issue] = []
        self._kinds: dict[type, Callable[[Any], Vector]] = {
            Selector: self._remembered,
            Window: self._window,
            Number: lambda node: Vector(ONE, scalar=True, number=node.value),
            String: lambda _node: Vector(ONE, scalar=True),
            Call: self._call,
            Aggregation: self._aggregation,
            Binary: self._binary,
        }

    def walk(self, node: Any) -> Vector:
        """Gives what is known of a tree's result."""
        return self._kinds[type(node)](node)

    def _report(self, check: str, subject: str, message: str, hint: str = "") -> None:
        self.issues.append(Issue(check, subject, message, hint))

    def _binary(self, node: Binary) -> Vector:
        return combined(node, self.walk(node.left), self.walk(node.right), self._report)

    def _window(self, node: Window) -> Vector:
        inner = self.walk(node.inner)
        return inner._replace(window=node.seconds, summed=inner.summed and node.subquery)

    # Selectors

    def _remembered(self, node: Selector) -> Vector:
        """Gives what a selector gives; expressions share most of theirs."""
        found = self.selected.get(node)
        if found is None:
            before = len(self.issues)
            vector = self._selector(node)
            self.selected[node] = vector, self.issues[before:]
            return vector
        self.issues += found[1]
        return found[0]

    def _selector(self, node: Selector) -> Vector:
        candidates = self._candidates(node)
        if candidates is None:
            return UNKNOWN
        known = [one for name in candidates for one in self.names.known.get(name, ())]
        recorded = [self.record(name) for name in candidates if name in self.names.records]
        if not known and (not recorded or any(vector.shapes is None for vector in recorded)):
            return UNKNOWN
        self._check_labels(node, known, recorded)
        kept = [one for one in known if may_match(node.matchers, one.labels)]
        vector = joined(
            [series_of(one, node.matchers) for one in kept]
            + [narrowed(vector, node.matchers) for vector in recorded if vector.shapes is not None]
        )
        if not kept and not recorded:
            return UNKNOWN
        off = not recorded and not any(one.enabled for one in kept)
        vector = vector._replace(moved=node.moved, named=True)
        return vector._replace(off=frozenset(one.exporter for one in kept)) if off else vector

    def _candidates(self, node: Selector) -> tuple[str, ...] | None:
        """Gives the names that a selector may mean; None if nothing is known of them."""
        if node.name:
            return self._emitted((node.name,))
        for matcher in node.names:
            listed = alternatives(matcher)
            if listed:
                return self._emitted(listed)
            if matcher.operator == "=~" and not matcher.variable:
                found = self.names.matched(matcher)
                if not found:
                    self._report("name", matcher.value, f"no metric's name matches '{matcher.value}'")
                return found or None
        return None

    def _emitted(self, listed: tuple[str, ...]) -> tuple[str, ...] | None:
        """Reports the names that nothing emits; gives the rest, or None if nothing is known of them."""
        if any(ANY_NAME in name for name in listed):
            return None
        for name in listed:
            if name not in self.names:
                self._report("name", name, f"nothing emits '{name}'", self.names.hint(name))
        found = tuple(name for name in listed if name in self.names.known or name in self.names.records)
        return None if not found or any(name in PROMETHEUS_OWN and name not in found for name in listed) else found

    def _check_labels(self, node: Selector, known: list[Known], recorded: list[Vector]) -> None:
        labels = frozenset().union(*(one.labels for one in known), *(vector.labels() for vector in recorded))
        if any(vector.shapes is None for vector in recorded):
            return
        missing = False
        for matcher in node.matchers:
            if matcher.label == "le":
                self._check_le(node, matcher)
            if matcher.label in labels or (matcher.operator == "=" and not matcher.value):
                continue
            missing = True
            message = f"'{node}' has no label '{matcher.label}' to match"
            self._report("label", matcher.label, message, nearest_label(matcher.label, labels))
        everything = [one.labels for one in known] + [s for vector in recorded for s in vector.shapes or ()]
        if not missing and not any(may_match(node.matchers, shape) for shape in everything):
            wanted = quoted(matcher.label for matcher in node.matchers if not matcher.accepts(""))
            self._report("label", str(node), f"no series of '{node}' carries all of {wanted}")

    def _check_le(self, node: Selector, matcher: Matcher) -> None:
        if not matcher.variable and matcher.value not in {"", "+Inf"}:
            message = f"'{node}' is matched with le{matcher.operator}\"{matcher.value}\", a bucket that may not exist"
            self._report("le", "le", message, "use histogram_quantile, or histogram_fraction of a native histogram")

    # Functions

    def _call(self, node: Call) -> Vector:
        args = [self.walk(arg) for arg in node.args]
        name = node.function
        if name in {"histogram_quantile", "histogram_quantiles"}:
            return self._quantile(node, args)
        if name == "vector":
            return args[0]._replace(scalar=False, shapes=ONE, sides=())
        if name in {"absent", "absent_over_time"}:
            return self._absent(node, args[0])
        vector = next((arg for arg in args if not arg.scalar), None)
        if vector is None:
            return Vector(ONE, scalar=name in {"time", "pi"}, unit=_UNITS.get(name))
        if name in {"label_replace", "label_join"}:
            vector = self._relabelled(node, vector)
        if name in _FOR_COUNTERS:
            vector = self._rated(name, vector)
        elif name in _FOR_GAUGES and vector.counters:
            hint = "use rate or increase, which know of restarts"
            self._report("rate", _first(vector.counters), f"{name}() of the counter {quoted(vector.counters)}", hint)
            vector = vector._replace(counters=frozenset())
        elif name in _PRESENCE:
            vector = vector._replace(counters=frozenset(), buckets=frozenset())
        vector = vector._replace(unit=_unit_of(name, vector), named=vector.named and name in _KEEPS_NAME)
        if name == "scalar":
            return vector._replace(scalar=True, shapes=ONE, sides=())
        return vector if name in {"delta", "idelta", "increase"} else vector._replace(window=0.0)

    def _rated(self, name: str, vector: Vector) -> Vector:
        if vector.gauges:
            hint = "use delta or deriv, or avg_over_time"
            self._report("rate", _first(vector.gauges), f"{name}() of the gauge {quoted(vector.gauges)}", hint)
        if vector.summed and vector.counters:
            hint = f"take the {name} first and add up then: a restart of one looks like a restart of all"
            message = f"{name}() of counters that were added up before: {quoted(vector.counters)}"
            self._report("rate", _first(vector.counters), message, hint)
        return vector._replace(counters=frozenset(), gauges=frozenset())

    def _absent(self, node: Call, inner: Vector) -> Vector:
        if inner.off:
            message = f"{node.function}() of what {quoted(inner.off)} exports is always true: its monitor is off"
            self._report("absent", _first(inner.off), message, "switch the monitor on, or leave this out")
        selector = node.args[0].inner if isinstance(node.args[0], Window) else node.args[0]
        matchers = selector.matchers if isinstance(selector, Selector) else ()
        shape = frozenset(matcher.label for matcher in matchers if matcher.operator == "=")
        return Vector(frozenset({shape}), unit=units.FLAG)

    def _quantile(self, node: Call, args: list[Vector]) -> Vector:
        vector = next((arg for arg in args if not arg.scalar), UNKNOWN)
        if vector.shapes is None:
            return UNKNOWN._replace(quantile=f"{node.function}()", off=vector.off)
        if vector.vague:
            pass
        elif not vector.buckets:
            message = f"{node.function}() of something that is not the buckets of a histogram"
            self._report("histogram", node.function, message, "give it the rate of NAME_bucket, summed by (le, ...)")
        elif not vector.carries("le"):
            message = f"{node.function}() without 'le': the buckets of {quoted(vector.buckets)} were added up"
            self._report("histogram", "le", message, "add le to the by clause")
        shapes = shapes_of(shape - {"le"} for shape in vector.shapes)
        if node.function == "histogram_quantiles" and len(node.args) > 1 and isinstance(node.args[1], String):
            label = node.args[1].value
            shapes = shapes_of(shape | {label} for shape in shapes)
        return Vector(
            shapes,
            unit=vector.observed,
            counters=vector.counters,
            quantile=f"{node.function}()",
            off=vector.off,
            vague=vector.vague,
        )

    def _relabelled(self, node: Call, vector: Vector) -> Vector:
        strings = [arg for arg in node.args if isinstance(arg, String)]
        target = strings[0].value if strings else ""
        sources = strings[2:3] if node.function == "label_replace" else strings[2:]
        for source in sources:
            if source.value and not source.variable and not vector.carries(source.value):
                message = f"{node.function}() reads the label '{source.value}', which is not there"
                self._report("label", source.value, message, nearest_label(source.value, vector.labels()))
        if vector.shapes is None or not target:
            return vector
        return vector._replace(
            shapes=shapes_of(shape | {target} for shape in vector.shapes),
            sides=tuple(shapes_of(shape | {target} for shape in side) for side in vector.sides),
        )

    # Aggregations

    def _aggregation(self, node: Aggregation) -> Vector:
        if node.parameter is not None:
            self.walk(node.parameter)
        vector = self.walk(node.inner)
        self._check_grouping(node, vector)
        if node.operator in _CHOOSE:
            return vector._replace(window=0.0)
        shapes = _grouped(node, vector)
        if node.operator == "count_values" and isinstance(node.parameter, String):
            label = node.parameter.value
            shapes = None if shapes is None else shapes_of(shape | {label} for shape in shapes)
        result = Vector(shapes, off=vector.off, vague=vector.vague, unit=_aggregated_unit(node.operator, vector))
        if node.operator in _COUNT | {"count_values"}:
            return result
        self._check_aggregated(node, vector, shapes)
        return result._replace(
            observed=vector.observed,
            window=vector.window,
            counters=vector.counters,
            gauges=vector.gauges,
            buckets=vector.buckets,
            quantile=vector.quantile,
            summed=True,
        )

    def _check_grouping(self, node: Aggregation, vector: Vector) -> None:
        clause = "without" if node.without else "by"
        for label in node.labels or ():
            if label == ANY_NAME or vector.carries(label) or (label == "__name__" and vector.named):
                continue
            hint = (
                "count its series by their label instead"
                if label == "__name__"
                else nearest_label(label, vector.labels())
            )
            message = f"{node.operator} {clause} '{label}', a label that is not there"
            if label != "le":
                self._report("label", label, message, hint)
            elif not (vector.buckets or vector.vague):
                self._report("histogram", label, f"{message}: only buckets have it", "use NAME_bucket")

    def _check_aggregated(self, node: Aggregation, vector: Vector, shapes: frozenset[Shape] | None) -> None:
        if vector.quantile and node.operator in {"sum", "avg", "stddev", "stdvar"}:
            message = f"{node.operator} of quantiles ({vector.quantile}) is no quantile"
            self._report("histogram", vector.quantile, message, "add the buckets up first, by (le, ...)")
        lost = shapes is not None and not any("le" in shape for shape in shapes)
        if vector.buckets and lost and vector.carries("le") and not self._one_bucket(node):
            names = quoted(vector.buckets)
            hint = "keep le with by (le), or query NAME_count"
            self._report(
                "histogram", "le", f"{node.operator} of the buckets {names} counts each event many times", hint
            )

    def _one_bucket(self, node: Aggregation) -> bool:
        """Says whether every bucket selector below is narrowed to single buckets by a matcher of le."""
        from generator.promql.parser import selectors

        return all(any(one.label == "le" for one in found.matchers) for found in selectors(node.inner))


def _first(names: Iterable[str]) -> str:
    return min(names, default="")


def _grouped(node: Aggregation, vector: Vector) -> frozenset[Shape] | None:
    if node.labels is None:
        return ONE
    wanted = frozenset(node.labels)
    if vector.shapes is None:
        return None if node.without or ANY_NAME in wanted else frozenset({wanted})
    if node.without:
        return shapes_of(shape - wanted for shape in vector.shapes)
    if ANY_NAME in wanted:
        # The variable holds some label: which one is not known, so that all of them stay possible.
        return vector.shapes
    kept = wanted - {"__name__"} if not vector.named else wanted
    return shapes_of((shape | {"__name__"} if vector.named else shape) & kept for shape in vector.shapes)


def _aggregated_unit(operator: str, vector: Vector) -> units.Unit | None:
    unit = vector.unit
    if operator in _COUNT | {"count_values"}:
        return {"count": units.PLAIN, "group": units.FLAG}.get(operator)
    if operator == "stdvar" or unit is None:
        return None
    if unit.flag:
        return {"sum": units.PLAIN, "avg": units.RATIO, "min": unit, "max": unit}.get(operator)
    # The average of a plain gauge may be one of zeros and ones, and then it is a share.
    return None if operator == "avg" and unit == units.PLAIN and vector.gauges else unit


def _unit_of(name: str, vector: Vector) -> units.Unit | None:
    if name in _UNITS:
        return _UNITS[name]
    if name in {"rate", "irate", "deriv"}:
        return units.per_second(vector.unit)
    if name == "avg_over_time" and vector.unit is not None:
        return units.RATIO if vector.unit.flag else (None if vector.unit == units.PLAIN else vector.unit)
    return vector.unit if name in _SAME_UNIT else None

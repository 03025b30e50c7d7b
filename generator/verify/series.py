"""What a selector selects, and what is known of these series, from the catalogue, the records and the matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from generator.promql import units
from generator.promql.filling import ANY_NAME
from generator.verify.names import PROMETHEUS_OWN, alternatives
from generator.verify.unscraped import Unscraped
from generator.verify.vectors import UNKNOWN, Vector, label_sets_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.catalogue.spec import KnownSeries
    from generator.promql.parser import Matcher, Selector
    from generator.verify.names import MetricNames
    from generator.verify.vectors import LabelSet


_NO_NAMES: frozenset[str] = frozenset()


class Selection(NamedTuple):
    """What a selector selects.

    Attributes:
        node: the selector.
        names: all names that may be queried.
        listed: the names that it lists; () if a variable holds them, or a regular expression.
        pattern: the regular expression of names, if it has one.
        known: what the catalogue knows of the names.
        recorded: what is known of the recording rules among the names.
    """

    node: Selector
    names: MetricNames
    listed: tuple[str, ...]
    pattern: Matcher | None
    known: tuple[KnownSeries, ...]
    recorded: tuple[Vector, ...]

    def label_sets(self) -> tuple[LabelSet, ...] | None:
        """Returns the labels of everything that has one of the names; None if something of it is unknown."""
        label_sets: list[LabelSet] = [known.labels for known in self.known]
        for vector in self.recorded:
            if vector.label_sets is None:
                return None
            label_sets += vector.label_sets
        return tuple(label_sets) if self.known or self.recorded else None


def select(node: Selector, names: MetricNames, record: Callable[[str], Vector]) -> Selection:
    """Finds what a selector may mean.

    Args:
        node: the selector.
        names: all names that may be queried.
        record: returns what is known of a recording rule, by its name.
    """
    listed, pattern = _written_names(node)
    candidates = names.matched(pattern) if pattern else _emitted(listed, names)
    return Selection(
        node,
        names,
        listed,
        pattern,
        tuple(known for name in candidates for known in names.known.get(name, ())),
        tuple(record(name) for name in candidates if name in names.records),
    )


def _written_names(node: Selector) -> tuple[tuple[str, ...], Matcher | None]:
    """Returns the names that a selector lists, and else the regular expression that they have to match."""
    if node.name:
        return ((), None) if ANY_NAME in node.name else ((node.name,), None)
    for matcher in node.names:
        listed = alternatives(matcher)
        if listed:
            return ((), None) if any(ANY_NAME in name for name in listed) else (listed, None)
        if matcher.operator == "=~" and not matcher.variable:
            return (), matcher
    return (), None


def _emitted(listed: tuple[str, ...], names: MetricNames) -> tuple[str, ...]:
    """Returns the names of which something is known; () if Prometheus' own series, which are not, are among them."""
    emitted = tuple(name for name in listed if name in names.known or name in names.records)
    return () if any(name in PROMETHEUS_OWN and name not in emitted for name in listed) else emitted


def selected(selection: Selection) -> Vector:
    """Returns what is known of the series that a selector selects."""
    if not selection.known and any(vector.label_sets is None for vector in selection.recorded):
        return UNKNOWN
    matchers = selection.node.matchers
    kept = [known for known in selection.known if may_match(matchers, known.labels)]
    if not kept and not selection.recorded:
        return UNKNOWN
    vectors = [_series_of(known, matchers) for known in kept]
    vectors += [_narrowed(vector, matchers) for vector in selection.recorded if vector.label_sets is not None]
    meant = [known for known in kept if _may_have_job(matchers, known)] or kept
    off = all(vector.off for vector in selection.recorded) and not any(known.enabled for known in meant)
    # Names that are listed are forms of one name, of which a cluster may have any; a pattern asks for many at once.
    brief = selection.pattern is None or all(vector.fleeting for vector in vectors)
    found = joined(vectors)
    return found._replace(
        fleeting=found.fleeting if brief else _NO_NAMES,
        has_offset=selection.node.has_offset,
        named=True,
        off=frozenset(map(_unscraped, meant)).union(*(vector.off for vector in selection.recorded))
        if off
        else frozenset(),
    )


def may_match(matchers: tuple[Matcher, ...], labels: LabelSet) -> bool:
    """Returns whether series with these labels can pass the matchers; what a label's value is nobody knows."""
    return all(matcher.label in labels or matcher.accepts("") for matcher in matchers)


def _may_have_job(matchers: tuple[Matcher, ...], known: KnownSeries) -> bool:
    """Returns whether the job under which an exposure is stored passes the matchers."""
    job = known.job
    return not job or all(matcher.accepts(job) for matcher in matchers if matcher.label == "job")


def _unscraped(known: KnownSeries) -> Unscraped:
    return Unscraped(known.exporter, known.exposure.monitor, known.exposure.component, known.switch)


def _emptied(matchers: tuple[Matcher, ...]) -> frozenset[str]:
    """Returns the labels that the matchers want to be absent: the series do not have them."""
    return frozenset(matcher.label for matcher in matchers if matcher.operator == "=" and not matcher.value)


def _series_of(known: KnownSeries, matchers: tuple[Matcher, ...]) -> Vector:
    """Returns what is known of the series of one metric name, as one exposure stores them."""
    family, name = known.family, frozenset({known.name})
    unit = units.named(family.unit)
    cumulative = known.sample in {"bucket", "count", "sum"} or (known.sample == "value" and family.type == "counter")
    gauge = known.sample == "quantile" or (known.sample == "value" and family.type == "gauge")
    counted = known.sample in {"bucket", "count"}
    return Vector(
        frozenset({known.labels - _emptied(matchers)}),
        unit=units.PLAIN if counted else unit,
        observed=unit if known.sample == "bucket" else None,
        counters=name if cumulative else frozenset(),
        unborn=name if known.absent_while_zero and known.sample in {"value", "count"} else frozenset(),
        gauges=name if gauge else frozenset(),
        growing=name if gauge and family.grows else frozenset(),
        buckets=name if known.sample == "bucket" else frozenset(),
        quantile=f"'{known.name}'" if known.sample == "quantile" else "",
        fleeting=name if known.lives else frozenset(),
        estimated=name if known.estimated else frozenset(),
    )


def _narrowed(vector: Vector, matchers: tuple[Matcher, ...]) -> Vector:
    """Returns what the matchers leave of a recording rule's series."""
    empty = _emptied(matchers)
    label_sets = (label_set - empty for label_set in vector.label_sets or () if may_match(matchers, label_set))
    return vector._replace(label_sets=label_sets_of(label_sets))


def joined(vectors: list[Vector]) -> Vector:
    """Returns what is known of series that come from any of several sources."""
    if not vectors:
        return UNKNOWN
    first = vectors[0]
    label_sets = label_sets_of(label_set for vector in vectors for label_set in vector.label_sets or ())
    unit, observed = first.unit, first.observed
    for vector in vectors[1:]:
        unit, observed = units.joined(unit, vector.unit), units.joined(observed, vector.observed)
    return Vector(
        label_sets,
        unit=unit,
        observed=observed,
        counters=frozenset().union(*(vector.counters for vector in vectors)),
        unborn=frozenset().union(*(vector.unborn for vector in vectors)),
        gauges=frozenset().union(*(vector.gauges for vector in vectors)),
        growing=frozenset().union(*(vector.growing for vector in vectors)),
        buckets=frozenset().union(*(vector.buckets for vector in vectors)),
        quantile=first.quantile,
        fleeting=frozenset().union(*(vector.fleeting for vector in vectors)),
        estimated=frozenset().union(*(vector.estimated for vector in vectors)),
    )

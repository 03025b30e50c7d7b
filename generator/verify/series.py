"""What is known of the series that a selector gives, from the catalogue's entries and the label matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.promql import units
from generator.verify.vectors import UNKNOWN, Vector, shapes_of

if TYPE_CHECKING:
    from generator.catalogue.spec import Known
    from generator.promql.parser import Matcher
    from generator.verify.vectors import Shape


def may_match(matchers: tuple[Matcher, ...], labels: Shape) -> bool:
    """Says whether series with these labels can pass the matchers; what a label's value is nobody knows."""
    return all(matcher.label in labels or matcher.accepts("") for matcher in matchers)


def emptied(matchers: tuple[Matcher, ...]) -> frozenset[str]:
    """Gives the labels that the matchers want to be absent: the series do not have them."""
    return frozenset(one.label for one in matchers if one.operator == "=" and not one.value)


def series_of(known: Known, matchers: tuple[Matcher, ...]) -> Vector:
    """Gives what is known of the series of one metric name, as one exposure stores them."""
    family, name = known.family, frozenset({known.name})
    unit = units.named(family.unit)
    cumulative = known.sample in {"bucket", "count", "sum"} or (known.sample == "value" and family.type == "counter")
    gauge = known.sample == "quantile" or (known.sample == "value" and family.type == "gauge")
    counted = known.sample in {"bucket", "count"}
    return Vector(
        frozenset({known.labels - emptied(matchers)}),
        unit=units.PLAIN if counted else unit,
        observed=unit if known.sample == "bucket" else None,
        counters=name if cumulative else frozenset(),
        gauges=name if gauge else frozenset(),
        buckets=name if known.sample == "bucket" else frozenset(),
        quantile=f"'{known.name}'" if known.sample == "quantile" else "",
    )


def narrowed(vector: Vector, matchers: tuple[Matcher, ...]) -> Vector:
    """Gives what the matchers leave of a recording rule\'s series."""
    empty = emptied(matchers)
    shapes = (shape - empty for shape in vector.shapes or () if may_match(matchers, shape))
    return vector._replace(shapes=shapes_of(shapes))


def joined(vectors: list[Vector]) -> Vector:
    """Gives what is known of series that come from any of several sources."""
    if not vectors:
        return UNKNOWN
    first = vectors[0]
    shapes = shapes_of(shape for vector in vectors for shape in vector.shapes or ())
    unit, observed = first.unit, first.observed
    for vector in vectors[1:]:
        unit, observed = units.joined(unit, vector.unit), units.joined(observed, vector.observed)
    return Vector(
        shapes,
        unit=unit,
        observed=observed,
        counters=frozenset().union(*(vector.counters for vector in vectors)),
        gauges=frozenset().union(*(vector.gauges for vector in vectors)),
        buckets=frozenset().union(*(vector.buckets for vector in vectors)),
        quantile=first.quantile,
    )

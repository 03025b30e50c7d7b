"""Are quantiles taken of buckets, and are buckets and quantiles added up only where that makes sense?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.promql.parser import selectors
from generator.verify.hooks import Check, Issue
from generator.verify.infer import COUNTING, QUANTILES, first_vector, grouped
from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Aggregation, Call
    from generator.verify.hooks import Issues
    from generator.verify.vectors import Vector

_AVERAGING = frozenset({"sum", "avg", "stddev", "stdvar"})
_CHOOSING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})


def _quantile(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    if vector is None or vector.label_sets is None or vector.vague:
        return
    if not vector.buckets:
        message = f"{node.function}() of something that is not the buckets of a histogram"
        yield Issue((node.function,), message, "give it the rate of NAME_bucket, summed by (le, ...)")
    elif not vector.carries("le"):
        message = f"{node.function}() without 'le': the buckets of {quoted(vector.buckets)} were added up"
        yield Issue(("le",), message, "add le to the by clause")


def _aggregated(node: Aggregation, inner: Vector) -> Issues:
    if "le" in (node.labels or ()) and not (inner.carries("le") or inner.buckets or inner.vague):
        clause = "without" if node.without else "by"
        message = f"{node.operator} {clause} 'le', a label that is not there: only buckets have it"
        yield Issue(("le",), message, "use NAME_bucket")
    if node.operator in _CHOOSING or node.operator in COUNTING:
        return
    if inner.quantile and node.operator in _AVERAGING:
        message = f"{node.operator} of quantiles ({inner.quantile}) is no quantile"
        yield Issue((inner.quantile,), message, "add the buckets up first, by (le, ...)")
    if inner.buckets and inner.carries("le") and _loses_le(node, inner) and not _one_bucket(node):
        message = f"{node.operator} of the buckets {quoted(inner.buckets)} counts each event many times"
        yield Issue(("le",), message, "keep le with by (le), or query NAME_count")


def _loses_le(node: Aggregation, inner: Vector) -> bool:
    label_sets = grouped(node, inner)
    return label_sets is not None and not any("le" in label_set for label_set in label_sets)


def _one_bucket(node: Aggregation) -> bool:
    """Returns whether every bucket selector below is narrowed to single buckets by a matcher of le."""
    return all(any(matcher.label == "le" for matcher in selector.matchers) for selector in selectors(node.inner))


CHECK = Check(
    name="histogram",
    summary="Quantiles of what is no bucket, or of buckets without `le`; buckets added up; quantiles added up.",
    on_call=dict.fromkeys(sorted(QUANTILES), _quantile),
    on_aggregation=_aggregated,
)

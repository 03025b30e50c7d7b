"""Records that hold what an expression aggregates, and how they are read in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.promql.narrowing import DifferentError, narrowing
from generator.promql.parser import Aggregation, Binary, Call, Selector, Window, selectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.promql.parser import Matcher


@dataclass(frozen=True)
class Recorded:
    """A recording rule.

    Attributes:
        record: what it writes.
        expr: PromQL with shorthands written out.
        rules: the file of rules that it stands in.
        evaluations: for a record of counts, a record of the same group that is there at each evaluation; "" for others.
    """

    record: str
    expr: str
    rules: str
    evaluations: str = ""


class View(NamedTuple):
    """What a record holds: an operator over ``inner``, by labels.

    ``inner`` is what is aggregated; for a record of counts the counter's selector.
    """

    of: Recorded
    operator: str
    parameter: Any
    by: frozenset[str]
    inner: Any


def children(tree: Any) -> tuple[Any, ...]:
    """Returns the parts of a tree that are trees."""
    if isinstance(tree, Call):
        return tree.args
    if isinstance(tree, Aggregation):
        return (tree.inner,) if tree.parameter is None else (tree.inner, tree.parameter)
    if isinstance(tree, Binary):
        return (tree.left, tree.right)
    return (tree.inner,) if isinstance(tree, Window) else ()


def names(tree: Any) -> frozenset[str]:
    """Returns the names of all metrics that a tree reads, those of an expression of names as it is written."""
    if isinstance(tree, Selector):
        return frozenset([str(tree)])
    return frozenset(name for child in children(tree) for name in names(child))


def grouping(tree: Aggregation) -> str:
    """Returns an aggregation's clause with a blank on both sides, "" if it has none."""
    return f" by ({', '.join(tree.labels)}) " if tree.labels else ""


def fitting(tree: Aggregation, inner: Any, views: Iterable[View]) -> Iterator[tuple[View, tuple[Matcher, ...]]]:
    """Yields the views that have all labels of an aggregation, each with the matchers that narrow it down."""
    for view in views:
        if frozenset(tree.labels or ()) <= view.by:
            try:
                matchers = narrowing(inner, view.inner)
            except DifferentError:
                continue
            if {matcher.label for matcher in matchers} <= view.by:
                # As they were written, which compresses best.
                written = (matcher for selector in selectors(inner) for matcher in selector.matchers)
                yield view, tuple(dict.fromkeys(matcher for matcher in written if matcher in matchers))


def reading(view: View, matchers: tuple[Matcher, ...]) -> str:
    """Returns the selector of a record, narrowed down by matchers."""
    texts = [f"{one.label}{one.operator}{quoted(one.value)}" for one in matchers]
    return f"{view.of.record}{{{','.join(texts)}}}" if texts else view.of.record


def quoted(value: str) -> str:
    """Returns a text as PromQL quotes it."""
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'

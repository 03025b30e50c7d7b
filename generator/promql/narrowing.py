"""Whether an expression is another one with a few label matchers more, which may as well be applied to its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.promql.parser import Aggregation, Binary, Call, Number, Selector, String, Window, scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.promql.parser import Matcher

_KEEPING = frozenset((
    "abs", "avg_over_time", "ceil", "changes", "clamp", "clamp_max", "clamp_min", "count_over_time", "delta", "deriv",
    "floor", "idelta", "increase", "irate", "label_join", "label_replace", "last_over_time", "max_over_time",
    "min_over_time", "rate", "resets", "round", "sqrt", "sum_over_time",
))  # fmt: skip
"""Functions that give a series for each that they are given."""


class DifferentError(Exception):
    """Two expressions are not the same but for matchers that narrow the first one down."""


def narrowing(tree: Any, recorded: Any) -> frozenset[Matcher]:
    """Returns the matchers by which a tree is narrower than a recorded one, if they may be applied to its result.

    Neither tree has an offset or a subquery, of which a tree does not tell all.

    Raises:
        DifferentError: it is another tree, or what the matchers do is not the same when it is done last.
    """
    if type(tree) is not type(recorded):
        raise DifferentError
    compare = _COMPARED.get(type(tree))
    if compare:
        return compare(tree, recorded)
    if not isinstance(tree, Number | String) or tree != recorded:
        raise DifferentError
    return frozenset()


def _selector(tree: Selector, recorded: Selector) -> frozenset[Matcher]:
    if (tree.name, frozenset(tree.names)) != (recorded.name, frozenset(recorded.names)):
        raise DifferentError
    if not frozenset(recorded.matchers) <= frozenset(tree.matchers):
        raise DifferentError
    return frozenset(tree.matchers) - frozenset(recorded.matchers)


def _window(tree: Window, recorded: Window) -> frozenset[Matcher]:
    if (tree.seconds, tree.subquery) != (recorded.seconds, recorded.subquery):
        raise DifferentError
    return narrowing(tree.inner, recorded.inner)


def _call(tree: Call, recorded: Call) -> frozenset[Matcher]:
    if tree.function != recorded.function or len(tree.args) != len(recorded.args):
        raise DifferentError
    pairs = zip(tree.args, recorded.args, strict=True)
    matchers = frozenset[Any]().union(*(narrowing(*pair) for pair in pairs))
    if matchers:
        written = tree.args[1].value if tree.function in {"label_replace", "label_join"} else ""
        if tree.function not in _KEEPING or written in _labels(matchers):
            raise DifferentError
    return matchers


def _aggregation(tree: Aggregation, recorded: Aggregation) -> frozenset[Matcher]:
    alike = (tree.operator, tree.parameter, tree.without) == (recorded.operator, recorded.parameter, recorded.without)
    labels, others = (None if one.labels is None else frozenset(one.labels) for one in (tree, recorded))
    if not alike or labels != others:
        raise DifferentError
    matchers = narrowing(tree.inner, recorded.inner)
    if matchers and (tree.without or not _labels(matchers) <= (labels or frozenset())):
        raise DifferentError
    return matchers


def _binary(tree: Binary, recorded: Binary) -> frozenset[Matcher]:
    if _matching(tree) != _matching(recorded):
        raise DifferentError
    left, right = narrowing(tree.left, recorded.left), narrowing(tree.right, recorded.right)
    matchers = left | right
    if not matchers or scalar(tree.left) or scalar(tree.right):
        return matchers
    labels = _labels(right)
    matched = tree.on is None or (labels.isdisjoint(tree.on) if tree.ignoring else labels <= set(tree.on))
    # What is left of an "and" has the labels of its partner that they are matched by.
    if not matched or not (tree.operator == "and" or left == right or (tree.operator == "unless" and right <= left)):
        raise DifferentError
    return matchers


def _matching(tree: Binary) -> tuple[Any, ...]:
    on = None if tree.on is None else frozenset(tree.on)
    return tree.operator, tree.flag, tree.ignoring, tree.group, frozenset(tree.include), on


def _labels(matchers: frozenset[Matcher]) -> frozenset[str]:
    return frozenset(matcher.label for matcher in matchers)


_COMPARED: dict[type, Callable[[Any, Any], frozenset[Matcher]]] = {
    Selector: _selector,
    Window: _window,
    Call: _call,
    Aggregation: _aggregation,
    Binary: _binary,
}

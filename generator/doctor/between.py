"""Which part of an expression loses what its parts have: asked part by part, from the whole down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.doctor.causes import Found, found
from generator.doctor.trees import NEVER_EMPTY, tree_of, written_names
from generator.promql.filling import PromQLError
from generator.promql.parser import Call, Selector, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from generator.doctor.view import Answer, View

_OVER_WINDOWS = frozenset(("rate", "irate", "increase", "delta", "idelta", "deriv"))


def lost_between(view: View, text: str, job_of: Callable[[str], str]) -> Found | None:
    """Returns which part of an expression loses what its parts have; None if parts have to be asked first."""
    import promql_parser

    try:
        node: Any = promql_parser.parse(text)
    except ValueError:
        return found("quiet", expression=text)
    while True:
        parts = [part for part in _vectors(node) if not _is_window(part)]
        answers: list[tuple[Any, Answer | None]] = [(part, view.ask(f"count({part.prettify()})")) for part in parts]
        if any(answer is None for _, answer in answers):
            return None
        hollow = [part for part, answer in answers if answer and not (answer.there or answer.error)]
        if not hollow or (type(node).__name__ == "BinaryExpr" and str(node.op) == "unless"):
            return _lost_at(view, node, text, job_of)
        node = hollow[0]


def _lost_at(view: View, node: Any, text: str, job_of: Callable[[str], str]) -> Found:
    kind = type(node).__name__
    shown = " ".join(node.prettify().split())
    if kind == "BinaryExpr":
        sides = list(_vectors(node))
        if len(sides) == 1 and str(node.op) in ("==", "!=", ">", "<", ">=", "<="):
            return found("nothing-passes", expression=text)
        if len(sides) == 2 and str(node.op) not in ("or", "unless", ">", "<", ">=", "<=", "==", "!="):
            left, right = (view.ask(f"count({side.prettify()})") for side in sides)
            if left and right and left.there and right.there:
                return _no_join(node, sides)
    if kind == "Call" and node.func.name in _OVER_WINDOWS:
        return _short_window(view, node, job_of) or found("quiet", expression=shown)
    return found("quiet", expression=shown)


def _no_join(node: Any, sides: Sequence[Any]) -> Found:
    on = node.modifier.matching if node.modifier else None
    labels = ", ".join(on.labels) if on else "all"
    way = "ignoring" if on and str(on.type).endswith("Exclude") else "on"
    left, right = (" ".join(side.prettify().split()) for side in sides)
    return found(
        "no-join",
        left=left,
        right=right,
        leftLabels=f"of {left} and",
        rightLabels=f"of {right}, which are joined {way} {labels}",
    )


def _short_window(view: View, node: Any, job_of: Callable[[str], str]) -> Found | None:
    """Returns that a window is shorter than two scrapes, if it is."""
    try:
        tree = tree_of(node.prettify())
    except PromQLError:
        return None
    window = next((arg for arg in tree.args if isinstance(arg, Window)), None) if isinstance(tree, Call) else None
    if window is None or not isinstance(window.inner, Selector):
        return None
    for name in written_names(window.inner):
        job = job_of(name)
        longest = max((target.interval for target in view.targets.get(job, ())), default=0)
        if longest and 2 * longest > window.seconds:
            return found(
                "rate-interval",
                job,
                ours=job in view.expected.monitors,
                window=f"{window.seconds:g}s",
                interval=f"{longest:g}s",
                wanted=f"{window.seconds / 4:g}s",
            )
    return None


def _vectors(node: Any) -> Iterator[Any]:
    """Yields the parts of a node of promql-parser's tree that are vectors."""
    kind = type(node).__name__
    if kind == "BinaryExpr":
        yield from (side for side in (node.lhs, node.rhs) if not _is_scalar(side))
    elif kind == "Call":
        if node.func.name not in NEVER_EMPTY:
            yield from (arg for arg in node.args if not _is_scalar(arg))
    elif kind in ("AggregateExpr", "ParenExpr", "UnaryExpr", "SubqueryExpr"):
        yield node.expr


def _is_scalar(node: Any) -> bool:
    kind = type(node).__name__
    if kind == "ParenExpr":
        return _is_scalar(node.expr)
    if kind == "BinaryExpr":
        return _is_scalar(node.lhs) and _is_scalar(node.rhs)
    return kind in ("NumberLiteral", "StringLiteral") or (kind == "Call" and node.func.name in ("scalar", "time", "pi"))


def _is_window(node: Any) -> bool:
    return type(node).__name__ in ("MatrixSelector", "SubqueryExpr")

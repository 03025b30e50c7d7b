"""Does something carry the label that is matched, grouped, joined on, taken over, listed or named in a text?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.promql.filling import ANY_NAME
from generator.promql.parser import String
from generator.verify.hooks import Check, Issue
from generator.verify.infer import RELABELLING, first_vector
from generator.verify.names import nearest_label, quoted
from generator.verify.series import may_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Aggregation, Binary, Call
    from generator.verify.hooks import Issues
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item
    from generator.verify.series import Selection
    from generator.verify.vectors import Vector

MATCHED = " to match"
"""The end of what is said of a matcher's label."""

_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}|(?:\$labels|\.Labels)\.(\w+)")

_GO_WORDS = frozenset(("break", "continue", "else", "end"))
"""Words that stand alone in the braces of an alert's texts, which are templates of Go, and name no label."""


def _matched(selection: Selection) -> Issues:
    node = selection.node
    label_sets = selection.label_sets() if node.matchers else None
    if label_sets is None:
        return
    labels = frozenset().union(*label_sets)
    missing = [
        matcher.label
        for matcher in node.matchers
        if matcher.label not in labels and (matcher.operator != "=" or matcher.value)
    ]
    for label in missing:
        yield Issue((label,), f"'{node}' has no label '{label}'{MATCHED}", nearest_label(label, labels))
    if not missing and not any(may_match(node.matchers, label_set) for label_set in label_sets):
        needed = quoted(matcher.label for matcher in node.matchers if not matcher.accepts(""))
        yield Issue((str(node),), f"no series of '{node}' carries all of {needed}")


def _relabelled(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    if vector is None:
        return
    strings = [arg for arg in node.args if isinstance(arg, String)]
    for source in strings[2:3] if node.function == "label_replace" else strings[2:]:
        if source.value and not source.variable and not vector.carries(source.value):
            message = f"{node.function}() reads the label '{source.value}', which is not there"
            yield Issue((source.value,), message, nearest_label(source.value, vector.labels()))


def _grouped(node: Aggregation, inner: Vector) -> Issues:
    clause = "without" if node.without else "by"
    for label in node.labels or ():
        # Grouping by le where there are no buckets is more than a missing label: see histogram.
        if label in {ANY_NAME, "le"} or inner.carries(label) or (label == "__name__" and inner.named):
            continue
        named = label == "__name__"
        hint = "count its series by their label instead" if named else nearest_label(label, inner.labels())
        yield Issue((label,), f"{node.operator} {clause} '{label}', a label that is not there", hint)


def _joined(node: Binary, left: Vector, right: Vector) -> Issues:
    if node.on is None or left.scalar or right.scalar:
        return
    if node.operator == "or" or node.ignoring:
        yield from _on_either_side(node, left, right)
    elif left.label_sets is not None and right.label_sets is not None:
        for label in node.on:
            yield from _on_both_sides(node, label, left, right)
    many, one = ("right", left) if node.group == "right" else ("left", right)
    for label in sorted(frozenset(node.include)):
        if not one.carries(label):
            yield _missing(label, f"group_{many} takes over", one)


def _on_either_side(node: Binary, left: Vector, right: Vector) -> Issues:
    if node.operator == "or" and node.ignoring:
        return
    if node.operator != "or" and (left.label_sets is None or right.label_sets is None):
        return
    does = "'or' matches on" if node.operator == "or" else f"'{node.operator}' ignores"
    for label in sorted(frozenset(node.on or ())):
        if not (left.carries(label) or right.carries(label)):
            yield _missing(label, does, left)


def _on_both_sides(node: Binary, label: str, left: Vector, right: Vector) -> Issues:
    for vector, side in ((left, "left"), (right, "right")):
        if not vector.on_every_side(label):
            where = f" of its {side} side" if not vector.carries(label) else f" of one part of 'or' on its {side} side"
            yield _missing(label, f"'{node.operator}' joins on", vector, where)


def _missing(label: str, does: str, vector: Vector, where: str = "") -> Issue:
    message = f"{does} '{label}', which no series{where} carries"
    return Issue((label,), message, nearest_label(label, vector.labels()))


def _named(item: Item, vector: Vector, names: MetricNames) -> Issues:
    """Looks at the label that a menu lists, and at those that a legend or an alert's text names."""
    label = item.shows
    if label and label != "__name__" and not label.startswith("$"):
        labels = names.labels if item.tree is None else vector.labels()
        if label not in labels and (item.tree is None or vector.label_sets is not None):
            message = f"the menu lists the label '{label}', which is not there"
            yield Issue((label,), message, nearest_label(label, labels))
    if vector.label_sets is None:
        return
    for match in _LEGEND.finditer(item.expression.texts):
        label = match[1] or match[2]
        if item.expression.kind == "alert" and match[1] in _GO_WORDS:
            continue
        if not vector.carries(label) and not (label == "__name__" and vector.named):
            message = f"the text '{match[0]}' names a label that the result does not carry"
            yield Issue((label,), message, nearest_label(label, vector.labels()), "legend")


def _columns(items: Sequence[Item], results: Sequence[Vector]) -> Issues:
    for label in items[0].expression.columns:
        if not any(vector.carries(label) for vector in results):
            labels = frozenset().union(*(vector.labels() for vector in results))
            message = f"the column '{label}' stays empty: no query of the panel carries this label"
            yield Issue((label,), message, nearest_label(label, labels), "columns")


CHECK = Check(
    name="label",
    summary="A label is matched, grouped, joined on, taken over, listed or named in a text, but nothing carries it.",
    on_selector=_matched,
    on_call=dict.fromkeys(sorted(RELABELLING), _relabelled),
    on_aggregation=_grouped,
    on_binary=_joined,
    on_result=_named,
    on_panel=_columns,
)

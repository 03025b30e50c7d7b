"""Can the two sides of a binary operator meet?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.binary import SETS
from generator.verify.hooks import Check, Issue
from generator.verify.names import quoted

if TYPE_CHECKING:
    from generator.promql.parser import Binary
    from generator.verify.hooks import Issues
    from generator.verify.vectors import LabelSet, Vector


def _unmatched(node: Binary, left: Vector, right: Vector) -> Issues:
    if left.scalar or right.scalar or node.operator == "or" or left.label_sets is None or right.label_sets is None:
        return
    if node.on is not None and not node.ignoring:
        # Where a side lacks a label, that is what is wrong: see label.
        if all(side.on_every_side(label) for label in node.on for side in (left, right)):
            yield from _many_buckets(node, left, right)
        return
    if left.vague or right.vague:
        # What was grouped by need not be there: a name that nothing is known of has those of its labels that it has.
        return
    ignored = frozenset(node.on or ())
    if not any(
        label_set - ignored == other_shape - ignored
        for label_set in left.label_sets
        for other_shape in right.label_sets
    ):
        yield _never(node, left, right, ignored)


def _never(node: Binary, left: Vector, right: Vector, ignored: LabelSet) -> Issue:
    left_labels, right_labels = left.labels() - ignored, right.labels() - ignored
    only = [f"only the left has {quoted(left_labels - right_labels)}"] if left_labels - right_labels else []
    only += [f"only the right has {quoted(right_labels - left_labels)}"] if right_labels - left_labels else []
    detail = "; ".join(only) or "no series of one side has just the labels of one of the other"
    common = sorted(left_labels & right_labels)
    hint = f"write on ({', '.join(common[:3])}) or aggregate both alike" if common else "write on () to match them"
    return Issue((node.operator,), f"the sides of '{node.operator}' never match: {detail}", hint)


def _many_buckets(node: Binary, left: Vector, right: Vector) -> Issues:
    """Finds buckets that are matched without le: each has many partners, which Prometheus refuses."""
    if node.operator in SETS or "le" in (node.on or ()):
        return
    for vector, side in ((left, "left"), (right, "right")):
        if vector.buckets and node.group != side and vector.carries("le"):
            message = f"'{node.operator}' matches many buckets of {quoted(vector.buckets)} with one series"
            yield Issue(("le",), message, "add le to on ()")


CHECK = Check(
    name="join",
    summary="The two sides of an operator never match, or buckets are matched without `le`.",
    on_binary=_unmatched,
)

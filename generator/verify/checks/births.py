"""Are failures counted by what loses the first one?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.promql.parser import Selector, Window
from generator.verify.hooks import Check, Issue
from generator.verify.infer import first_vector
from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Aggregation, Binary, Call
    from generator.verify.hooks import Issues
    from generator.verify.vectors import Vector

OUTCOMES = frozenset(
    {"cause", "code", "error", "error_code", "error_type", "finished_reason", "phase", "reason", "result", "status"}
    | {"status_code"}
)
"""Labels that tell how something ended: one of their values is rare, and is born with its first event."""

FAILURES = re.compile(
    r"abort|crash|disrupt|drop|error|evict|exception|fail|interrupt|kill|preempt|reject|restart|retract|start"
)
"""What the name of a counter has that counts failures, or other events of which each matters."""

_HINT = "write $increase:NAME{...}[5m], or read a record of counts with sum_over_time"


def _counted(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    if vector is not None and vector.unborn:
        message = f"{node.function}() of {quoted(vector.unborn)} loses the first event: the series is born with it"
        yield Issue(tuple(sorted(vector.unborn)), message, _HINT)


def _rated(node: Call, args: Sequence[Vector]) -> Issues:
    vector = first_vector(args)
    if vector is None or not vector.unborn:
        return
    rare = frozenset(name for name in vector.unborn if FAILURES.search(name))
    if not rare and any(matcher in OUTCOMES for matcher in _matched(node)):
        rare = vector.unborn
    if rare:
        message = f"{node.function}() of {quoted(rare)} loses the first event: the series is born with it"
        yield Issue(tuple(sorted(rare)), message, _HINT)


def _matched(node: Call) -> tuple[str, ...]:
    """Returns the labels that the selector of a range is matched on."""
    for arg in node.args:
        if isinstance(arg, Window) and isinstance(arg.inner, Selector):
            return tuple(matcher.label for matcher in arg.inner.matchers)
    return ()


def _told_apart(node: Aggregation, inner: Vector) -> Issues:
    by = frozenset() if node.without else OUTCOMES & frozenset(node.labels or ())
    if inner.rated and by:
        message = (
            f"rate() of {quoted(inner.rated)} by {quoted(by)} loses the first events: each series is born with one"
        )
        yield Issue(tuple(sorted(inner.rated)), message, _HINT)


def _invented(node: Binary, left: Vector, right: Vector) -> Issues:
    if node.operator == "unless" and right.has_offset and left.counters and left.counters == right.counters:
        message = (
            f"what was not there before counts as new: after a failed scrape, all that {quoted(left.counters)} has"
        )
        yield Issue(tuple(sorted(left.counters)), message, _HINT)


CHECK = Check(
    name="births",
    summary=(
        "`increase()` of a counter that is born with its first event, or its `rate()` where failures or outcomes are "
        "counted: the first events are lost. `x unless x offset 5m`, which invents them."
    ),
    on_call={"increase": _counted, "rate": _rated, "irate": _rated},
    on_aggregation=_told_apart,
    on_binary=_invented,
)

"""Is a sum that was made from a histogram's buckets shown as if it were measured?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue
from generator.verify.names import quoted

if TYPE_CHECKING:
    from generator.verify.hooks import Issues
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item
    from generator.verify.vectors import Vector

SAID = "from buckets"
"""What a legend, a title or an alert's text says of such a number."""


def _shown(item: Item, vector: Vector, _names: MetricNames) -> Issues:
    expression = item.expression
    if expression.kind not in {"alert", "target"}:
        return
    if SAID in f"{expression.name}\n{expression.texts}".lower():
        return
    if vector.estimated:
        message = f"{quoted(vector.estimated)}: made from the middles of buckets and shown as if measured"
        hint = f"show percentiles or counters, or name it so: 'mean ({SAID})'"
        yield Issue(tuple(sorted(vector.estimated)), message, hint)


CHECK = Check(
    name="estimate",
    summary=(
        "The `_sum` of a histogram that was made from its buckets (`sum: estimated` in metrics/) is shown, and neither "
        f'the legend nor the title says "{SAID}".'
    ),
    on_result=_shown,
)

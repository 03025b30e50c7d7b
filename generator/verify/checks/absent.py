"""Would an alert on the absence of something fire for ever?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue
from generator.verify.infer import ABSENCE
from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Call
    from generator.verify.hooks import Issues
    from generator.verify.vectors import Vector


def _always(node: Call, args: Sequence[Vector]) -> Issues:
    off = args[0].off
    if off:
        message = f"{node.function}() of what {quoted(off)} exports is always true: its monitor is off"
        yield Issue(tuple(sorted(off)), message, "switch the monitor on, or leave this out")


CHECK = Check(
    name="absent",
    summary="`absent()` of what is off in this profile is always true.",
    on_call=dict.fromkeys(sorted(ABSENCE), _always),
)

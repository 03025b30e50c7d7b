"""Would an alert on the absence of something fire for ever?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue
from generator.verify.infer import ABSENCE
from generator.verify.names import quoted
from generator.verify.unscraped import exporters, switches, way_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Call
    from generator.verify.hooks import Issues
    from generator.verify.vectors import Vector


def _always(node: Call, args: Sequence[Vector]) -> Issues:
    off = args[0].off
    if off:
        subjects = exporters(off)
        message = f"{node.function}() of what {quoted(subjects)} exports is always true: its monitor is off"
        yield Issue(subjects, message, way_out(off), off=switches(off))


CHECK = Check(
    name="absent",
    summary="`absent()` of what is off in this profile is always true.",
    on_call=dict.fromkeys(sorted(ABSENCE), _always),
)

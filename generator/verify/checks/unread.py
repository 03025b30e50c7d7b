"""Does anything read what a rule records?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check
from generator.verify.spec import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.verify.prepare import Prepared


def _unread(prepared: Prepared) -> Iterator[Finding]:
    """Yields a finding for each record of ours that neither a dashboard nor another rule reads.

    What people record may be read elsewhere. Records that a file's counts need are made, not written, and have no place
    of their own.
    """
    if prepared.read is None:
        return
    read = {name for item in prepared.items if item.expression.kind in {"record", "alert"} for name in item.names}
    for item in prepared.items:
        one = item.expression
        made = one.kind == "record" and one.place == "counts"
        if one.kind != "record" or made or one.file in prepared.brought or one.name in read | prepared.read:
            continue
        yield Finding(
            check=CHECK.name,
            file=one.file,
            place=one.place,
            kind=one.kind,
            name=one.name,
            subjects=(one.name,),
            message=f"nothing reads '{one.name}': no panel asks for what it records, no rule names it",
            hint="record just what a panel aggregates, by all labels that the panel keeps or filters by; or remove it",
            text=one.text,
        )


CHECK = Check(
    name="unread",
    summary="A record that no dashboard and no other rule reads costs its evaluation for nothing.",
    on_scopes=_unread,
)

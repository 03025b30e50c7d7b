"""Leaves out findings that are accepted, and finds exemptions that are wrong themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.spec import Exemption, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.verify.prepare import Prepared


def exempted(
    prepared: Prepared, found: Iterable[Finding], exemptions: Sequence[Exemption], *, report_unused: bool
) -> Iterator[Finding]:
    """Leaves out what is exempt, and reports exemptions that exempt nothing: they hide the next mistake.

    One for a file that is not checked (its dashboard is switched off, say) is neither used nor reported.
    """
    checked = {"", *(item.expression.file for item in prepared.items)}
    used: set[Exemption] = set()
    for finding in found:
        fitting = [exemption for exemption in exemptions if _fits(exemption, finding)]
        used.update(fitting)
        if not fitting:
            yield finding
    for exemption in dict.fromkeys(exemptions):
        if not exemption.reason.strip():
            yield _about(exemption, "this exemption gives no reason", "say why it is right as it is")
        elif report_unused and exemption not in used and exemption.file in checked:
            yield _about(exemption, f"this exemption from '{exemption.check}' exempts nothing", "remove it")


def _fits(exemption: Exemption, finding: Finding) -> bool:
    subjects = {"", finding.subject, *finding.subject.split(", ")}
    return (
        exemption.check == finding.check
        and exemption.subject in subjects
        and exemption.file in {"", finding.file}
        and exemption.panel in {"", finding.name}
    )


def _about(exemption: Exemption, message: str, hint: str) -> Finding:
    return Finding(
        exemption.file, exemption.origin, exemption.panel, 0, -1, "exemption", exemption.check, message, hint
    )

"""Leaves out findings that are accepted, and finds exemptions that are wrong themselves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from generator.verify.checks.exemption import unreasoned, unused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.verify.prepare import Prepared
    from generator.verify.spec import Exemption, Finding

_PLAIN = re.compile(r"(?!(?:no?|y|yes|off|on|true|false|null)$)[A-Za-z/](?:[\w./-]|:(?=\w))*", re.IGNORECASE)
"""Text that YAML reads as it stands, YAML 1.1 too."""


def exempted(
    prepared: Prepared, findings: Iterable[Finding], exemptions: Sequence[Exemption], *, report_unused: bool
) -> Iterator[Finding]:
    """Leaves out what is exempt, and reports exemptions that exempt nothing: they hide the next mistake.

    One for a file that is not checked (its dashboard is switched off, say) is neither used nor reported.
    """
    checked = {"", *(item.expression.file for item in prepared.items)}
    used: set[Exemption] = set()
    for finding in findings:
        fitting = [exemption for exemption in exemptions if fits(exemption, finding)]
        used.update(fitting)
        if not fitting:
            yield finding
    for exemption in dict.fromkeys(exemptions):
        if not exemption.reason.strip():
            yield unreasoned(exemption)
        elif report_unused and exemption not in used and exemption.file in checked:
            yield unused(exemption)


def fits(exemption: Exemption, finding: Finding) -> bool:
    """Returns whether an exemption accepts a finding."""
    return (
        exemption.check == finding.check
        and exemption.subject in {"", *finding.subjects}
        and exemption.file in {"", finding.file}
        and exemption.panel in {"", finding.name}
    )


def written_out(check: str, file: str, subject: str) -> str:
    """Returns the YAML of an exemption, for a person to copy; the reason is left to write."""
    fields = {"check": check, "file": _scalar(file), "subject": _scalar(subject), "reason": "…"}
    return f"exemptions: [{{{', '.join(f'{key}: {value}' for key, value in fields.items())}}}]"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)

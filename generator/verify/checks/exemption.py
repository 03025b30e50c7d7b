"""Has each exemption a reason, and does it accept a finding? generator/verify/exemptions.py asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check
from generator.verify.spec import Finding

if TYPE_CHECKING:
    from generator.verify.spec import Exemption

CHECK = Check(
    name="exemption",
    summary="An exemption without a reason, or one that exempts nothing and would hide the next mistake.",
    exemptible=False,
)


def unreasoned(exemption: Exemption) -> Finding:
    """Returns the finding about an exemption without a reason."""
    return _about(exemption, "gives no reason", "say why it is right as it is")


def unused(exemption: Exemption) -> Finding:
    """Returns the finding about an exemption that accepts nothing."""
    return _about(exemption, "exempts nothing", "remove it")


def _about(exemption: Exemption, fault: str, hint: str) -> Finding:
    where = "".join(
        (f" in {exemption.file}" if exemption.file else "", f", '{exemption.panel}'," if exemption.panel else "")
    )
    message = f"this exemption from '{exemption.check}'{where} {fault}"
    return Finding(CHECK.name, exemption.origin, exemption.place, "", "", (exemption.check,), message, hint)

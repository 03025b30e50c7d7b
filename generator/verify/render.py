"""Shows findings to people and to machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.verify.spec import Finding


def failed(findings: Sequence[Finding]) -> bool:
    """Says whether a finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """Gives one line for each finding, a blank line and the counts; each line ends in a newline."""
    if not findings:
        return "no findings\n"
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    lines = "".join(f"{line(finding)}\n" for finding in findings)
    return f"{lines}\n{_count(errors, 'error')}, {_count(warnings, 'warning')}\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def line(finding: Finding) -> str:
    """Gives ``error[name] FILE: panel 'TITLE' target 2 (PATH, character 5): MESSAGE (HINT)``."""
    where = f" '{finding.name}'" if finding.name else ""
    if finding.place.startswith(("rows", "panels")) or ".targets[" in finding.place:
        where = f" panel{where} target {finding.index + 1}"
    place = finding.place + (f", character {finding.position + 1}" if finding.position >= 0 else "")
    where += f" ({place})" if place else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"{finding.severity}[{finding.check}] {finding.file}:{where}: {finding.message}{hint}"


def as_data(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Gives the findings as data for JSON."""
    return [asdict(finding) for finding in findings]

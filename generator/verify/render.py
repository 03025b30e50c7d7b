"""Shows findings to people and to machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from generator.errors import printable
from generator.verify.checks import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.verify.spec import Finding, Fragment

WIDTH = 100
"""Columns of a line of text if the terminal's width is not known."""

_KINDS = {"target": "panel"}
"""What people call an expression's kind, where they call it something else."""


def failed(findings: Sequence[Finding]) -> bool:
    """Returns whether a finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def as_text(findings: Sequence[Finding], width: int = WIDTH) -> str:
    """Returns the findings for people: each with its fragment, then the counts and the pages of the checks.

    Args:
        findings: what was found; locate.located gives them lines and fragments.
        width: columns that a fragment may take.
    """
    if not findings:
        return "no findings\n"
    errors = sum(finding.severity == "error" for finding in findings)
    shown = "".join(f"{line(finding)}\n{_fragment(finding.fragment, width)}" for finding in findings)
    names = {finding.check for finding in findings}
    pages = ", ".join(check.page for check in BY_NAME.values() if check.name in names)
    counts = f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}"
    return f"{shown}\n{counts}; see {pages}\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def line(finding: Finding) -> str:
    """Returns ``error[name] FILE:LINE panel 'TITLE' (PLACE): MESSAGE (HINT)``, all of it printable."""
    where = finding.file + (f":{finding.line}" if finding.line else "")
    hint = f" ({finding.hint})" if finding.hint else ""
    head = " ".join(part for part in (f"{finding.severity}[{finding.check}]", where, subject(finding)) if part)
    return printable(f"{head}: {finding.message}{hint}")


def subject(finding: Finding) -> str:
    """Returns ``panel 'TITLE' (PLACE)``; "" for the whole file."""
    kind = _KINDS.get(finding.kind, finding.kind)
    name = f"{kind} '{finding.name}'" if finding.name else ""
    return " ".join(part for part in (name, f"({finding.place})" if finding.place else "") if part)


def _fragment(fragment: Fragment | None, width: int) -> str:
    """Returns the fragment's line and one with carets below the subject, cut around it to the width."""
    if fragment is None:
        return ""
    gutter = f"{fragment.line or '':>5} | "
    text, start, end = _cut(fragment, max(width - len(gutter), 20))
    carets = f"{' ' * (len(gutter) - 2)}| {' ' * start}{'^' * (end - start)}\n" if end > start else ""
    return f"{gutter}{text}\n{carets}"


def _cut(fragment: Fragment, room: int) -> tuple[str, int, int]:
    """Returns the part of a line that has room, without what indents it, and where the subject stands in it."""
    printable = "".join(char if char.isprintable() else " " for char in fragment.text)
    indent = len(printable) - len(printable.lstrip())
    text, start, end = printable.strip(), fragment.start - indent, fragment.end - indent
    if len(text) <= room:
        return text, start, end
    # The subject lies in the middle, or nearer to an end that is near.
    begin = min(max(0, (start + end) // 2 - room // 2), len(text) - room)
    cut = text[begin : begin + room]
    if begin:
        cut = f"…{cut[1:]}"
    if begin + room < len(text):
        cut = f"{cut[:-1]}…"
    return cut, max(start - begin, 0), min(end - begin, room)


def as_data(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Returns the findings as data for JSON; ``page`` is the page about the check."""
    return [{**asdict(finding), "page": BY_NAME[finding.check].page} for finding in findings]

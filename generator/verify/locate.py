"""Finds the line of each finding, and the fragment with its subject, in the file that it is about."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.verify.spec import Fragment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from generator.files.positions import Document, Span
    from generator.verify.spec import Finding, Part

_KEYS: dict[Part, tuple[str, ...]] = {
    "query": ("expr", "query", "percentiles", "ratio", "logs"),
    "legend": (
        "legend",
        "legendFormat",
        "labels",
        "summary",
        "description",
        "annotations",
        "titleFormat",
        "textFormat",
    ),
    "unit": ("unit", "fieldConfig.defaults.unit", "format"),
    "columns": ("columns",),
}
"""The keys below which the text of a finding stands: in the query's own mapping, or in one around it."""

_QUERY_KEY = re.compile(r"\.(?:expr|query)$")


def located(findings: Iterable[Finding], document: Callable[[str], Document | None]) -> tuple[Finding, ...]:
    """Returns the findings with their lines and fragments.

    Args:
        findings: what verifier.check returns.
        document: returns a finding's file with its positions; None if there is no such file.
    """
    return tuple(_located(finding, document(finding.file)) for finding in findings)


def _located(finding: Finding, document: Document | None) -> Finding:
    spans = document.path(finding.place) if document else []
    if document is None or len(spans) < 2:
        return replace(finding, fragment=_written_out(finding))
    texts = list(_texts(finding, document))
    for span in texts or spans[-1:]:
        fragment = _standing(finding, document, span)
        if fragment:
            return replace(finding, line=fragment.line, fragment=fragment)
    line = texts[0].first if texts else spans[-1].line
    return replace(finding, line=line, fragment=_written_out(finding) or _first_line(document, line))


def _texts(finding: Finding, document: Document) -> Iterator[Span]:
    """Returns where the subject may stand: below the keys of the finding's part, in the innermost mapping first."""
    place = _QUERY_KEY.sub("", finding.place)
    keys = _KEYS[finding.part]
    while place:
        spans = [span for key in keys if (span := document.path(f"{place}.{key}")[-1]).complete]
        yield from spans
        if spans or finding.part in {"query", "legend"}:
            return
        place = re.sub(r"\.?[^.\[]+$|\[\d+\]$", "", place)


def _standing(finding: Finding, document: Document, span: Span) -> Fragment | None:
    """Returns the first line of a value on which a subject stands."""
    pattern = _pattern(finding)
    for number in range(span.first, span.last + 1) if pattern else ():
        text = document.lines[number - 1]
        match = pattern.search(text) if pattern else None
        if match:
            return Fragment(text, match.start(), match.end(), number)
    return None


def _written_out(finding: Finding) -> Fragment | None:
    """Returns the line of the expression as it is sent, for a subject that a shorthand hides in the file."""
    pattern = _pattern(finding)
    match = pattern.search(finding.text) if pattern and finding.part == "query" else None
    if match is None:
        return None
    start = finding.text.rfind("\n", 0, match.start()) + 1
    line = finding.text[start:].partition("\n")[0]
    return Fragment(line, match.start() - start, min(match.end() - start, len(line)), 0)


def _first_line(document: Document, number: int) -> Fragment | None:
    text = document.lines[number - 1] if number <= len(document.lines) else ""
    start = len(text) - len(text.lstrip())
    return Fragment(text, start, start, number) if text.strip() else None


def _pattern(finding: Finding) -> re.Pattern[str] | None:
    """Returns what finds a subject; None if there is none, or if it is an operator that stands there more than once."""
    subject = finding.subjects[0] if finding.subjects else ""
    if not subject:
        return None
    if re.fullmatch(r"[\w:]+", subject):
        return re.compile(rf"(?<![\w:]){subject}(?!\w|:\w)")
    return re.compile(re.escape(subject)) if finding.text.count(subject) == 1 else None

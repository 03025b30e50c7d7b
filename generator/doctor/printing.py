"""A report in words: a page for a terminal, and Markdown for a ticket."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from generator.errors import listed, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from generator.doctor.boards import Question
    from generator.doctor.report import Entry, Report

_MARKS = {"fault": "✗", "misleads": "!", "expected": "·"}
_COLORS = {"fault": "red", "misleads": "yellow", "expected": "bright_black"}
_NAMED = 3
"""Panels and rules that are named of those which a cause leaves empty."""


def as_text(report: Report, width: int, style: Callable[..., str]) -> str:
    """Returns a report for a terminal.

    Args:
        report: what is told.
        width: columns of the terminal.
        style: colours a text, as click.style does.
    """
    width = max(width, 40)
    lines: list[str] = []
    told = [entry for entry in report.entries if entry.cause.severity != "expected"]
    for workload, entries in _grouped(told):
        lines += _heading(workload, entries, width, style)
        for entry in entries:
            lines += _entry(entry, width, style)
        lines.append("")
    lines += _quiet([entry for entry in report.entries if entry.cause.severity == "expected"], width, style)
    lines += _boards(report, width, style)
    for part, why in report.unseen.items():
        lines += _wrapped(f"not looked at: {part}: {why}", width)
    return "\n".join([*lines, *_summary(report, width, style)]) + "\n"


def _grouped(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Returns entries by workload, that with the worst entry first; entries are sorted already."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.found.workload, []).append(entry)
    return list(groups.items())


def _heading(workload: str, entries: Sequence[Entry], width: int, style: Callable[..., str]) -> list[str]:
    silent = {question for entry in entries for question in entry.questions}
    count = _counted(silent)
    name = printable(workload or "the monitoring itself")
    return [
        style(name, bold=True) + (style(f"  {count} without an answer"[: width - len(name)], dim=True) if count else "")
    ]


def _entry(entry: Entry, width: int, style: Callable[..., str]) -> list[str]:
    mark = _MARKS[entry.cause.severity]
    title = _wrapped(entry.text("title"), width, first=f"  {mark} ", rest="    ")
    lines = [style(line, fg=_COLORS[entry.cause.severity]) for line in title]
    lines += _wrapped(entry.text("means"), width, first="    ", rest="    ")
    lines += _wrapped(entry.text("remedy"), width, first="    → ", rest="      ")
    if entry.overlay:
        lines += _wrapped(f"overlay: {entry.overlay}", width, first="      ", rest="        ")
    lines += [
        style(line, dim=True) for line in _wrapped(f"see: {entry.text('check')}", width, first="    ", rest="      ")
    ]
    if entry.questions:
        lines += [
            style(line, dim=True) for line in _wrapped(_named(entry.questions), width, first="    ", rest="      ")
        ]
    return lines


def _quiet(entries: Sequence[Entry], width: int, style: Callable[..., str]) -> list[str]:
    """Returns what is as it should be: a line for each cause, with the workloads or metrics that it is about."""
    if not entries:
        return []
    by_cause: dict[str, list[Entry]] = {}
    for entry in entries:
        by_cause.setdefault(entry.found.cause, []).append(entry)
    lines = [style("As it should be, or nothing to do", bold=True)]
    for cause, group in by_cause.items():
        subjects = _subjects(cause, group)
        silent = _counted({question for entry in group for question in entry.questions})
        heading = _QUIET.get(cause, group[0].cause.title)
        text = (f"{heading}: {subjects}" if subjects else heading) + (f" ({silent})" if silent else "")
        lines += [style(line, dim=True) for line in _wrapped(text, width, first="  · ", rest="    ")]
    return [*lines, ""]


_QUIET = {
    "absent": "not in this cluster",
    "pool-empty": "monitored, and nothing of it runs",
    "feature-off": "not switched on, or no such hardware",
    "not-yet": "nothing to count yet",
    "fleeting": "shown only while it is set",
    "ended": "ended within the last hour",
    "choice-excludes": "there, and excluded by what is chosen in a menu",
    "labels-together": "has not happened yet",
    "nothing-passes": "data are there, nothing passes the comparison",
    "quiet": "the parts have data, nothing to show",
    "value-not-there": "not with this label yet",
    "cardinality": "large, and nothing reads it",
    "just-started": "Prometheus has just started",
}


def _subjects(cause: str, group: Sequence[Entry]) -> str:
    found: Counter[str] = Counter()
    for entry in group:
        facts = dict(entry.found.facts)
        metric, needs = facts.get("metric", ""), facts.get("needs", "")
        if cause == "feature-off":
            subject = f"{entry.found.workload}: {needs}"
        elif cause == "cardinality":
            subject = f"{metric} ({facts['count']} series, {facts['share']})"
        else:
            subject = metric or entry.found.workload
        found[subject] += len(entry.questions)
    names = [name for name, _ in found.most_common() if name]
    return listed(names, 12)


def _boards(report: Report, width: int, style: Callable[..., str]) -> list[str]:
    if len(report.boards) < 2:
        return []
    lines = [style("Queries that answer, by dashboard", bold=True)]
    wide = max(len(title) for title, _, _ in report.boards)
    column = min(max(wide, 20), width - 20)
    for title, answering, queries in sorted(report.boards, key=lambda row: row[1] / row[2] if row[2] else 1):
        lines.append(f"  {printable(title)[:column]:{column}} {answering:4} of {queries}")
    return [*lines, ""]


def _summary(report: Report, width: int, style: Callable[..., str]) -> list[str]:
    totals = report.totals
    health = _health(report)
    panels = f"{totals['answering']} of {totals['panels']} queries of panels answer"
    more = f", {totals['unexplained']} without a known cause" if totals["unexplained"] else ""
    line = f"{health}; {panels}{more}; {totals['targets'] - totals['down']} of {totals['targets']} targets up"
    cost = (
        f"asked {report.where} {totals['queries']} times in {totals['seconds']} s: {totals['returned']:,} series, "
        f"{totals['bytes'] / 1e6:.1f} MB"
    )
    lines = [style(text, bold=True) for text in _wrapped(line, width)] + _wrapped(cost, width)
    if report.foreign:
        answering = f" {panels} already." if totals["answering"] else ""
        lines += _wrapped(_INVITATION + answering, width)
    return lines


def _health(report: Report) -> str:
    totals = report.totals
    if report.ill:
        faults, misleading = totals["faults"], totals["misleading"]
        return f"{faults} fault{'s' * (faults != 1)}, {misleading} that mislead{'s' * (misleading == 1)}"
    empty = totals["panels"] and not totals["answering"]
    return "nothing to mend, and nothing of this is scraped" if empty else "healthy"


_INVITATION = (
    "This Prometheus has no rules of gen-chart's. `gen-chart --profile bring-your-own-prometheus` writes a chart with "
    "the monitors, dashboards and alerts for what runs here."
)


def as_markdown(report: Report) -> str:
    """Returns a report for a ticket."""
    totals = report.totals
    lines = [
        f"**{_health(report)}; {totals['answering']} of {totals['panels']} queries of panels answer** "
        f"(`gen-chart doctor`, {report.where})",
        "",
    ]
    for entry in report.entries:
        if entry.cause.severity == "expected":
            continue
        lines += [
            f"### {_escaped(entry.text('title'))}",
            "",
            _escaped(entry.text("means")),
            "",
            f"- **Do:** {_escaped(entry.text('remedy'))}",
            *([f"- **Overlay:** `{_code(entry.overlay)}`"] if entry.overlay else []),
            f"- **See it:** `{_code(entry.text('check'))}`",
            *([f"- **Silent:** {_escaped(_named(entry.questions))}"] if entry.questions else []),
            "",
        ]
    quiet = Counter(entry.found.cause for entry in report.entries if entry.cause.severity == "expected")
    if quiet:
        lines += ["Nothing to do: " + ", ".join(f"{_QUIET.get(name, name)} ({count})" for name, count in quiet.items())]
    return "\n".join(lines).rstrip() + "\n"


def _escaped(text: str) -> str:
    """Returns a text in which nothing is Markdown or HTML: names are a stranger's."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in printable(text))


def _code(text: str) -> str:
    return printable(text).replace("`", "'")


def _named(questions: Sequence[Question]) -> str:
    by_owner: dict[str, list[str]] = {}
    for one in dict.fromkeys(questions):
        by_owner.setdefault(one.owner, []).append(one.name)
    parts = [f"{owner}: {listed(names, _NAMED)}" for owner, names in by_owner.items()]
    more = f"; and in {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return "silent: " + "; ".join(parts[:_NAMED]) + more


def _counted(questions: Iterable[Question]) -> str:
    kinds = Counter("panel" if one.kind == "panel" else "rule" for one in questions)
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items()))


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        printable(" ".join(text.split())),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    ) or [first]

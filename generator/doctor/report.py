"""What the doctor prints: a page for a terminal, the same as JSON, and as Markdown for a ticket."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.doctor.causes import Cause, Found, rank, said
from generator.doctor.diagnosis import boards_summary
from generator.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from generator.doctor.boards import Question
    from generator.doctor.diagnosis import Diagnosis
    from generator.doctor.expected import Expected
    from generator.doctor.snapshot import Snapshot
    from generator.doctor.web import Load

_MARKS = {"fault": "✗", "misleads": "!", "expected": "·"}
_COLORS = {"fault": "red", "misleads": "yellow", "expected": "bright_black"}
_NAMED = 3
"""Panels and rules that are named of those which a cause leaves empty."""


@dataclass(frozen=True)
class Entry:
    """A cause that holds, in words.

    Attributes:
        found: what was found.
        cause: its entry in causes.yaml.
        questions: what it leaves without an answer.
    """

    found: Found
    cause: Cause
    questions: tuple[Question, ...]

    def text(self, name: str) -> str:
        """Returns one of the cause's texts with what was found filled in."""
        return said(getattr(self.cause, name), dict(self.found.facts))

    @property
    def overlay(self) -> str:
        """The choice of a profile that mends it; "" where the chart has none."""
        return self.text("overlay") if self.found.ours and self.cause.overlay else ""


@dataclass(frozen=True)
class Report:
    """All that is told.

    Attributes:
        where: the address that was looked at.
        entries: what was found, the worst first.
        boards: each dashboard's title, the number of its queries that answer, and of all.
        totals: numbers of the run.
        unseen: parts that could not be looked at → why.
        foreign: whether what runs is not this project's chart.
    """

    where: str
    entries: tuple[Entry, ...]
    boards: tuple[tuple[str, int, int], ...]
    totals: Mapping[str, float]
    unseen: Mapping[str, str]
    foreign: bool

    @property
    def ill(self) -> bool:
        """Whether something is to be mended."""
        return any(entry.cause.severity != "expected" for entry in self.entries)


def make_report(
    snapshot: Snapshot,
    diagnosis: Diagnosis,
    expected: Expected,
    causes: Mapping[str, Cause],
    load: Load,
    *,
    where: str,
    seconds: float,
    foreign: bool,
) -> Report:
    """Returns what is told about a diagnosis.

    Args:
        snapshot: what was seen.
        diagnosis: what was found.
        expected: what should be there.
        causes: causes.yaml.
        load: what the run has cost.
        where: the address that was looked at.
        seconds: how long it took.
        foreign: whether what runs is not this project's chart.
    """
    entries = [Entry(one, causes[one.cause], questions) for one, questions in _merged(diagnosis.causes, causes)]
    entries.sort(key=lambda entry: (*rank(entry.cause), -len(entry.questions), entry.found.workload, entry.found.facts))
    panels = [one for one in diagnosis.asked if one.question.kind == "panel"]
    totals = {
        "faults": sum(entry.cause.severity == "fault" for entry in entries),
        "misleading": sum(entry.cause.severity == "misleads" for entry in entries),
        "panels": len(panels),
        "answering": sum(one.outcome.answers for one in panels),
        "unexplained": len(diagnosis.unknown),
        "targets": len(snapshot.server.targets or ()),
        "down": sum(target.health == "down" for target in snapshot.server.targets or ()),
        "series": snapshot.server.series,
        "queries": load.requests,
        "returned": load.series,
        "bytes": load.size,
        "seconds": round(seconds, 1),
        "server_seconds": round(load.seconds, 1),
    }
    boards = tuple(boards_summary(expected.boards, diagnosis.asked))
    return Report(where, tuple(entries), boards, totals, snapshot.unseen, foreign)


_DIFFERENT = frozenset(("metric", "wanted", "selector", "expression"))
"""Facts in which causes may differ that are one for a reader: a label that all metrics of a workload lack."""


def _merged(
    found: Mapping[Found, tuple[Question, ...]], causes: Mapping[str, Cause]
) -> Iterator[tuple[Found, tuple[Question, ...]]]:
    """Yields causes with their questions; those that say the same of several metrics once, with the metrics listed."""
    groups: dict[tuple[object, ...], list[Found]] = {}
    for one in found:
        same = tuple(fact for fact in one.facts if fact[0] not in _DIFFERENT)
        quiet = causes[one.cause].severity == "expected"
        groups.setdefault((one.cause, one.workload, one.facts if quiet else same), []).append(one)
    for group in groups.values():
        facts = dict(group[0].facts)
        metrics = list(dict.fromkeys(dict(one.facts).get("metric", "") for one in group))
        if len(metrics) > 1:
            more = f" and {len(metrics) - _NAMED} more" if len(metrics) > _NAMED else ""
            facts["metric"] = ", ".join(metrics[:_NAMED]) + more
        questions = tuple(dict.fromkeys(question for one in group for question in found[one]))
        yield replace(group[0], facts=tuple(sorted(facts.items()))), questions


def as_data(report: Report) -> dict[str, Any]:
    """Returns a report as JSON has it: values-schemas/doctor.schema.yaml."""
    return {
        "prometheus": report.where,
        "healthy": not report.ill,
        "totals": dict(report.totals),
        "findings": [
            {
                "cause": entry.found.cause,
                "stage": entry.cause.stage,
                "severity": entry.cause.severity,
                "workload": entry.found.workload,
                "title": entry.text("title"),
                "means": entry.text("means"),
                "check": entry.text("check"),
                "remedy": entry.text("remedy"),
                "overlay": entry.overlay,
                "facts": dict(entry.found.facts),
                "silent": [
                    {"owner": one.owner, "name": one.name, "kind": one.kind} for one in dict.fromkeys(entry.questions)
                ],
            }
            for entry in report.entries
        ],
        "dashboards": [
            {"title": title, "answering": answering, "queries": queries} for title, answering, queries in report.boards
        ],
        "unseen": dict(report.unseen),
    }


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
    name = printable(workload or "the whole")
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
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more


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
    health = f"{totals['faults']} faults, {totals['misleading']} that mislead" if report.ill else "healthy"
    panels = f"{totals['answering']} of {totals['panels']} queries of panels answer"
    more = f", {totals['unexplained']} without a known cause" if totals["unexplained"] else ""
    line = f"{health}; {panels}{more}; {totals['targets'] - totals['down']} of {totals['targets']} targets up"
    cost = (
        f"asked {report.where} {totals['queries']} times in {totals['seconds']} s: {totals['returned']:,} series, "
        f"{totals['bytes'] / 1e6:.1f} MB"
    )
    lines = [style(text, bold=True) for text in _wrapped(line, width)] + _wrapped(cost, width)
    if report.foreign:
        lines += _wrapped(_INVITATION.format(panels=panels), width)
    return lines


_INVITATION = (
    "This Prometheus has no rules of gen-chart's. `gen-chart --profile bring-your-own-prometheus` writes a chart with "
    "the monitors, dashboards and alerts for what runs here; {panels} already."
)


def as_markdown(report: Report) -> str:
    """Returns a report for a ticket."""
    totals = report.totals
    lines = [
        f"**{totals['faults']} faults, {totals['misleading']} that mislead; {totals['answering']} of "
        f"{totals['panels']} queries of panels answer** (`gen-chart doctor`, {report.where})",
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
    parts = [
        f"{owner}: {', '.join(names[:_NAMED])}" + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
        for owner, names in by_owner.items()
    ]
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

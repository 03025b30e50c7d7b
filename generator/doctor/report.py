"""What the doctor tells, as data: the causes that hold with their words, the worst first, and what the run has cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.doctor.causes import Cause, Found, rank, said
from generator.doctor.diagnosis import boards_summary
from generator.errors import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.doctor.boards import Question
    from generator.doctor.diagnosis import Diagnosis
    from generator.doctor.expected import Expected
    from generator.doctor.snapshot import Snapshot
    from generator.doctor.web import Load

_NAMED = 3
"""Metrics that are named of those about which a cause says the same."""


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
            facts["metric"] = listed(metrics, _NAMED)
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

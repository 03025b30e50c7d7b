"""What was measured, as tables for people and as data for programs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.files.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from generator.files.table import Row
    from tests.cost.measure import Cost, Question

MOST = 25
"""Queries in the table of the most expensive ones."""


@dataclass(frozen=True)
class Report:
    """What the questions of each side cost.

    Attributes:
        nodes: GPU nodes of the fleet.
        hours: length of its history.
        series: what it holds without records.
        rounds: how often each question was asked.
        costs: by the side's name, this project's first.
    """

    nodes: int
    hours: float
    series: int
    rounds: int
    costs: Mapping[str, Mapping[Question, Cost]]


def as_data(report: Report) -> dict[str, Any]:
    """Returns the report as JSON has it; milliseconds of CPU and bytes by side."""
    found: dict[Question, dict[str, Any]] = {}
    for side, costs in report.costs.items():
        for question, cost in costs.items():
            row = found.setdefault(question, {
                "owner": question.owner, "kind": question.kind, "where": question.where, "span": question.span,
                "interval": question.interval,
                "readsLong": question.reads_long, "ms": {}, "bytes": {},
            })  # fmt: skip
            row["ms"][side] = round(1000 * cost.cpu, 3)
            row["bytes"][side] = cost.size
    return {
        "nodes": report.nodes,
        "hours": report.hours,
        "series": report.series,
        "rounds": report.rounds,
        "queries": sorted(found.values(), key=lambda row: -max(row["ms"].values())),
    }


def as_text(report: Report) -> str:
    """Returns the tables: dashboards by time range, rules, records of counts, and the most expensive queries."""
    head = (
        f"{report.nodes} GPU nodes, {report.series} series, {report.hours:g} h at 30 s; "
        f"ms of Prometheus' CPU, medians of {report.rounds}\n"
    )
    spans = sorted({question.span for costs in report.costs.values() for question in costs if question.span})
    parts = [head, _titled("Dashboards, opened once", [*_boards(report), *_totals(report, spans)])]
    parts.append(_titled("Rules, a minute of evaluations", _rules(report)))
    parts.append(_titled("Records of counts beside a rate of the same series", _counts(report)))
    parts.append(_titled("The most expensive queries", _queries(report)))
    return "\n".join(part for part in parts if part)


def _titled(title: str, rows: Sequence[Row]) -> str:
    return f"{title}\n{table(rows)}" if rows else ""


def _boards(report: Report) -> list[Row]:
    keys: dict[tuple[str, int], float] = defaultdict(float)
    for costs in report.costs.values():
        for question, cost in costs.items():
            if question.kind == "panel":
                keys[question.owner, question.span] += cost.cpu
    return [
        {"what": owner, "range": span_text(span)} | _figures(
            report, lambda q, key=(owner, span): q.kind == "panel" and (q.owner, q.span) == key  # type: ignore[misc]
        )
        for owner, span in sorted(keys, key=lambda key: (key[0], key[1]))
    ]  # fmt: skip


def _totals(report: Report, spans: Iterable[int]) -> list[Row]:
    """Returns the sums: over all time ranges that dashboards open with, each range that all were asked for, and both
    for the panels that read more than ten minutes themselves."""
    long = {(q.owner, q.where) for costs in report.costs.values() for q in costs if q.reads_long}
    rows = []
    for name, kept in (("all panels", None), ("panels that look back over 10 min", long)):
        for span in spans:
            owners = [{q.owner for q in costs if q.span == span} for costs in report.costs.values()]
            if len(set.intersection(*owners)) < len({q.owner for q in next(iter(report.costs.values())) if q.span}):
                continue
            rows.append({"what": name, "range": span_text(span)} | _figures(
                report,
                lambda q, span=span, kept=kept: (  # type: ignore[misc]
                    q.kind == "panel" and q.span == span and (kept is None or (q.owner, q.where) in kept)
                ),
            ))  # fmt: skip
    return rows


def _rules(report: Report) -> list[Row]:
    groups = dict.fromkeys(q.owner for costs in report.costs.values() for q in costs if q.kind == "rule")
    rows = [
        {"group": group} | _figures(report, lambda q, group=group: q.kind == "rule" and q.owner == group)  # type: ignore[misc]
        for group in groups
    ]
    return [*rows, {"group": "all"} | _figures(report, lambda q: q.kind == "rule")] if rows else []


def _counts(report: Report) -> list[Row]:
    """Returns the records of counts, what else their groups record included, each beside its rate."""
    costs = next(iter(report.costs.values()))
    rates = {(q.owner, q.where): cost.cpu for q, cost in costs.items() if q.kind == "rate"}
    groups = {owner for owner, _ in rates}
    counts = {(q.owner, q.where): cost.cpu for q, cost in costs.items() if q.kind == "rule" and q.owner in groups}
    rows = [_beside(key[1], cpu, rates.get(key, 0.0)) for key, cpu in counts.items()]
    return [*rows, _beside("all", sum(counts.values()), sum(rates.values()))] if rows else []


def _beside(name: str, count: float, rate: float) -> Row:
    """Returns a row; a rate would be evaluated each 30 s, a count is each minute."""
    return {
        "record": name,
        "ms": _ms(count),
        "rate": _ms(rate) if rate else "",
        "ratio": f"{count / rate:.1f}" if rate else "",
        "ratio a minute": f"{count / rate / 2:.1f}" if rate else "",
    }


def _queries(report: Report) -> list[Row]:
    costs = next(iter(report.costs.values()))
    most = sorted((q for q in costs if q.kind in ("panel", "rule")), key=lambda q: -costs[q].cpu)[:MOST]
    return [
        {"owner": q.owner, "query": q.where, "range": span_text(q.span)}
        | {name: _ms(of[q].cpu) if q in of else "" for name, of in report.costs.items()}
        | {"kB": f"{costs[q].size / 1000:.0f}"}
        for q in most
    ]


def _figures(report: Report, kept: Callable[[Question], bool]) -> Row:
    sums = {
        name: sum(cost.cpu * (60 / q.interval if q.interval else 1) for q, cost in costs.items() if kept(q))
        for name, costs in report.costs.items()
    }
    count = sum(1 for question in next(iter(report.costs.values())) if kept(question))
    row = {"queries": str(count)} | {name: _ms(value) for name, value in sums.items()}
    if len(sums) == 2:
        now, beside = sums.values()
        row["ratio"] = f"{now / beside:.2f}" if beside else ""
    return row


def _ms(cpu: float) -> str:
    return f"{1000 * cpu:.1f}" if cpu < 0.1 else f"{1000 * cpu:.0f}"


def span_text(span: int) -> str:
    """Returns a time range as Grafana writes it; "" for none."""
    if not span:
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if span % length == 0:
            return f"{span // length}{unit}"
    return f"{span}s"

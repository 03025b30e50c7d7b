"""What the proof found, as data, as a table and as JSON."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

State = Literal["measured", "synthetic", "silent", "error"]
"""How an expression answered: with measured series alone, with synthetic ones besides, not at all, or not evaluated."""


@dataclass(frozen=True)
class Result:
    """What became of one expression.

    Attributes:
        owner: the dashboard's or rule file's name.
        kind: "target", "variable", "record" or "alert".
        where: the panel's title and the query's letter, or the name of the variable or rule.
        state: how it answered; an alert need not answer, as nothing may be wrong.
        expr: the expression.
        detail: Prometheus' error; "" for none.
        reason: why it may be silent; "" if it may not.
        live: whether a scenario of `make truth` has exercised it and found it true.
    """

    owner: str
    kind: str
    where: str
    state: State
    expr: str
    detail: str = ""
    reason: str = ""
    live: bool = False

    @property
    def failed(self) -> bool:
        """Returns whether it is wrong that it is as it is."""
        return self.state == "error" or (self.state == "silent" and self.kind != "alert" and not self.reason)


@dataclass(frozen=True)
class Report:
    """Everything that was run.

    Attributes:
        results: each expression.
        problems: what promtool holds against the rule files, and reasons that exempt nothing.
        elsewhere: targets that another data source answers (logs), which are not run.
        measured_series: series of captures.
        synthetic_series: series made from the catalogue.
        seconds: how long it took.
    """

    results: tuple[Result, ...]
    problems: tuple[str, ...]
    elsewhere: int
    measured_series: int
    synthetic_series: int
    seconds: float

    @property
    def failed(self) -> bool:
        """Returns whether anything that must answer does not."""
        return bool(self.problems) or any(result.failed for result in self.results)


_README_TABLE = re.compile(r"^\| dashboard \| targets \|.*\n(?:\|.*\n)*", re.MULTILINE)

_STATES: tuple[State, ...] = ("measured", "synthetic", "silent", "error")


def as_text(report: Report) -> str:
    """Returns the tables for people, and after them each expression that does not answer."""
    lines = [*_plain(_table("dashboard", ("target", "variable"), "answer", report)), ""]
    lines += [*_plain(_table("rules", ("record", "alert"), "fire", report)), "", *_notes(report)]
    for result in report.results:
        if result.failed or (result.state == "silent" and result.kind != "alert"):
            what = f"{result.owner}: {result.kind} '{result.where}' {result.state}"
            lines += ["", f"{what}{f' ({result.reason})' if result.reason else ''}", f"  {result.expr}"]
            lines += [f"  {result.detail}"] if result.detail else []
    return "\n".join([*lines, *report.problems]) + "\n"


def as_markdown(report: Report) -> str:
    """Returns the tables as a README shows them."""
    rules = _table("rules", ("record", "alert"), "fire", report)
    return f"{boards_as_markdown(report)}\n{_markdown(rules)}"


def boards_as_markdown(report: Report) -> str:
    """Returns the table of the dashboards."""
    return _markdown(_table("dashboard", ("target", "variable"), "answer", report))


def in_readme(text: str, report: Report) -> str:
    """Returns a README's text with its table of the dashboards replaced by a report's.

    Raises:
        ValueError: it has no such table, or several.
    """
    new, number = _README_TABLE.subn(lambda _: boards_as_markdown(report), text)
    if number != 1:
        raise ValueError(f"README.md: found {number} tables that begin with '| dashboard | targets |', expected one")
    return new


def _markdown(table: list[list[str]]) -> str:
    header, *rows = table
    return "".join(
        f"{line}\n" for line in (_pipes(header), _pipes(["---", *["---:"] * (len(header) - 1)]), *map(_pipes, rows))
    )


def _notes(report: Report) -> list[str]:
    lines = [
        "Live are targets that a scenario of `make truth` has exercised and found true (docs/truth.md).",
        f"{report.measured_series} measured and {report.synthetic_series} synthetic series; {report.seconds:.0f} s.",
        "An alert that is silent has nothing to report; its own tests show that it can fire.",
    ]
    return lines + ([f"{report.elsewhere} log queries are not run here."] if report.elsewhere else [])


def _plain(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(title: str, kinds: tuple[str, str], last: str, report: Report) -> list[list[str]]:
    """Returns a header, a row for each dashboard or rule file, and one for all."""
    main, second = kinds
    chosen = [result for result in report.results if result.kind in (main, second)]
    owners = {owner: [result for result in chosen if result.owner == owner] for owner in (r.owner for r in chosen)}
    header = [title, f"{main}s", *_STATES, *(["live"] if main == "target" else []), f"{second}s", last]
    return [header, *(_row(owner, main, found) for owner, found in owners.items()), _row("all", main, chosen)]


def _row(owner: str, main: str, results: Sequence[Result]) -> list[str]:
    first = [result.state for result in results if result.kind == main]
    exercised = [sum(result.live for result in results)] if main == "target" else []
    second = [result.state for result in results if result.kind != main]
    answered = sum(state in ("measured", "synthetic") for state in second)
    return [owner, *map(str, (len(first), *map(first.count, _STATES), *exercised, len(second), answered))]


def as_data(report: Report) -> dict[str, Any]:
    """Returns the report for a machine."""
    return {**asdict(report), "failed": report.failed}

"""How much CPU a Prometheus takes to answer each question, by its process' own clock."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING, Literal

from generator.promql.durations import seconds
from tests.signals import grafana
from tests.signals.grafana import Raw, Window
from tests.signals.server import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.cost.sides import Side
    from tests.signals.grafana import Board, Choice
    from tests.signals.server import Api

Kind = Literal["panel", "rule", "rate"]
"""A panel's query, an evaluation of a rule, and of a rate of the series that a record of counts counts."""

_COUNT = re.compile(r"sum by \(([^)]*)\) \(\s*\(last_over_time\((.*?)\[1m\]\).*?(\nand on .*?)?\n?\)", re.DOTALL)
_RANGE = re.compile(r"(?:increase|rate|delta|\w+_over_time)\([^()]*(?:\([^()]*\)[^()]*)*\[([0-9a-z]+)[\]:]")
_LONG = 600.0
_MOST_CHOICES = 40
"""Combinations of menus' entries that are looked at."""

_RATES = 30
"""Seconds between two evaluations of a rate, were it recorded: the interval of all groups but those of counts."""

_MOMENTS = tuple(450 * moment for moment in range(8))
"""Seconds before the end of the history at which a rule is evaluated in one measurement. One evaluation is too short to
be measured well, and what it takes depends on how full the newest chunk of a series is, which holds an hour of 30 s."""


@dataclass(frozen=True)
class Question:
    """One question to Prometheus.

    Attributes:
        owner: the dashboard or the group of rules.
        kind: what asks.
        where: the panel and the target's letter, or the rule's name.
        span: the time range that it is asked over, in seconds; 0 for an evaluation of a rule.
        expr: PromQL with variables filled in.
        start: Unix seconds of the first point.
        end: of the last one.
        step: seconds between two points; 0 asks for ``end`` alone.
        interval: seconds between two evaluations of a rule; 0 for a panel.
        reads_long: whether the expression itself looks back for more than ten minutes.
    """

    owner: str
    kind: Kind
    where: str
    span: int
    expr: str = field(compare=False)
    start: float = field(compare=False, default=0.0)
    end: float = field(compare=False, default=0.0)
    step: int = field(compare=False, default=0)
    interval: int = field(compare=False, default=0)
    reads_long: bool = field(compare=False, default=False)

    def ask(self, api: Api, before: int = 0) -> int:
        """Asks once, for a time some seconds before its own; returns the bytes of the answer.

        Raises:
            QueryError: Prometheus refuses the query.
        """
        data: dict[str, str | float] = {"query": self.expr}
        data |= {"start": self.start, "end": self.end, "step": self.step} if self.step else {"time": self.end - before}
        path = "query_range" if self.step else "query"
        content = api.session.post(f"{api.url}/api/v1/{path}", data=data, timeout=300).content
        if not content.startswith(b'{"status":"success"'):
            raise QueryError(f"{self.owner} / {self.where}: {content[:500].decode(errors='replace')}")
        return len(content)


@dataclass(frozen=True)
class Cost:
    """What one answer takes: seconds of CPU, the median of the rounds, and bytes to the browser."""

    cpu: float
    size: int


def questions(side: Side, api: Api, end: int, spans: Iterable[int]) -> list[Question]:
    """Returns everything that is asked of a side.

    Args:
        side: the dashboards and rules.
        api: a Prometheus, asked for the entries of menus.
        end: the moment of the last scrape.
        spans: time ranges in seconds that every dashboard is opened with; 0 stands for its own.
    """
    found: dict[Question, None] = {}
    for board in side.boards:
        choice = _choice(board, api, end)
        for span in dict.fromkeys(span or board.seconds for span in spans):
            found |= dict.fromkeys(_of_board(board, choice, Window(end - span, end)))
    for rule in side.rules:
        one = rule.expression
        found.setdefault(Question(one.group, "rule", one.name, 0, one.text, end=end, interval=rule.interval))
        rate = rate_beside(one.text)
        if rate:
            found.setdefault(Question(one.group, "rate", one.name, 0, rate, end=end, interval=_RATES))
    return list(found)


def rate_beside(count: str) -> str:
    """Returns the expression that records the rate of what a record of counts counts; "" if it is none."""
    match = _COUNT.fullmatch(count.strip())
    return f"sum by ({match[1]}) (rate({match[2]}[5m]){match[3] or ''})" if match else ""


def reads_long(expr: str) -> bool:
    """Returns whether a function in an expression looks back for more than ten minutes.

    The hour in which an exact increase looks for births is no such range: it stands behind an offset.
    """
    for match in _RANGE.finditer(expr):
        behind = expr[match.end() - 1 :].partition("]")[2].lstrip()
        if not behind.startswith("offset") and (seconds(match[1]) or 0) > _LONG:
            return True
    return False


def _of_board(board: Board, choice: Choice, window: Window) -> Iterator[Question]:
    span = int(window.end - window.start)
    for target in board.targets:
        step = grafana.step(window, target.interval)
        expr = grafana.filled(target.expr, choice, window, target.interval)
        where = f"{target.panel} {target.ref}"
        begin = (window.start // step * step, window.end // step * step, step)
        times = (window.end, window.end, 0) if target.instant else begin
        yield Question(board.name, "panel", where, span, expr, *times, reads_long=reads_long(expr))


def _choice(board: Board, api: Api, end: int) -> Choice:
    """Returns "All" where a menu has it, and of the other menus' entries those with which most targets answer."""
    window = Window(end - board.seconds, end)
    best: tuple[int, Choice] = (-1, {})
    for choice in islice(_choices(board, api, window, {}), _MOST_CHOICES):
        exprs = (grafana.filled(target.expr, choice, window) for target in board.targets)
        best = max(best, (sum(api.instant(expr, end).answers for expr in exprs), choice), key=itemgetter(0))
    return best[1]


def _choices(board: Board, api: Api, window: Window, choice: Choice) -> Iterator[Choice]:
    if len(choice) == len(board.menus):
        yield choice
        return
    menu = board.menus[len(choice)]
    found = grafana.entries(menu, api, choice, window)
    values: list[str | tuple[str, ...]] = list(found)
    if menu.multi:
        values = [found]
    if menu.all_value and (menu.include_all or not found):
        values = [Raw(menu.all_value)]
    for value in values or [""]:
        yield from _choices(board, api, window, {**choice, menu.name: value})


def clock(pid: int) -> float:
    """Returns the seconds of CPU that a process has taken, to the nanosecond (Linux: CPUCLOCK_SCHED of the process)."""
    return time.clock_gettime(~pid << 3 | 2)


def measure(
    asked: Sequence[tuple[Api, Sequence[Question]]], rounds: int, progress: Callable[[str], object]
) -> list[dict[Question, Cost]]:
    """Returns what each question costs each Prometheus: the median of some rounds.

    The servers take turns, dashboard by dashboard, so that a slow minute of the machine slows all.

    Raises:
        QueryError: a Prometheus refuses a query.
    """
    taken: list[dict[Question, list[float]]] = [defaultdict(list) for _ in asked]
    sizes: list[dict[Question, int]] = [{} for _ in asked]
    parts = [_parts(one) for _, one in asked]
    for turn in range(rounds):
        for key in dict.fromkeys(key for part in parts for key in part):
            for number, (api, _) in enumerate(asked):
                for question in parts[number].get(key, ()):
                    moments = (0,) if question.kind == "panel" else _MOMENTS
                    begun = clock(api.pid)
                    for before in moments:
                        sizes[number][question] = question.ask(api, before)
                    taken[number][question].append((clock(api.pid) - begun) / len(moments))
        progress(f"{turn + 1} of {rounds} rounds")
    return [
        {question: Cost(median(values), size[question]) for question, values in times.items()}
        for times, size in zip(taken, sizes, strict=True)
    ]


def _parts(asked: Iterable[Question]) -> Mapping[tuple[str, Kind, int], list[Question]]:
    parts: dict[tuple[str, Kind, int], list[Question]] = defaultdict(list)
    for question in asked:
        parts[question.owner, question.kind, question.span].append(question)
    return parts

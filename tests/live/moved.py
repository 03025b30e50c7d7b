"""Which panels of a dashboard answer, and which of them showed that something went on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.signals import grafana
from tests.signals.server import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.signals.grafana import Board
    from tests.signals.server import Answer, Api

STEP = 10
"""Seconds between two moments at which a panel is asked."""


@dataclass(frozen=True)
class Panels:
    """The panels of a dashboard by what they did; a panel is in one of them."""

    moved: tuple[str, ...]
    still: tuple[str, ...]
    silent: tuple[str, ...]


def moved(board: Board, api: Api, start: float, end: float) -> Panels:
    """Asks every panel of a dashboard over a time.

    Args:
        board: the dashboard.
        api: a Prometheus that has scraped meanwhile.
        start: Unix seconds.
        end: Unix seconds.

    Returns:
        The titles of panels with a query whose numbers changed or that came or went, of panels with a number that
        stayed, and of those without any.
    """
    window = grafana.Window(end - board.seconds, end)
    choice = grafana.first_choice(board, api, window)
    states: dict[str, int] = {}
    for target in board.targets:
        try:
            answer = api.range(grafana.filled(target.expr, choice, window), start, end, STEP)
        except QueryError:
            answer = None
        states[target.panel] = max(states.get(target.panel, 0), _state(answer, int((end - start) / STEP) + 1))
    by_state = {state: tuple(panel for panel, each in states.items() if each == state) for state in range(3)}
    return Panels(by_state[2], by_state[1], by_state[0])


def _state(answer: Answer | None, points: int) -> int:
    """Returns 0 for no number, 1 for numbers that stay, 2 for numbers that change, come or go."""
    if answer is None or not answer.answers:
        return 0
    values = [[value for _, value in samples if value != "NaN"] for _, samples in answer.series]
    return 2 if any(len(set(each)) > 1 or 0 < len(each) < points for each in values) else 1


def table(found: Mapping[str, Panels]) -> str:
    """Returns what each dashboard did as a table, and below it the titles of the panels that did not answer."""
    rows = [("dashboard", "panels", "answer", "moved")]
    for name, panels in found.items():
        answer = len(panels.moved) + len(panels.still)
        rows.append((name, str(answer + len(panels.silent)), str(answer), str(len(panels.moved))))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    lines.append("")
    lines += [
        f"{name}, without an answer: {', '.join(panels.silent)}" for name, panels in found.items() if panels.silent
    ]
    return "\n".join(lines) + "\n"

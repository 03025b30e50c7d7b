"""Runs every query of the dashboards and rules on one Prometheus and says which gave a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.signals import grafana
from tests.signals.motion import END, START, STEP
from tests.signals.server import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.promql.expression import Expression
    from tests.signals.grafana import Board, Target, Window
    from tests.signals.server import Answer, Api

Outcome = tuple[Literal["answers", "silent", "error"], str]
"""What a query gave, and Prometheus' error."""

Place = tuple[str, str, str]
"""(dashboard's or rule file's name, kind, the query's name in it)."""

_SILENT: Outcome = ("silent", "")
_COARSE = 2 * STEP
_SETTLED = START + 600
"""From here on every window of a few minutes is full."""


def board_outcomes(board: Board, api: Api) -> Iterator[tuple[Place, Outcome]]:
    """Opens a dashboard, then chooses other menu entries as long as a panel is empty."""
    window = grafana.Window(END - board.seconds, END)
    menus: dict[str, Outcome] = dict.fromkeys((menu.name for menu in board.menus), _SILENT)
    targets: dict[Target, Outcome] = dict.fromkeys(board.targets, _SILENT)
    try:
        for choice, offered in grafana.choices(board, api, window):
            menus.update((name, ("answers", "")) for name, entries in offered.items() if entries)
            for target, (state, _) in targets.items():
                if state == "silent":
                    targets[target] = _outcome(target, choice, window, api)
            if all(state != "silent" for state, _ in (*targets.values(), *menus.values())):
                break
    except QueryError as error:
        # Which menu it was does not matter: those behind it cannot be filled either.
        menus.update((name, ("error", str(error))) for name, outcome in menus.items() if outcome == _SILENT)
    for name, outcome in menus.items():
        yield (board.name, "variable", name), outcome
    for target, outcome in targets.items():
        yield (board.name, "target", f"{target.panel} {target.ref}"), outcome


def _outcome(target: Target, choice: grafana.Choice, window: Window, api: Api) -> Outcome:
    expr = grafana.filled(target.expr, choice, window, target.interval)
    if target.instant:
        return _asked(expr, api)
    try:
        return _said(api.range(expr, window.start, window.end, grafana.step(window, target.interval)))
    except QueryError as error:
        return "error", str(error)


def _asked(expr: str, api: Api) -> Outcome:
    """Asks for one moment; where there is nothing, for all others, as a person may look at any of them."""
    try:
        now = _said(api.instant(expr, END))
        return now if now != _SILENT else _said(api.range(expr, _SETTLED, END, _COARSE))
    except QueryError as error:
        return "error", str(error)


def _said(answer: Answer) -> Outcome:
    return ("answers", "") if answer.answers else _SILENT


def rule_places(rules: Iterable[Expression]) -> dict[Place, str]:
    """Returns the expression of each record and alert; those that share a name are told apart by their place."""
    found: dict[Place, str] = {}
    for rule in rules:
        place = (rule.file, rule.kind, rule.name)
        found[(*place[:2], f"{rule.name} at {rule.place}") if place in found else place] = rule.text
    return found


def rule_outcomes(rules: Iterable[Expression], api: Api) -> Iterator[tuple[Place, Outcome]]:
    """Evaluates every record and every alert."""
    for place, expr in rule_places(rules).items():
        yield place, _asked(expr, api)

"""Each panel that reads records says what raw series say: all pairs are asked of a real Prometheus, side by side.

The data is what `make cost` loads, four GPU nodes of it over an hour and a half. A record is up to an evaluation
behind, a record of counts up to a minute, and a window of whole minutes may begin that much earlier: what a panel
shows at a moment has to lie between the least and the most that its raw form shows from a minute and a half before to
half a minute behind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.reader import read_dashboards
from generator.files import yamlfile
from generator.rules.groups import expressions
from generator.rules.reader import read_rules
from generator.rules.recorded import recorded
from tests.cost.sides import Rule, Side
from tests.cost.store import load, serving
from tests.live.shipped import EVALUATION
from tests.signals import grafana
from tests.signals.grafana import Window
from tests.signals.needed import needed
from tests.signals.proof import worlds
from tests.signals.scrapes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.signals.binaries import Binaries
    from tests.signals.grafana import Board, Target
    from tests.signals.server import Api

STEP = 30
BEFORE, BEHIND = 90, 30
"""Seconds by which a panel with records may lag, and be ahead."""

SHARE = 0.02
"""By how much a value may lie outside: what a rate reckons from the ends of its window, a count does not."""

CHOICES = 2
"""Choices in a dashboard's menus with which every pair is asked; those that never answered are asked with more."""


@dataclass(frozen=True)
class Pair:
    """A target as it is written and as it is shipped."""

    board: Board
    raw: Target
    shipped: Target

    def __str__(self) -> str:
        """Returns the dashboard, the panel and the target's letter."""
        return f"{self.board.name} / {self.raw.panel} {self.raw.ref}"


def pairs() -> tuple[list[Pair], list[Rule]]:
    """Returns all targets that read a record in place of what was written, and all rules."""
    schemas = {
        kind: yamlfile.load_mapping(ROOT / f"values-schemas/{kind}.schema.yaml") for kind in ("dashboard", "rule")
    }
    rules = read_rules(ROOT / "rules", schemas["rule"], [path.stem for path in (ROOT / "monitors").glob("*.yaml")])
    read = recorded(rules.values())
    found = []
    for name, spec in read_dashboards(ROOT / "dashboards", schemas["dashboard"]).items():
        raw, shipped = (grafana.board(name, compile_dashboard(name, spec, records)) for records in ((), read))
        twins = zip(raw.targets, shipped.targets, strict=True)
        found += [Pair(raw, *twin) for twin in twins if twin[0].expr != twin[1].expr]
    asked = [Rule(one, 60 if one.group.endswith(".counts") else EVALUATION) for one in expressions(rules)]
    return found, asked


@pytest.mark.thorough
@pytest.mark.slow
def test_a_panel_says_with_records_what_it_says_without(binaries: Binaries, tmp_path: Path) -> None:
    found, rules = pairs()
    boards = {pair.board.name: pair.board for pair in found}
    records = [rule for rule in rules if rule.expression.kind == "record"]
    texts = [one.expr for pair in found for one in (pair.raw, pair.shipped)]
    texts += [menu.query for board in boards.values() for menu in board.menus]
    shipped = Side("shipped", tuple(boards.values()), tuple(records))
    wanted = needed([*texts, *(rule.expression.text for rule in records)])
    measured, added = worlds(ROOT, tmp_path / "chart", [], wanted, ())
    history = load(binaries, tmp_path / "raw", (measured | added).values(), 4, 1.5)
    answered: dict[str, int] = {}
    wrong: list[str] = []
    with serving(binaries, history, shipped, tmp_path / "side", lambda _: None, every=True) as api:
        for name, board in boards.items():
            mine = [pair for pair in found if pair.board.name == name]
            window = Window(history.end - 1800, history.end)
            for number, (choice, _) in enumerate(grafana.choices(board, api, window)):
                if number >= CHOICES:
                    # What answers with some choices only, as a job that has no data sets does not.
                    mine = [pair for pair in mine if not answered[str(pair)]]
                for pair in mine:
                    said = list(differences(pair, api, choice, history.end))
                    answered[str(pair)] = answered.get(str(pair), 0) + bool(said)
                    wrong += [f"{pair}: {text}" for text in said if text]
    assert not wrong, "\n".join(wrong[:40])
    silent = [name for name, times in answered.items() if not times]
    assert len(answered) > 70
    assert not silent, silent


def differences(pair: Pair, api: Api, choice: grafana.Choice, end: int) -> Iterator[str]:
    """Yields a text for each series of the two forms: what is wrong with it, or "" if nothing is."""
    begin, window = end - 480, Window(end - 1800, end)
    raw, shipped = (
        answers(api, grafana.filled(one.expr, choice, window, one.interval), first, last)
        for one, first, last in ((pair.raw, begin - BEFORE, end), (pair.shipped, begin, end - BEHIND))
    )
    for key in sorted(raw.keys() | shipped.keys()):
        yield compared(raw.get(key, {}), shipped.get(key, {}), begin, end - BEHIND, f"{dict(key)}")


def compared(raw: Mapping[int, float], shipped: Mapping[int, float], begin: int, end: int, name: str) -> str:
    """Returns the first moment at which a series' shipped value is not among its raw ones around it; "" for none."""
    for at in range(begin, end + 1, STEP):
        around = [raw[other] for other in range(at - BEFORE, at + BEHIND + 1, STEP) if other in raw]
        if at not in shipped:
            if len(around) == (BEFORE + BEHIND) // STEP + 1:
                return f"{name} says nothing at {at - end} s, {around} without records"
            continue
        slack = SHARE * max(map(abs, [*around, shipped[at]])) if around else 0.0
        if not around or not min(around) - slack <= shipped[at] <= max(around) + slack:
            return f"{name} says {shipped[at]:g} at {at - end} s, {around} without records"
    return ""


def answers(api: Api, expr: str, begin: int, end: int) -> dict[tuple[tuple[str, str], ...], dict[int, float]]:
    """Returns the values of each series of an expression by their moments; what is no number is left out."""
    return {
        tuple(sorted((label, value) for label, value in labels.items() if label != "__name__")): {
            int(at): float(value) for at, value in samples if not math.isnan(float(value))
        }
        for labels, samples in api.range(expr, begin, end, STEP).series
    }

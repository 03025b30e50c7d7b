"""Log panels of pictures: every one that shipped dashboards have is given lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from generator.dashboards.compiler import compile_dashboard
from tests.dashboards.conftest import SHIPPED
from tests.pictures.answers import panels_of
from tests.pictures.lines import log_answers
from tests.signals.grafana import Window

if TYPE_CHECKING:
    from typing import Any

WINDOW = Window(3600.0, 7200.0)


def answers(name: str) -> dict[str, dict[str, Any]]:
    spec = SHIPPED[name]
    panels = list(panels_of(json.loads(compile_dashboard(name, spec))["panels"]))
    found, _ = log_answers(spec, panels, WINDOW)
    return {panels[index]["title"]: answer for index, answer in found.items()}


def test_every_log_panel_of_the_explorer_has_something_to_show() -> None:
    assert all(answer["series"] or answer["lines"] for answer in answers("logs-explorer").values())


def test_lines_lie_in_the_time_range_the_newest_first() -> None:
    shown = answers("logs-explorer")
    times = [line["time"] / 1000 for line in next(one["lines"] for one in shown.values() if one["lines"])]
    assert times == sorted(times, reverse=True)
    assert WINDOW.start < times[-1] < times[0] < WINDOW.end

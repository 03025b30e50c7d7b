"""The checks on the drawn page find what a person would stumble over: faults put into a dashboard on purpose.

They want Node and Chromium, and seconds of both, so they run when the tests are thorough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.pictures.drawing import Look, NoBrowserError, browser, draw, prepare
from tests.thorough import THOROUGH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not THOROUGH, reason="drawing: GEN_CHART_THOROUGH=1 asks for it")]

START, STEP, POINTS = 1_767_225_600, 30, 61


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[dict[str, Any]]], dict[str, set[str]]]:
    """Draws boards and gives, by board, what kinds of findings there are."""
    try:
        browser()
        prepare()
    except NoBrowserError as error:
        pytest.skip(str(error))

    def call(boards: list[dict[str, Any]]) -> dict[str, set[str]]:
        out: Path = tmp_path_factory.mktemp("out")
        pictures = draw(boards, [Look("dark", 1600)], tmp_path_factory.mktemp("data"), out)
        return {picture.dashboard: {one.kind for one in picture.findings} for picture in pictures}

    return call


def series(name: str) -> dict[str, Any]:
    samples = [(START + STEP * index, str(index % 7)) for index in range(POINTS)]
    common = {"refId": "A", "format": "time_series", "instant": False}
    return {**common, "labels": {"pod": name}, "legend": name, "samples": samples}


def board(name: str, *, title: str = "Requests", unit: str | None = "reqps", lines: int = 3) -> dict[str, Any]:
    panel: dict[str, Any] = {
        "type": "timeseries",
        "title": title,
        "description": "What a person sees.",
        "gridPos": {"x": 0, "y": 0, "w": 6, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit} if unit else {}, "overrides": []},
        "targets": [{"refId": "A", "expr": "up"}],
    }
    return {
        "name": name,
        "dashboard": {"title": name, "description": "", "panels": [panel]},
        "choice": [],
        "names": [],
        "window": {"start": START, "end": START + STEP * (POINTS - 1)},
        "answers": [{"series": [series(f"pod-{index}") for index in range(lines)], "lines": [], "step": STEP}],
    }


def test_each_seeded_fault_is_found_and_nothing_else(
    drawn: Callable[[list[dict[str, Any]]], dict[str, set[str]]],
) -> None:
    found = drawn(
        [
            board("right"),
            board("long-title", title="Requests per second that were answered by any of the servers of this model"),
            board("no-unit", unit=None),
            board("sixty-lines", lines=60),
        ]
    )
    assert found == {
        "right": set(),
        "long-title": {"title-cut"},
        "no-unit": {"unit-missing"},
        "sixty-lines": {"legend-large", "lines-many"},
    }

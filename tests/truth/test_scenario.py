"""Scenarios follow their schema, name what is there, and run in the workflow of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from tests import libyaml
from tests.conftest import ROOT
from tests.live.shipped import seconds
from tests.truth import kept
from tests.truth.compare import target_of
from tests.truth.events import Quantity
from tests.truth.scenario import FOLDER, moment, read_scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.live.shipped import Shipped
    from tests.truth.scenario import Scenario


def test_each_panel_and_alert_that_a_scenario_names_is_there(
    scenarios: Mapping[str, Scenario], chart_shipped: Shipped
) -> None:
    alerts = {alert.rule.name for alert in chart_shipped.alerts}
    for scenario in scenarios.values():
        for item in scenario.compare:
            target_of(chart_shipped.boards[item.dashboard], item.panel, item.target)
        assert scenario.alerts.fire | scenario.alerts.pending | scenario.alerts.allow.keys() <= alerts, scenario.name


def test_each_program_that_a_scenario_runs_is_there(scenarios: Mapping[str, Scenario]) -> None:
    for scenario in scenarios.values():
        for step in scenario.steps:
            assert not step.run or (ROOT / step.run.split()[0]).is_file(), f"{scenario.name}: {step.run}"


def test_what_is_counted_by_the_second_has_a_window(scenarios: Mapping[str, Scenario]) -> None:
    for scenario in scenarios.values():
        for item in scenario.compare:
            if isinstance(item.truth, Quantity) and item.truth.form in ("rate", "sumrate"):
                assert item.truth.seconds, f"{scenario.name}: {item.panel}"
            assert isinstance(item.truth, Quantity) or not item.within.scrapes, f"{scenario.name}: {item.panel}"


def test_the_workflow_runs_every_scenario(scenarios: Mapping[str, Scenario]) -> None:
    workflow = libyaml.load((ROOT / ".github" / "workflows" / "truth.yaml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["truth"]["strategy"]["matrix"]["scenario"] == sorted(scenarios)


def test_a_run_of_every_scenario_is_kept(scenarios: Mapping[str, Scenario]) -> None:
    assert kept.names() == sorted(scenarios)


def changed(folder: Path, old: str, new: str) -> None:
    text = (FOLDER / "serve-steady.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "mine.yaml").write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at: load.end - 10", "at: laod.end - 10", "mine.yaml.*found 'laod', expected the name of a step: app, load"),
        ("needs: [ray]", "needs: [rai]", "mine.yaml.*needs.*'rai'"),
        ("within: {relative: 0.03}", "within: {}", "mine.yaml.*within"),
        ("as: rate", "as: rates", "mine.yaml.*compare"),
    ],
)
def test_a_mistake_in_a_scenario_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    changed(tmp_path, old, new)
    with pytest.raises(InputError) as error:
        read_scenarios(tmp_path)
    assert re.search(message, str(error.value)), str(error.value)


def test_moments_are_marks_with_seconds() -> None:
    marks = {"load.end": 100.0}
    assert [moment(text, marks) for text in ("load.end", "load.end - 10", "load.end + 5")] == [100, 90, 105]


def test_durations_are_read_as_prometheus_reads_them() -> None:
    assert [seconds(text) for text in ("0s", "90s", "2m", "1h30m")] == [0, 90, 120, 5400]

"""A person's own dashboards and rules: found from the overlay's folder, checked like the built-in ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.library import FOLDER
from generator.build.profile import load_profile
from generator.build.sources import read_overlay
from generator.errors import InputError
from tests import libyaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

BOARD = """\
title: Team
uid: team-board
description: What our team looks at.
variables: []
rows:
  - title: Requests
    panels:
      - title: Waiting
        type: timeseries
        unit: short
        description: Requests that wait. More than ten for long means too few replicas.
        targets:
          - expr: sum(vllm:num_requests_waiting)
            legend: waiting
"""
RULES = """\
description: Our alerts.
alerts:
  - alert: TeamQueue
    severity: warning
    summary: Our queue grows
    description: "{{ $value }} requests wait."
    expr: sum(vllm:num_requests_waiting) > 100
    for: 5m
"""


@pytest.fixture
def load(tmp_path: Path, sources: Sources) -> Callable[..., tuple[Profile, Sources]]:
    """Writes an overlay with its files into a folder of their own; gives the profile and the sources with them."""

    def make(board: str = BOARD, rules: str = RULES, name: str = "team") -> tuple[Profile, Sources]:
        folder = tmp_path / "ours"
        (folder / "boards").mkdir(parents=True)
        (folder / "boards" / f"{name}.yaml").write_text(board)
        (folder / "team-alerts.yaml").write_text(rules)
        (folder / "mine.yaml").write_text(
            f"dashboards: {{extra: [boards/{name}.yaml]}}\nrules: {{extra: [team-alerts.yaml]}}\n"
        )
        profile = load_profile("jark", sources, [read_overlay(folder / "mine.yaml")])
        fit(profile, sources)
        return profile, sources

    return make


def test_they_become_part_of_the_chart_with_switches_of_their_own(load: Any) -> None:
    profile, sources = load()
    files = chart(fit(profile, sources))
    assert "templates/dashboards/team.yaml" in files
    assert "TeamQueue" in files[f"{FOLDER}/templates/rules/_team-alerts.tpl"]
    values = libyaml.load(files["values.yaml"])
    assert values["dashboards"]["team"] == {"enabled": True}
    assert values["rules"]["team-alerts"]["enabled"] is True
    assert "extra" not in values["dashboards"].keys() | values["rules"].keys()


def test_what_they_query_is_checked(load: Any) -> None:
    profile, sources = load(board=BOARD.replace("waiting)", "waitin)"))
    (finding,) = findings(fit(profile, sources))
    assert finding.file.endswith("ours/boards/team.yaml")
    assert (finding.name, finding.check) == ("Waiting", "name")
    assert "did you mean 'vllm:num_requests_waiting'" in finding.hint


@pytest.mark.parametrize(
    ("board", "says"),
    [
        ("rows: [}", "team.yaml:1:8: "),
        (BOARD.replace("unit: short", "unit: [s]"), "panel 'Waiting': found a list, expected text"),
        (BOARD.replace("uid: team-board", "uid: ee6mbjghme96oc"), "which dashboards/gpu-training.yaml has already"),
    ],
)
def test_a_broken_one_is_an_error_that_names_its_place(load: Any, board: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        load(board=board)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        (
            "dashboards:\n  extra: [ours/boards/team.yaml, ours/boards/teem.yaml]\n",
            "mine.yaml:2: dashboards.extra[1]: found 'ours/boards/teem.yaml', which does not exist "
            "(did you mean 'team.yaml'?)",
        ),
        (
            "rules:\n  extra:\n    - ours/nowhere/team.yaml\n",
            "mine.yaml:3: rules.extra[0]: found 'ours/nowhere/team.yaml', which does not exist",
        ),
        ("rules: {extra: [ours]}\n", "mine.yaml:1: rules.extra[0]: found 'ours', which is a folder, expected a file"),
        ('rules: {extra: ["a\\0b"]}\n', "a\\x00b: cannot be read: embedded null byte"),
    ],
)
def test_a_missing_one_is_an_error_at_the_line_that_names_it(run: Any, tmp_path: Path, overlay: str, says: str) -> None:
    (tmp_path / "ours" / "boards").mkdir(parents=True)
    (tmp_path / "ours" / "boards" / "team.yaml").write_text(BOARD)
    (tmp_path / "mine.yaml").write_text(overlay)
    assert run("--profile", "jark", "-f", "mine.yaml") == (2, "", f"error: {says}\n")


def test_a_missing_one_that_a_lower_layer_names_is_an_error_there(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("dashboards: {extra: [teem.yaml]}\n")
    _, _, err = run("--profile", "jark", "-f", "mine.yaml", "--set", "dashboards.neuron.enabled=false")
    assert err.startswith("error: mine.yaml:1: dashboards.extra[0]: found 'teem.yaml'")


def test_a_name_that_is_taken_is_an_error(load: Any) -> None:
    with pytest.raises(InputError, match="found the file name 'inference', which is a name in dashboards already"):
        load(name="inference")


def test_a_finding_can_be_exempted_with_a_reason(load: Any, sources: Sources, tmp_path: Path) -> None:
    load(board=BOARD.replace("sum(vllm:num_requests_waiting)", "sum(team_requests_waiting)"))
    overlay = tmp_path / "ours" / "mine.yaml"
    board = tmp_path / "ours" / "boards" / "team.yaml"
    exemption = {"check": "name", "file": str(board), "reason": "Our own service emits it, see its runbook."}
    overlay.write_text(overlay.read_text() + f"exemptions: [{exemption}]\n")
    profile = load_profile("jark", sources, [read_overlay(overlay)])
    assert findings(fit(profile, sources)) == ()

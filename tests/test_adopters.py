"""What other repositories take from this one: hooks for pre-commit, and a GitHub Action."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.cli import cli
from tests import libyaml
from tests.conftest import ROOT
from tests.test_project_files import check
from tests.thorough import THOROUGH

if TYPE_CHECKING:
    from collections.abc import Callable

HOOKS = libyaml.load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION = libyaml.load((ROOT / "action.yml").read_text(encoding="utf-8"))
PROGRAM = Path(sys.executable).with_name("gen-chart")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_calls_a_command_that_there_is(hook: dict[str, Any]) -> None:
    files = [] if hook.get("pass_filenames") is False else ["rayservice.yaml"]
    check(cli, [*hook["entry"].split()[1:], *files])


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="pre-commit: GEN_CHART_THOROUGH=1 asks for it")
def test_pre_commit_runs_a_hook_in_a_repository_of_somebody_else(tmp_path: Path) -> None:
    """It clones what is committed here and installs it, so it wants a package registry."""
    program = shutil.which("pre-commit")
    if not program:
        pytest.skip("no pre-commit: put it on PATH")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "rayservice.yaml").write_text("apiVersion: ray.io/v1\nkind: RayService\n", encoding="utf-8")
    subprocess.run(["git", "add", "--all"], cwd=tmp_path, check=True)
    command = [program, "try-repo", str(ROOT), "gen-chart-instrument", "--all-files", "--verbose"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "rayservice.yaml" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1, done.stdout


@pytest.fixture
def compare(tmp_path: Path) -> Callable[[], tuple[int, str, str]]:
    """Runs the action's comparison as a runner would; gives its code, its output and what it would comment."""
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "compare"]
    programs = tmp_path / "runner" / "gen-chart" / "bin"
    programs.mkdir(parents=True)
    (programs / "gen-chart").symlink_to(PROGRAM)

    def call() -> tuple[int, str, str]:
        environment = {
            **os.environ,
            "RUNNER_TEMP": str(tmp_path / "runner"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "PROFILE": "kind",
            "VALUES": "mine.yaml\n",
            "CHART": "chart",
        }
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        code = subprocess.run(bash, cwd=tmp_path, env=environment, check=False).returncode
        comment = tmp_path / "runner" / "chart.md"
        said = comment.read_text("utf-8") if comment.exists() else ""
        return code, (tmp_path / "output").read_text("utf-8") if (tmp_path / "output").exists() else "", said

    return call


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="whole charts: GEN_CHART_THOROUGH=1 asks for it")
def test_the_action_says_what_would_change_and_nothing_where_nothing_would(
    tmp_path: Path, compare: Callable[[], tuple[int, str, str]]
) -> None:
    (tmp_path / "mine.yaml").write_text("monitors: {labels: {team: ml}}\n", encoding="utf-8")
    write = [str(PROGRAM), "--profile", "kind", "-f", "mine.yaml", "--output-dir", "chart"]
    subprocess.run(write, cwd=tmp_path, check=True, capture_output=True)
    code, output, said = compare()
    assert (code, output) == (0, "changed=false\n")
    assert said == "The chart in `chart` is what gen-chart writes.\n"
    (tmp_path / "mine.yaml").write_text("monitors: {labels: {team: web}}\n", encoding="utf-8")
    code, output, said = compare()
    assert (code, output.splitlines()[-1]) == (0, "changed=true")
    assert "-    team: ml" in said
    assert "+    team: web" in said


@pytest.mark.slow
def test_the_action_fails_where_gen_chart_refuses_what_it_is_given(
    tmp_path: Path, compare: Callable[[], tuple[int, str, str]]
) -> None:
    (tmp_path / "mine.yaml").write_text("monitor: {}\n", encoding="utf-8")
    assert compare()[0] == 2

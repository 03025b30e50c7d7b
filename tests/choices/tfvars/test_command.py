"""`--tfvars` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.upstream.charts import tree

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).with_name("blueprint.tfvars")


@pytest.mark.slow
def test_the_example_gives_the_bytes_of_the_jark_profile(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("--tfvars", str(EXAMPLE), "-o", "one")[0] == 0
    assert run("--profile", "jark", "-o", "two")[0] == 0
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


@pytest.mark.slow
def test_files_and_sets_win_over_the_blueprint(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "x.tfvars").write_text("enable_argocd = false\nenable_ai_ml_observability_stack = true\n")
    code, out, err = run("show", "jark", "--tfvars", "x.tfvars", "--set", "monitors.ray.enabled=true")
    assert code == 0
    assert "warning: x.tfvars:1: enable_argocd" in err
    assert "  ray:\n    enabled: true\n" in out


def test_a_broken_file_ends_the_command_and_writes_nothing(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "x.tfvars").write_text("enable_argocd = true\nenable_jupyterhub =\n")
    code, _out, err = run("--tfvars", "x.tfvars", "-o", "chart")
    assert code == 2
    assert err.startswith("error: x.tfvars:2:")
    assert not (tmp_path / "chart").exists()


def test_it_does_not_go_before_a_command(run: Callable[..., Any]) -> None:
    assert run("--tfvars", str(EXAMPLE), "profiles")[0] == 2

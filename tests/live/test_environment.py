"""An interpreter that a person names is taken, and one that cannot be is refused with the way out."""

from __future__ import annotations

import sys
import venv
from typing import TYPE_CHECKING

import pytest

from tests.live import environment as module
from tests.live.environment import PYTHON, NoEnvironmentError, environment, has

if TYPE_CHECKING:
    from pathlib import Path


def with_module(folder: Path, *modules: str) -> Path:
    """Returns the interpreter of a new environment in which modules of these names are."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in modules:
        (packages / f"{name}.py").write_text("", encoding="utf-8")
    return folder / "bin" / "python"


@pytest.mark.slow
def test_the_interpreter_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    both, ray = with_module(tmp_path / "both", "ray", "vllm"), with_module(tmp_path / "ray", "ray")
    monkeypatch.setenv(PYTHON, str(both))
    assert environment(said.append, with_vllm=True) == (both, True)
    assert environment(said.append, with_vllm=False) == (both, False)
    assert not said
    monkeypatch.setenv(PYTHON, str(ray))
    assert environment(said.append, with_vllm=True) == (ray, False)
    assert said == [f"no vLLM: {ray} has none; Ray runs alone"]


@pytest.mark.parametrize("given", ["/nowhere/python", sys.executable])
def test_one_without_ray_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(PYTHON, given)
    with pytest.raises(NoEnvironmentError, match=f"{PYTHON} names '{given}', which is no interpreter with Ray"):
        environment(print, with_vllm=False)


@pytest.mark.thorough
@pytest.mark.slow
def test_what_cannot_be_installed_leaves_nothing_and_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PYTHON, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(module, "user_cache_path", lambda _: tmp_path)
    said: list[str] = []
    with pytest.raises(NoEnvironmentError, match=rf"ray-requirements\.txt cannot be installed here.* in {PYTHON}"):
        environment(said.append, with_vllm=True)
    assert any(line.startswith("no vLLM: ") for line in said)
    assert list((tmp_path / "live").iterdir()) == []


def test_a_module_is_found_without_importing_it() -> None:
    from pathlib import Path

    assert has(Path(sys.executable), "json")
    assert not has(Path(sys.executable), "ray")

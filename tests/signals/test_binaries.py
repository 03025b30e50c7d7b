"""Which Prometheus the proof takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .binaries import NotFoundError, cache, find

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("GEN_CHART_PROMETHEUS", "GEN_CHART_PROMTOOL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


def on_path(tmp_path: Path, version: str) -> None:
    for name in ("prometheus", "promtool"):
        program(tmp_path / "bin" / name, f"{name}, version {version} (branch: HEAD)")


def test_without_any_it_says_how_to_get_one() -> None:
    with pytest.raises(NotFoundError, match="'make tools' builds it, or set GEN_CHART_PROMETHEUS"):
        find()


def test_an_old_one_on_the_path_is_passed_over(tmp_path: Path) -> None:
    on_path(tmp_path, "2.42.0")
    with pytest.raises(NotFoundError):
        find()


def test_what_was_built_is_taken_where_the_path_has_an_old_one(tmp_path: Path) -> None:
    on_path(tmp_path, "2.42.0")
    for name in ("prometheus", "promtool"):
        program(cache() / name, "")
    assert find().promtool == cache() / "promtool"


def test_one_on_the_path_is_taken_before_what_was_built(tmp_path: Path) -> None:
    on_path(tmp_path, "3.14.0")
    program(cache() / "prometheus", "")
    assert find().prometheus == tmp_path / "bin" / "prometheus"


def test_a_named_one_comes_first_whatever_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path(tmp_path, "3.14.0")
    named = program(tmp_path / "mine", "")
    monkeypatch.setenv("GEN_CHART_PROMETHEUS", str(named))
    assert find().prometheus == named


def test_a_named_one_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path(tmp_path, "3.14.0")
    monkeypatch.setenv("GEN_CHART_PROMTOOL", str(tmp_path / "nobody"))
    with pytest.raises(NotFoundError, match="GEN_CHART_PROMTOOL names"):
        find()

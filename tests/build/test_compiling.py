"""A first run takes from the package what follows from its data, unless code, libraries or data are others."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import cache, compiled, fingerprints, location
from generator.files.checkedlines import read_lines, write_lines
from generator.files.compiled import MADE_BY, compiled_memos, memos_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHECKED_HERE = {"clean", "checked"}
"""What no package brings: that queries were found clean."""


@pytest.fixture
def program(compiled_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A compiled copy of the program, which takes it for its own; the cache is empty."""
    folder = tmp_path / "program"
    shutil.copytree(compiled_program, folder)
    monkeypatch.setattr(location, "__file__", str(folder / "generator" / "files" / "location.py"))
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "own"))
    compiled._yaml_reader.cache_clear()
    time.sleep(0.05)  # what was changed in the same instant is not kept
    yield folder
    compiled._yaml_reader.cache_clear()


def kept(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("gen-chart-runs/*/*.json")}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def compiled_now() -> Path | None:
    return compiled_memos(fingerprints.code_fingerprint())


@pytest.mark.thorough
def test_a_first_run_makes_nothing_that_the_package_brings_and_checks_all_queries(
    program: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "own"))
    assert compiled_now() == program / "generator" / "compiled" / "memos"
    assert run("--profile", "kind", "-o", "chart")[0] == 0
    assert kept(tmp_path / "own") == CHECKED_HERE
    assert not {path.stem for path in memos_folder().iterdir()} & CHECKED_HERE
    with_it = tree(tmp_path / "chart")
    assert run("--profile", "kind", "-o", "chart", "--no-cache")[0] == 0
    assert tree(tmp_path / "chart") == with_it


@pytest.mark.usefixtures("program")
def test_only_what_a_change_touches_is_made_anew(
    program: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "own"))
    path = program / "dashboards" / "triton.yaml"
    path.write_text(path.read_text().replace("\ntitle: ", "\ntitle: The ", 1))
    time.sleep(0.05)  # what was changed in the same instant is not kept
    assert run("--profile", "kind", "-o", "chart")[0] == 0
    library = tmp_path / "chart/charts/ai-ml-observability-library/templates/dashboards"
    assert '"title":"The ' in (library / "_triton.tpl").read_text()
    for kind in ("dashboards", "expressions"):
        (memo,) = (tmp_path / "own").glob(f"gen-chart-runs/*/{kind}.json")
        assert [len(line) for line in read_lines(memo)] == [1]


def test_other_code_passes_it_over(program: Path) -> None:
    assert compiled_now() is not None
    path = program / "generator" / "dashboards" / "compiler.py"
    path.write_text(path.read_text() + "\n")
    assert compiled_now() is None


def test_another_version_of_a_library_that_was_used_passes_it_over_and_another_tool_does_not(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprints.installed()
    (stamp,) = read_lines(program / "generator" / "compiled" / "memos" / MADE_BY)
    (used,) = (entry for entry in stamp["libraries"] if entry.startswith("grafana_foundation_sdk-"))
    for entries, found in (
        ((*before, "pandas-3.0.0.dist-info"), True),
        (tuple(entry for entry in before if entry != used), False),
        ((*before, "grafana_foundation_sdk-12.0.0.dist-info"), False),
    ):
        monkeypatch.setattr(compiled, "installed", lambda entries=entries: entries)
        assert (compiled_now() is not None) is found, entries[-1]


@pytest.mark.parametrize("stamp", [None, 5, [], {}, {"libraries": 5}, {"libraries": [5]}, {"libraries": []}], ids=repr)
def test_a_stamp_of_another_form_passes_it_over(program: Path, stamp: Any) -> None:
    path = program / "generator" / "compiled" / "memos" / MADE_BY
    path.unlink()
    write_lines(path, [stamp])
    assert compiled_now() is None


@pytest.mark.thorough
def test_a_damaged_memo_changes_no_byte(
    program: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "own"))
    for number, path in enumerate(sorted((program / "generator" / "compiled" / "memos").iterdir())):
        if path.name != MADE_BY:
            raw = path.read_bytes()
            path.write_bytes((raw[:-1], raw.replace(b"a", b"b", 1), b"", b"\xff")[number % 4])
    assert run("--profile", "kind", "-o", "chart")[0] == 0
    with_it = tree(tmp_path / "chart")
    assert run("--profile", "kind", "-o", "chart", "--no-cache")[0] == 0
    assert tree(tmp_path / "chart") == with_it

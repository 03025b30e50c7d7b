"""A memo adds what a run has made to one file, and mends that file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.files import cache, memo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def written(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def test_a_run_that_adds_little_writes_little(folder: Path) -> None:
    with cache.opened() as run:
        run.memo("texts").set("large", "x" * 100_000)
    (path,) = written(folder)
    before = path.read_bytes()
    with cache.opened() as run:
        run.memo("texts").set("small", 1)
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes()) - len(before) < 100


def test_of_a_damaged_file_the_whole_lines_count_and_it_is_written_anew(folder: Path) -> None:
    for name in "abc":
        with cache.opened() as run:
            run.memo("texts").set(name, name)
    (path,) = written(folder)
    first, second, third = path.read_bytes().splitlines(keepends=True)
    for damaged in (first + second[:-9] + third, first + second.replace(b'"b"', b'"x"') + third, first + third[:-1]):
        path.write_bytes(damaged)
        with cache.opened() as run:
            texts = run.memo("texts")
            assert (texts.get("a"), texts.get("b")) == ("a", None)
            texts.set("b", "b")
        assert len(path.read_bytes().splitlines()) == 1
        with cache.opened() as run:
            assert (run.memo("texts").get("a"), run.memo("texts").get("b")) == ("a", "b")


def test_many_small_additions_become_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "_LINES", 5)
    for number in range(12):
        with cache.opened() as run:
            run.memo("texts").set(str(number), number)
        (path,) = written(folder)
        assert len(path.read_bytes().splitlines()) <= 5
    with cache.opened() as run:
        assert [run.memo("texts").get(str(number)) for number in range(12)] == [*range(12)]


@pytest.mark.parametrize(("limit", "number"), [("_FULL", 100), ("_VALUES", 3)])
def test_what_the_last_run_did_not_use_goes_when_a_memo_is_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, number: int
) -> None:
    with cache.opened() as run:
        for name in "abc":
            run.memo("texts").set(name, name * 50)
    monkeypatch.setattr(memo, limit, number)
    with cache.opened() as run:
        assert run.memo("texts").get("b") == "b" * 50
        run.memo("texts").set("d", "d")
    with cache.opened() as run:
        assert [run.memo("texts").get(name) is None for name in "abcd"] == [True, False, True, False]


def test_what_runs_at_the_same_time_add_is_all_there(folder: Path) -> None:
    with cache.opened() as run:
        run.memo("texts").set("first", 1)
    with cache.opened() as one, cache.opened() as other:
        for number, run in enumerate((one, other)):
            assert run.memo("texts").get("first") == 1
            run.memo("texts").set(str(number), number)
    with cache.opened() as run:
        assert [run.memo("texts").get(name) for name in ("first", "0", "1")] == [1, 0, 1]

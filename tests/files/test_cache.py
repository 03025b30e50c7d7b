"""What is kept between runs is found again only where everything that it depends on is the same."""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import cache, fingerprints

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def written(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.json"))


def test_a_value_is_there_in_the_next_run(folder: Path) -> None:
    with cache.opened() as first:
        first.memo("texts").set("a", {"b": [1, None, "é"]})
        first.store("charts", "c", ["d"])
    with cache.opened() as second:
        assert second.memo("texts").get("a") == {"b": [1, None, "é"]}
        assert second.memo("texts").get("b") is None
        assert second.entry("charts", "c") == ["d"]


def test_what_was_made_before_an_error_is_kept_too(folder: Path) -> None:
    def failing() -> None:
        with cache.opened() as run:
            run.memo("texts").set("a", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    with cache.opened() as run:
        assert run.memo("texts").get("a") == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw.replace(b"secret", b"public"),
        lambda _raw: b"",
        lambda _raw: b"{}",
        lambda _raw: b"\x80\x04N.",
        lambda raw: raw[:64] + b"\n" + b"[" * 10_000,
    ],
    ids=["cut off", "changed", "empty", "without a checksum", "a pickle", "another content"],
)
def test_a_damaged_entry_is_passed_over_and_written_anew(folder: Path, damage: Any) -> None:
    with cache.opened() as run:
        run.memo("texts").set("a", "secret")
        run.store("charts", "c", ["secret", "too"])
    for path in written(folder):
        path.write_bytes(damage(path.read_bytes()))
    with cache.opened() as run:
        assert run.memo("texts").get("a") is None
        assert run.entry("charts", "c") is None
        run.memo("texts").set("a", "new")
        run.store("charts", "c", ["new"])
    with cache.opened() as run:
        assert (run.memo("texts").get("a"), run.entry("charts", "c")) == ("new", ["new"])


def test_only_the_user_may_read_it(folder: Path) -> None:
    with cache.opened() as run:
        run.memo("texts").set("a", 1)
        run.store("charts", "c", [1])
    for path in written(folder):
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no POSIX permissions here")
def test_a_folder_in_which_others_may_write_is_not_read(folder: Path) -> None:
    with cache.opened() as run:
        run.memo("texts").set("a", 1)
        place = run.folder
    assert place is not None
    place.chmod(0o777)
    with cache.opened() as run:
        assert run.folder is None
        assert run.memo("texts").get("a") is None


def test_nothing_is_kept_if_that_is_what_was_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache.opened(off=True) as run:
        run.memo("texts").set("a", 1)
    monkeypatch.setenv(cache.VARIABLE, "off")
    with cache.opened() as run:
        run.store("charts", "c", [1])
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "cache"))
    with cache.opened() as run:
        run.memo("texts").set("a", 1)
        assert run.folder is None


def test_another_program_has_a_folder_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache.opened() as run:
        run.memo("texts").set("a", 1)
    monkeypatch.setattr(fingerprints, "installed", lambda: ("jinja2-99.dist-info",))
    with cache.opened() as run:
        assert run.memo("texts").get("a") is None


def test_the_folders_of_old_programs_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        monkeypatch.setattr(fingerprints, "installed", lambda number=number: (f"x-{number}.dist-info",))
        with cache.opened() as run:
            run.memo("texts").set("a", 1)
    assert len(list((folder / "gen-chart-runs").iterdir())) == 4


def test_what_a_person_keeps_in_the_folder_that_they_name_is_never_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = folder / "gen-chart-runs"
    persons = [folder / name for name in ("a", "b", "c", "d", "e", "0" * 32)]
    persons += [runs / name for name in ("notes", "1" * 32, "2" * 32, "3" * 32, "4" * 32)]
    for place in persons:
        place.mkdir(parents=True)
        (place / "thesis.txt").write_text("years of work")
    runs.chmod(0o700)
    (folder / "letter.txt").write_text("dear")
    (runs / "5").symlink_to(folder / "a")
    for number in range(9):
        monkeypatch.setattr(fingerprints, "installed", lambda number=number: (f"x-{number}.dist-info",))
        with cache.opened() as run:
            run.memo("texts").set("a", 1)
    assert [place.name for place in persons if not (place / "thesis.txt").is_file()] == []
    assert (folder / "letter.txt").read_text() == "dear"
    assert (runs / "5").is_symlink()
    assert len(list(runs.glob("*/texts.json"))) == 4


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no POSIX permissions here")
def test_in_a_folder_in_which_others_may_write_nothing_is_removed_or_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        monkeypatch.setattr(fingerprints, "installed", lambda number=number: (f"x-{number}.dist-info",))
        with cache.opened() as run:
            run.memo("texts").set("a", 1)
    runs = folder / "gen-chart-runs"
    runs.chmod(0o777)
    before = sorted(runs.rglob("*"))
    monkeypatch.setattr(fingerprints, "installed", lambda: ("another.dist-info",))
    with cache.opened() as run:
        assert run.folder is None
    assert sorted(runs.rglob("*")) == before


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no POSIX permissions here")
def test_a_umask_that_lets_the_group_write_does_not_turn_the_cache_off(folder: Path) -> None:
    before = os.umask(0o002)
    try:
        with cache.opened() as run:
            assert run.folder is not None
    finally:
        os.umask(before)


def test_what_a_person_puts_beside_large_entries_stays(folder: Path) -> None:
    with cache.opened() as run:
        run.store("charts", "0", [0])
        assert run.folder is not None
        place = run.folder / "charts"
        (place / "notes").mkdir()
        (place / "notes" / "thesis.txt").write_text("years of work")
        (place / "letter.txt").write_text("dear")
        for number in range(60):
            run.store("charts", str(number), [number])
    assert (place / "notes" / "thesis.txt").is_file()
    assert (place / "letter.txt").is_file()
    assert len(written(folder)) == 24


def test_large_entries_do_not_pile_up(folder: Path) -> None:
    with cache.opened() as run:
        for number in range(60):
            run.store("charts", str(number), [number])
        assert run.entry("charts", "59") == [59]
    assert len(written(folder)) == 24


def test_a_kept_function_is_called_once_for_equal_arguments(folder: Path) -> None:
    calls: list[str] = []

    @cache.cached("upper", shape=str)
    def upper(text: str, *, times: int = 1) -> str:
        calls.append(text)
        return text.upper() * times

    for _ in range(2):
        with cache.opened():
            assert (upper("a"), upper("b"), upper("a", times=2)) == ("A", "B", "AA")
    assert calls == ["a", "b", "a"]
    assert upper("a") == "A"
    assert calls == ["a", "b", "a", "a"]


def test_what_is_kept_is_json_behind_its_checksum(folder: Path) -> None:
    with cache.opened() as run:
        run.memo("texts").set("a", 1)
    (path,) = written(folder)
    checksum, _, body = path.read_bytes().partition(b" ")
    assert json.loads(body) == {"a": 1}
    assert hashlib.sha256(body.rstrip(b"\n")).hexdigest().encode() == checksum


def test_what_has_to_be_waited_for_is_waited_for_before_the_end(folder: Path) -> None:
    waited: list[int] = []
    with cache.opened() as run:
        run.before_save(lambda: waited.append(1))
        assert waited == []
    assert waited == [1]


def test_nothing_is_kept_of_a_run_in_which_the_program_changed_even_if_it_was_undone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "package" / "a.yaml"
    source.parent.mkdir()
    source.write_text("1")
    monkeypatch.setattr(fingerprints, "package_root", lambda: source.parent)
    monkeypatch.setattr(fingerprints, "sources_root", lambda: tmp_path)
    time.sleep(0.05)
    for text, kept in (("", True), ("2", False), ("1", False)):
        with cache.opened() as run:
            run.memo("texts").set("a" + text, 1)
            if text:
                source.write_text(text)
            run.store("charts", "c" + text, [1])
        source.write_text("1")
        time.sleep(0.05)
        with cache.opened() as run:
            assert (run.memo("texts").get("a" + text), run.entry("charts", "c" + text)) == (
                (1, [1]) if kept else (None, None)
            )

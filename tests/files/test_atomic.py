"""One file, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.files.atomic import opened_anew, replacing, write_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_file_is_readable_by_all_and_an_old_one_keeps_its_permissions(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("before")
    old.chmod(0o600)
    write_file(new, "ü")
    write_file(old, b"after")
    assert (new.read_text(encoding="utf-8"), new.stat().st_mode & 0o777) == ("ü", 0o644)
    assert (old.read_text(), old.stat().st_mode & 0o777) == ("after", 0o600)


def test_of_a_link_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to("file")
    write_file(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "after"


def test_an_error_in_the_middle_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("before")

    def write_half() -> None:
        with opened_anew(target) as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/file: cannot be written: No such file"):
        write_file(tmp_path / "no" / "file", "x")


def test_a_link_is_replaced_where_a_file_of_ones_own_is_meant(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to("file")
    with replacing(tmp_path / "link", 0o640) as stream:
        stream.write(b"after")
    assert (tmp_path / "link").read_text() == "after"
    assert (tmp_path / "link").lstat().st_mode & 0o777 == 0o640
    assert (tmp_path / "file").read_text() == "before"


def test_a_file_that_cannot_take_its_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    def write() -> None:
        with replacing(tmp_path / "folder") as stream:
            stream.write(b"after")

    with pytest.raises(IsADirectoryError):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]

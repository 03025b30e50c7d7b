"""Reading, writing in place and showing the difference."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.files import yamlfile
from generator.instrument import Source, read_source, unified_diff, write_in_place

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_keeps_its_line_ends_and_its_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    raw = b"\xef\xbb\xbfa: 1\r\nb: \xc3\xa9"
    file.write_bytes(raw)
    source = read_source(str(file), io.BytesIO())
    assert source.text == "a: 1\r\nb: é"
    write_in_place(source, source.text)
    assert file.read_bytes() == raw


def test_a_dash_stands_for_the_standard_input() -> None:
    assert read_source("-", io.BytesIO(b"a: 1\n")) == Source("<stdin>", "a: 1\n")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a: 1\n\xff", "<stdin>:2: found the byte 0xff, expected UTF-8 text"),
        (b"#" * (yamlfile.MAX_BYTES + 1), "<stdin>: larger than 8 MiB; this is not a manifest"),
    ],
)
def test_what_is_no_text_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_source("-", io.BytesIO(raw))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_source(str(tmp_path / "none.yaml"), io.BytesIO())


def test_permissions_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "a.yaml", tmp_path / "link.yaml"
    file.write_text("a: 1\n")
    file.chmod(0o640)
    link.symlink_to(file)
    write_in_place(Source(str(link), ""), "b: 2\n")
    assert link.is_symlink()
    assert file.read_text() == "b: 2\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_in_place(Source(str(file), ""), "b: 2\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nb\nx\nc\n"),
        ("a\nb", "a\nx\nb"),
        ("a\nb", "a\nb\nc\n"),
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("", "a\n"),
        ("a\x0cb\n", "a\x0cb\nc\x85d\n"),
        ("\n".join("abcdefghij" * 3) + "\n", "x\n" + "\n".join("abcdefghij" * 3) + "\ny\n"),
    ],
)
def test_patch_makes_the_new_text_of_the_diff(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "f"
    file.write_bytes(before.encode())
    diff = unified_diff(before, after, "f").encode()
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], cwd=tmp_path, input=diff, check=True)
    assert file.read_bytes() == after.encode()


def test_equal_texts_have_no_diff() -> None:
    assert unified_diff("a\n", "a\n", "f") == ""


def test_added_lines_like_those_around_them_show_no_line_as_removed() -> None:
    before = "".join(f"{line}\n" for line in "abcd")
    after = "".join(f"{line}\n" for line in "bcdabxcyd")
    assert not [line for line in unified_diff(before, after, "f").split("\n")[2:] if line.startswith("-")]

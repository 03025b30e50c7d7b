"""Reading, and writing in place."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.files import yamlfile
from generator.instrument import ManifestFile, read_source, write_in_place

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
    assert read_source("-", io.BytesIO(b"a: 1\n")) == ManifestFile("<stdin>", "a: 1\n")


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
    write_in_place(ManifestFile(str(link), ""), "b: 2\n")
    assert link.is_symlink()
    assert file.read_text() == "b: 2\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_in_place(ManifestFile(str(file), ""), "b: 2\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]

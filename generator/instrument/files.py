"""Reads and writes the files that people instrument."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.atomic import write_file

if TYPE_CHECKING:
    from typing import BinaryIO

_MARK = "\ufeff"
"""A byte order mark: it stays where it was."""


@dataclass(frozen=True)
class ManifestFile:
    """A file that was read.

    Attributes:
        name: the file as the person named it; ``<stdin>`` for the standard input.
        text: its content, line ends as they were.
        mark: the byte order mark that it begins with, or "".
    """

    name: str
    text: str
    mark: str = ""


def read_source(name: str, stdin: BinaryIO) -> ManifestFile:
    """Reads a file, or ``stdin`` for the name ``-``.

    Raises:
        InputError: it cannot be read, is larger than yamlfile.MAX_BYTES, or is not UTF-8.
    """
    if name == "-":
        return _decoded(stdin.read(yamlfile.MAX_BYTES + 1), "<stdin>")
    try:
        with Path(name).open("rb") as handle:
            return _decoded(handle.read(yamlfile.MAX_BYTES + 1), name)
    except OSError as error:
        raise bad_input(f"cannot be read: {error.strerror or error}", file=name) from None


def _decoded(raw: bytes, name: str) -> ManifestFile:
    if len(raw) > yamlfile.MAX_BYTES:
        raise bad_input(f"larger than {yamlfile.MAX_BYTES // 2**20} MiB; this is not a manifest", file=name)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise bad_input(f"found the byte 0x{raw[error.start]:02x}, expected UTF-8 text", file=name, line=line) from None
    mark = _MARK if text.startswith(_MARK) else ""
    return ManifestFile(name, text.removeprefix(mark), mark)


def write_in_place(source: ManifestFile, text: str) -> None:
    """Replaces the file's content in one step; its permissions stay, and of a link the file behind it is replaced.

    Raises:
        InputError: it cannot be written; the file is as it was.
    """
    write_file(Path(source.name), source.mark + text)

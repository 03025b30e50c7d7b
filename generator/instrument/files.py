"""Reads and writes the files that people instrument, and shows what changes in them."""

from __future__ import annotations

import difflib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.atomic import write_file

if TYPE_CHECKING:
    from typing import Any, BinaryIO

_MARK = "\ufeff"
"""A byte order mark: it stays where it was."""


@dataclass(frozen=True)
class Source:
    """A file that was read.

    Attributes:
        name: the file as the person named it; ``<stdin>`` for the standard input.
        text: its content, line ends as they were.
        mark: the byte order mark that it begins with, or "".
    """

    name: str
    text: str
    mark: str = ""


def read_source(name: str, stdin: BinaryIO) -> Source:
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


def _decoded(raw: bytes, name: str) -> Source:
    if len(raw) > yamlfile.MAX_BYTES:
        raise bad_input(f"larger than {yamlfile.MAX_BYTES // 2**20} MiB; this is not a manifest", file=name)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise bad_input(f"found the byte 0x{raw[error.start]:02x}, expected UTF-8 text", file=name, line=line) from None
    mark = _MARK if text.startswith(_MARK) else ""
    return Source(name, text.removeprefix(mark), mark)


def write_in_place(source: Source, text: str) -> None:
    """Replaces the file's content in one step; its permissions stay, and of a link the file behind it is replaced.

    Raises:
        InputError: it cannot be written; the file is as it was.
    """
    write_file(Path(source.name), source.mark + text)


def unified_diff(before: str, after: str, name: str) -> str:
    """Gives a unified diff that ``patch`` and ``git apply`` take; "" if nothing changes.

    Where lines were only added it shows no line as removed, which difflib alone does not promise.
    """
    old, new = _lines(before), _lines(after)
    kept = _kept(old, new)
    # Numbers stand for lines, so that each line can only be matched with itself.
    one: list[Any] = list(old if kept is None else range(len(old)))
    other: list[Any] = list(new if kept is None else (kept.get(at, -1 - at) for at in range(len(new))))
    parts = [] if before == after else [f"--- a/{name}\n", f"+++ b/{name}\n"]
    for group in difflib.SequenceMatcher(None, one, other, autojunk=False).get_grouped_opcodes():
        first, last = group[0], group[-1]
        parts.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n")
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                parts += [f" {line}" for line in old[start:end]]
            else:
                parts += [f"-{line}" for line in old[start:end]] + [f"+{line}" for line in new[new_start:new_end]]
    return "".join(part if part.endswith("\n") else f"{part}\n\\ No newline at end of file\n" for part in parts)


def _kept(old: list[str], new: list[str]) -> dict[int, int] | None:
    """Gives for each line of ``new`` that was there its index in ``old``; None if a line of ``old`` is gone."""
    kept: dict[int, int] = {}
    for at, line in enumerate(new):
        if len(kept) < len(old) and line == old[len(kept)]:
            kept[at] = len(kept)
    return kept if len(kept) == len(old) else None


def _range(start: int, end: int) -> str:
    return f"{start + (end > start)},{end - start}"


def _lines(text: str) -> list[str]:
    """Splits at line feeds alone, as ``diff`` does."""
    return list(io.StringIO(text, newline="\n"))

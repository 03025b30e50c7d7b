"""Files of the cache: lines of JSON, which cannot run code, each behind its checksum."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any

from generator.files.atomic import append, replacing
from generator.files.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LARGEST = 2**28
"""Bytes of a file of the cache that are read; those that it writes have a few millions."""


def read_lines(path: Path) -> list[Any]:
    """Returns the value of each line, None for one that is cut off or changed; [] if there is no such file."""
    raw = read_regular(path, _LARGEST)
    return [] if raw is None else [_value(line) for line in raw.splitlines(keepends=True)]


def append_lines(path: Path, values: Iterable[Any]) -> None:
    """Adds a line for each value to a file that is there, all in one write; a disk that refuses is passed over."""
    with contextlib.suppress(OSError):
        append(path, b"".join(map(_line, values)))


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Writes a file of the cache in one step, a line for each value; a disk that refuses is passed over."""
    with contextlib.suppress(OSError), replacing(path) as stream:
        stream.writelines(map(_line, values))


def _line(value: Any) -> bytes:
    """Returns a value as a line: its checksum and its JSON, in which no line ends."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return b"%s %s\n" % (hashlib.sha256(body).hexdigest().encode(), body)


def _value(line: bytes) -> Any:
    """Returns the value of a line; None if it is cut off or changed."""
    head, body = line[:64], line[65:-1]
    try:
        if hashlib.sha256(body).hexdigest().encode() != head:
            return None
        return json.loads(body)
    except (ValueError, RecursionError):
        return None

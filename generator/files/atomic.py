"""The one way to write a file that may be there already: whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODE = 0o644
"""Of a new file; what was there keeps its own."""


def write_file(path: Path, content: str | bytes) -> None:
    """Replaces or creates a file in one step.

    Args:
        path: the file; of a link, the file behind it is replaced and its permissions stay.
        content: the new content; text is written as UTF-8.

    Raises:
        InputError: it cannot be written; what was there is as it was.
    """
    with opened_anew(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def opened_anew(path: Path) -> Iterator[BinaryIO]:
    """Yields a stream whose content takes the file's place at the end of the block, unless an error ends it.

    Raises:
        InputError: see write_file.
    """
    try:
        target = path.resolve()
        mode = target.stat().st_mode & 0o7777 if target.exists() else _MODE
        with replacing(target, mode) as stream:
            yield stream
    except OSError as error:
        raise bad_input(f"cannot be written: {error.strerror or error}", file=str(path)) from None


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Yields a stream whose content is the file at the end of the block, unless an error ends it; a link is replaced.

    Args:
        path: the file; its folder exists.
        mode: the file's permissions.

    Raises:
        OSError: the disk refuses; what was there is as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        fresh.chmod(mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def append(path: Path, line: bytes) -> None:
    """Adds a line to a file of one's own in one write, which other runs that add to it do not cut in two.

    Raises:
        OSError: it is not there, is a link, or the disk refuses.
    """
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        os.write(handle, line)
    finally:
        os.close(handle)

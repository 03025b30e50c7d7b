"""Reads a file that can be read again: not a pipe, whose content is gone once it was read, nor a terminal."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_SHARED = ("/dev/stdin", "/dev/fd/", "/proc/")
"""Files that are open already: on some systems, opening one goes on reading where the last reader stopped."""


def read_regular(path: Path, largest: int) -> bytes | None:
    """Returns the content of a regular file.

    Nothing else is opened, so that what writes into a pipe does not notice. Should a pipe take the file's place in the
    meantime, nobody waits for its writer.

    Args:
        path: the file, or a link to it.
        largest: how many bytes it may have.

    Returns:
        The content; None if it is no regular file, cannot be read, or is too large.
    """
    if str(path).startswith(_SHARED):
        return None
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with os.fdopen(os.open(path, _FLAGS), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
                return None
            content = stream.read()
    except (OSError, ValueError):
        return None
    return content if len(content) <= largest else None

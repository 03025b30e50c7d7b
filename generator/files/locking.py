"""Keeps two runs from writing the same file or directory at once."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # not a POSIX system: runs are not kept apart
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def exclusive(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Holds an advisory lock on an existing file or directory; yields False if another run holds it.

    The lock ends with the process, so a killed run blocks nobody.

    Args:
        path: what to lock.
        wait: whether to wait for the other run; then the answer is True.

    Raises:
        OSError: the path cannot be opened.
    """
    if fcntl is None:
        yield True
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        yield _lock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    finally:
        os.close(handle)


def _lock(handle: int, operation: int) -> bool:
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks, as some network shares
    return True

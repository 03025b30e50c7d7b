"""Where the cache lies on disk, and what of it goes when there is too much: never what gen-chart did not write.

Each program (a version, a checkout) has a folder of its own, named by its fingerprint and tagged as a cache. All of
them lie in one folder that holds nothing else, also where a person has named a folder of theirs. Only a tagged folder
of such a name is ever removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from generator.files.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable

_RUNS = "gen-chart-runs"
"""The folder of ours in the one that a person has named."""

_PROGRAM = re.compile(r"[0-9a-f]{32}")
"""The name of a program's folder."""

_PROGRAMS = 4
"""Programs whose folders stay beside each other; the oldest goes."""

_ENTRY = re.compile(r"\w+\.json|\.\w+\.json\.\w+")
"""The name of an entry, and of what a killed run has left of one."""

_TAG = "CACHEDIR.TAG"
_TAG_TEXT = b"""\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of gen-chart, which removes it when it is old. See https://bford.info/cachedir/
"""
"""By which programs that make backups know a cache (https://bford.info/cachedir/), and gen-chart its own."""


def program_folder(named: str, program: str) -> Path | None:
    """Returns a program's folder in the cache, which is made if it is not there; the oldest of others then go.

    Args:
        named: the folder that a person has named; "" for the user's cache directory.
        program: the program's fingerprint.

    Returns:
        The folder; None if it is not the user's own, or others may write in it.

    Raises:
        OSError: the disk refuses.
    """
    runs = Path(named) / _RUNS if named else _user_folder()
    runs.parent.mkdir(parents=True, exist_ok=True)
    runs.mkdir(mode=0o700, exist_ok=True)
    if not _own(runs):
        return None
    folder = runs / program[:32]
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return folder if _own(folder) else None
    (folder / _TAG).write_bytes(_TAG_TEXT)
    _remove(_oldest((path for path in runs.iterdir() if _is_program(path)), _PROGRAMS))
    return folder


def leave_newest(folder: Path, number: int) -> None:
    """Removes all but the newest entries of a folder in a program's folder.

    Raises:
        OSError: the folder cannot be read.
    """
    _remove(_oldest((path for path in folder.iterdir() if _is_entry(path)), number))


def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("gen-chart") / "runs"


def _own(folder: Path) -> bool:
    """Returns whether a path is a folder, not a link to one, of this user, in which nobody else may write."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _is_program(path: Path) -> bool:
    return bool(_PROGRAM.fullmatch(path.name)) and _own(path) and read_regular(path / _TAG, len(_TAG_TEXT)) == _TAG_TEXT


def _is_entry(path: Path) -> bool:
    return bool(_ENTRY.fullmatch(path.name)) and stat.S_ISREG(path.lstat().st_mode)


def _oldest(paths: Iterable[Path], number: int) -> list[Path]:
    """Returns all but the newest paths."""
    return sorted(paths, key=lambda path: path.lstat().st_mtime_ns, reverse=True)[number:]


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()

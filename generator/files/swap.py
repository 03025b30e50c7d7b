"""Exchanges a folder for a new one in one step, and mends what a killed run has left.

Beside a folder ``chart``, ``.chart.gen-chart-new`` is the new one while it is written, and ``.chart.gen-chart-old``
the previous one between the two renames of the exchange. Each of them is whole: what both hold is linked, not moved.
Ctrl-C and errors leave neither; SIGKILL may leave both.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
import shutil
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files.locking import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator


_HELD = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


_MOUNTS = Path("/proc/self/mountinfo")


def _new(target: Path) -> Path:
    return target.with_name(f".{target.name}.gen-chart-new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.gen-chart-old")


def leftovers(target: Path) -> list[Path]:
    """Returns what a killed run, or one that is at work now, has beside the folder."""
    return [path for path in (_new(target), _old(target)) if path.exists()]


@contextlib.contextmanager
def alone(target: Path, *, wait: bool = True) -> Iterator[None]:
    """Keeps other runs off the folder and undoes what a killed run has left beside it.

    Args:
        target: the folder; it need not exist.
        wait: whether to wait for a run that works in the folder that holds it.

    Raises:
        InputError: the process works in the folder, another run works there, or see recover.
        OSError: the folder that holds it cannot be written.
    """
    _refuse_working_directory(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent, wait=wait):
        recover(target)
        if not target.exists():
            yield
            return
        with _locked(target, wait=False):
            yield


def _refuse_working_directory(target: Path) -> None:
    """Refuses to exchange the folder that the shell is in, or one above: it would stay in the one that is deleted."""
    with contextlib.suppress(FileNotFoundError):  # of a working directory that was deleted
        if target.exists() and Path.cwd().is_relative_to(target.resolve()):
            raise bad_input(
                "you are in this folder, which is exchanged for a new one as a whole",
                file=str(target),
                hint=f"cd {shlex.quote(str(target.parent))} and name it from there: {shlex.quote(target.name)}",
            )


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool) -> Iterator[None]:
    with exclusive(folder, wait=wait) as owned:
        if not owned:
            raise bad_input("another gen-chart run is at work in it", file=str(folder), hint="try again later")
        yield


def recover(target: Path) -> None:
    """Undoes an exchange that was not finished, and clears away the rest; the caller keeps other runs off.

    While the new folder is still beside it, the previous one is the only whole one; afterwards it is waste.

    Raises:
        InputError: a killed run's previous folder and a newer one both exist.
        OSError: the disk refuses.
    """
    new, old = _new(target), _old(target)
    if old.exists() and target.exists() and new.exists():
        raise bad_input(
            "holds what was in the folder before a run was killed, and the folder has been made anew since",
            file=str(old),
            hint=f"take from it and from {new} what you need, and delete both",
        )
    with signals_held():
        if old.exists() and not target.exists():
            old.rename(target)
        for left in (old, new):
            if left.exists():
                try:
                    shutil.rmtree(left)
                except OSError as error:  # it names a file without its folder
                    raise OSError(error.errno, error.strerror, str(left)) from None


def _refuse_what_cannot_go(target: Path) -> None:
    """Refuses a folder of which a part could be neither moved nor deleted, before anything is.

    Raises:
        InputError: something is mounted inside it: deleting the previous folder would empty what is mounted.
        OSError: a folder in it may not be written.
    """
    for place in _mounts():
        if place != target and place.is_relative_to(target):
            message = "is mounted in a folder that is exchanged for a new one as a whole"
            raise bad_input(message, file=str(place), hint="unmount it first")
    for folder, _, _ in os.walk(target):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


def _mounts() -> Iterator[Path]:
    """Yields the places where something is mounted, a file or a folder; nothing where the system does not list them."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        place = line.split(" ")[4]  # proc_pid_mountinfo(5): blanks in it are written in octal
        yield Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), place))


def copy_modes_of_folders(source: Path, copy: Path) -> None:
    """Gives each folder in the copy the permissions that it has in the source."""
    for folder, _, _ in os.walk(source):
        fresh = copy / os.path.relpath(folder, source)
        if fresh.is_dir() and not fresh.is_symlink():
            shutil.copymode(folder, fresh)


@contextlib.contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Provides an empty folder beside the target that is gone afterwards, whatever happens.

    Raises:
        InputError: something is mounted inside the target.
        OSError: the target, a folder in it, or the folder that holds it cannot be written.
    """
    _refuse_what_cannot_go(target)
    new = _new(target)
    try:
        new.mkdir()
        yield new
    finally:
        with signals_held():
            # Where undoing an exchange failed too, both folders stay for the next run to mend.
            if not _old(target).exists():
                shutil.rmtree(new, ignore_errors=True)


def take_along(source: Path, copy: Path) -> None:
    """Puts a file, a link or a whole folder also at a second place on the same file system.

    A file gets a second name (a hard link) and is not read, however large it is. Where that cannot be, it is copied.

    Raises:
        OSError: the disk refuses.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, copy, symlinks=True, copy_function=link, dirs_exist_ok=True)
    else:
        link(source, copy)


def link(source: str | Path, copy: str | Path) -> None:
    """Gives a file a second name in a folder that exists; see take_along."""
    try:
        os.link(source, copy, follow_symlinks=False)
    except (OSError, NotImplementedError):  # no hard links here, not of this file, or not of symbolic links
        shutil.copy2(source, copy, follow_symlinks=False)


def exchange(new: Path, target: Path) -> None:
    """Makes the staged folder the target, with signals held back: Ctrl-C finds either the old one or the new one.

    Args:
        new: what staging gave.
        target: the folder to replace; it need not exist.

    Raises:
        OSError: the target is then as it was.
    """
    with signals_held():
        if not target.exists():
            new.rename(target)
            return
        old = _old(target)
        new.chmod(target.stat().st_mode & 0o7777)
        target.rename(old)
        try:
            new.rename(target)
        except BaseException:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)  # a rest is cleared away by the next run


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Delivers Ctrl-C and the other requests to stop only when the block is done.

    Python runs signal handlers in the main thread alone, so in any other thread there is nothing to hold.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # None stands for a handler that was not set from Python, which could not be set again.
    before = {name: handler for name in _HELD if (handler := signal.getsignal(name)) is not None}
    for name in before:
        signal.signal(name, lambda signum, _frame: came.append(signum))
    try:
        yield
    finally:
        for name in reversed(before):
            signal.signal(name, before[name])
        for signum in came:
            signal.raise_signal(signum)

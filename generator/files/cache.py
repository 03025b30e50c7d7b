"""What is kept between runs, so that a run does again only what depends on a change.

What is kept may never make a wrong chart. A value is found under a key that holds the content of everything that it
depends on; the whole folder belongs to one fingerprint of the program, its data and the versions of its libraries.
Entries are lines of JSON, which cannot run code, behind a checksum: one that is cut off, changed or foreign is passed
over and written anew. Each is put in place in one step, so that runs at the same time do not disturb each other. The
folder has to be the user's own: what others may write is not read.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from generator.files.cachefolder import leave_newest, program_folder
from generator.files.checkedlines import read_lines, write_lines
from generator.files.compiled import compiled_memos
from generator.files.fingerprints import (
    code_fingerprint,
    data_fingerprint,
    fingerprint,
    newest_change,
    program_fingerprint,
    text_of,
)
from generator.files.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

P = ParamSpec("P")
T = TypeVar("T")

VARIABLE = "GEN_CHART_CACHE"
"""Names the folder of what is kept; ``off`` keeps nothing."""

_ENTRIES = 24
"""Entries of one kind in a folder, such as whole charts; the oldest goes."""


_CLOCK_TICK = 20_000_000
"""Nanoseconds by which the time of a change may lie behind the clock: that of a file system is the last tick's."""


class Cache:
    """One program's folder of what is kept.

    Attributes:
        folder: the folder; None keeps nothing.
    """

    def __init__(self, folder: Path | None = None, *, code: str = "") -> None:
        """Takes the folder, which exists and is the user's own, and the fingerprint of the program's code.

        Without that, nothing is taken from the memos that the package brings.
        """
        self.folder = folder
        self._code = code
        self._memos: dict[str, Memo] = {}
        self._before_save: list[Callable[[], object]] = []
        self._opened = time.time_ns()

    @functools.cached_property
    def _compiled(self) -> Path | None:
        return compiled_memos(self._code) if self.folder and self._code else None

    @functools.cached_property
    def data(self) -> str:
        """The fingerprint of the program's own data, which is read once a run."""
        return data_fingerprint()

    def disturbed(self, files: Iterable[str | Path] = ()) -> bool:
        """Returns whether a file of the program, or one of others, has changed since the cache was opened.

        Then nothing may be kept: what a run has read may be neither what its keys are made of nor what is there at its
        end.
        """
        try:
            return newest_change(files) > self._opened - _CLOCK_TICK
        except OSError:
            return True

    def memo(self, kind: str) -> Memo:
        """Returns the values of a kind, the same object each time."""
        if kind not in self._memos:
            places = (folder / f"{kind}.json" if folder else None for folder in (self.folder, self._compiled))
            self._memos[kind] = Memo(*places)
        return self._memos[kind]

    def entry(self, kind: str, key: str) -> list[Any] | None:
        """Returns the parts of a large value that has a file of its own; None if it is missing or damaged."""
        parts = read_lines(self.folder / kind / f"{key}.json") if self.folder else []
        return parts if parts and None not in parts else None

    def store(self, kind: str, key: str, parts: Iterable[Any], *, made_from: Iterable[str | Path] = ()) -> None:
        """Keeps a large value in a file of its own, part by part, so that it never lies in memory twice.

        A reader has to see for itself that no part is missing at the end. Nothing is kept if one of the files that it
        was made from has changed; see disturbed.
        """
        if self.folder and not self.disturbed(made_from):
            place = self.folder / kind
            with contextlib.suppress(OSError):
                place.mkdir(mode=0o700, exist_ok=True)
                write_lines(place / f"{key}.json", parts)
                leave_newest(place, _ENTRIES)

    def before_save(self, do: Callable[[], object]) -> None:
        """Has something done, or waited for, at the end of the run."""
        self._before_save.append(do)

    def finish(self) -> None:
        """Does what before_save was told."""
        for do in self._before_save:
            do()
        self._before_save.clear()

    def save(self) -> None:
        """Writes what is new; a disk that refuses is passed over, since nothing depends on it."""
        self.finish()
        self.save_memos()

    def save_memos(self, kinds: Iterable[str] | None = None) -> None:
        """Writes what is new of some kinds; of all, if none is given."""
        memos = [memo for kind in (self._memos if kinds is None else kinds) if (memo := self.memo(kind)).new]
        if memos and not self.disturbed():
            for memo in memos:
                memo.save()


_CURRENT: ContextVar[Cache] = ContextVar("cache", default=Cache())  # noqa: B039 - it keeps nothing


def current() -> Cache:
    """Returns the cache of this run; one that keeps nothing unless the command line has opened another."""
    return _CURRENT.get()


@contextlib.contextmanager
def opened(*, off: bool = False) -> Iterator[Cache]:
    """Opens the user's cache for a run and saves it at its end, also after an error: no value depends on a later step.

    Args:
        off: whether nothing is kept, and nothing that was kept is read.
    """
    cache = Cache() if off else _opened()
    try:
        with used(cache):
            yield cache
    finally:
        cache.save()


@contextlib.contextmanager
def used(cache: Cache) -> Iterator[None]:
    """Makes a cache the current one, and does not save it."""
    token = _CURRENT.set(cache)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def cached(kind: str, *, shape: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keeps what a pure function returns, by its arguments as text (see text_of).

    Args:
        kind: the name of the memo.
        shape: the shape of what the function returns; see fits.

    Returns:
        A decorator for functions whose arguments their text tells apart, and whose result JSON gives back as it was.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
            memo = current().memo(kind)
            if not memo.on:
                return function(*args, **kwargs)
            named = [text for name in sorted(kwargs) for text in (name, text_of(kwargs[name]))]
            key = fingerprint(function.__qualname__, str(len(args)), *map(text_of, args), *named)
            result = memo.get(key, shape=shape)
            if result is None:
                result = function(*args, **kwargs)
                memo.set(key, result)
            return cast("T", result)

        return remembered

    return decorate


def _opened() -> Cache:
    """Returns the cache in the user's folder; one that keeps nothing if there can be none."""
    named = os.environ.get(VARIABLE, "")
    if named == "off":
        return Cache()
    try:
        code = code_fingerprint()
        return Cache(program_folder(named, program_fingerprint(code)), code=code)
    except OSError:
        return Cache()

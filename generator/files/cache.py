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
import hashlib
import json
import os
import sys
from contextvars import ContextVar
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from generator.files.atomic import append, replacing
from generator.files.cachefolder import leave_newest, program_folder
from generator.files.location import DATA, package_root, sources_root
from generator.files.regular import read_regular
from generator.files.same import Same
from generator.files.shapes import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

P = ParamSpec("P")
T = TypeVar("T")

VARIABLE = "GEN_CHART_CACHE"
"""Names the folder of what is kept; ``off`` keeps nothing."""

_ENTRIES = 24
"""Entries of one kind in a folder, such as whole charts; the oldest goes."""

_VALUES = 20_000
"""Values in one memo; beyond that, those that the last run did not use go."""

_LINES = 512
"""Lines in the file of a memo; beyond that, those of runs that added a few values become one."""

_LINE = 2**16
"""Characters of text after which a line of a memo ends: each is in memory several times while it is written."""

_FULL = 2**24
"""Bytes in the file of a memo; beyond that, those values that the last run did not use go."""

_LARGEST = 2**28
"""Bytes of a file of the cache that are read; those that it writes have a few millions."""


def fingerprint(*parts: str | bytes) -> str:
    """Returns the sha256 of several parts, each told apart from its neighbours, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def program_fingerprint() -> str:
    """Returns the fingerprint of what every result depends on besides its input: code, libraries and Python.

    Raises:
        OSError: a file cannot be read.
    """
    package = package_root()
    return fingerprint(sys.version, *_libraries(), *_contents(package, without=(sources_root(), package / "compiled")))


def data_fingerprint() -> str:
    """Returns the fingerprint of the program's own data: profiles, monitors, dashboards and the rest.

    Raises:
        OSError: a file cannot be read.
    """
    root = sources_root()
    return fingerprint(*(part for name in DATA for part in _contents(root / name)))


def _contents(place: Path, without: Collection[Path] = ()) -> Iterator[str | bytes]:
    """Yields the path and the content of each file below a folder, or of a file, in the order of their paths."""
    left_out = {str(path) for path in without}
    files = [str(place)] if place.is_file() else []
    # Without a Path for each of some hundred files, it takes half the time.
    for folder, folders, names in os.walk(place):
        paths = ((name, f"{folder}{os.sep}{name}") for name in folders)
        folders[:] = [name for name, path in paths if name != "__pycache__" and path not in left_out]
        files += [f"{folder}{os.sep}{name}" for name in names]
    for path in sorted(files):
        yield path.removeprefix(f"{place.parent}{os.sep}")
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
            yield stream.read()


def _libraries() -> Iterator[str]:
    """Yields the names of the installed distributions, which hold their versions."""
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names = os.listdir(entry or ".")  # noqa: PTH208 - names are all that is needed, of some hundred entries
            yield from sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))


class Memo:
    """Values of one kind by key, kept in one file.

    A line of the file holds the values that one run has added, so that a run which adds little writes little.
    """

    def __init__(self, path: Path | None) -> None:
        """Takes the file; None keeps nothing."""
        self._path = path
        self._used: dict[str, Any] = {}
        self._new: dict[str, Any] = {}

    @property
    def on(self) -> bool:
        """Whether anything is kept at all."""
        return self._path is not None

    @property
    def new(self) -> Mapping[str, Any]:
        """The values of this run that no earlier one had kept, by key."""
        return self._new

    def get(self, key: str, *, shape: Any = object) -> Any:
        """Returns the value of a key; None if there is none, or an earlier run's has another shape (see fits)."""
        if key in self._new:
            return self._new[key]
        value = self._earlier.values.get(key)
        if value is None or not fits(value, shape):
            return None
        self._used[key] = value
        return value

    def set(self, key: str, value: Any) -> None:
        """Keeps a value, which JSON can express and is not None."""
        if self._path is not None:
            self._new[key] = value

    def save(self) -> None:
        """Adds what is new to the file, or writes it anew: where a line is damaged, or values or lines are too many."""
        if self._path is None or not self._new:
            return
        earlier = self._earlier
        if earlier.size > _FULL or len(earlier.values) + len(self._new) > _VALUES:
            _write(self._path, _parts({**self._used, **self._new}))
        elif not 0 < earlier.lines < _LINES:
            _write(self._path, _parts({**earlier.values, **self._new}))
        else:
            with contextlib.suppress(OSError):
                append(self._path, b"".join(map(_line, _parts(self._new))))

    @functools.cached_property
    def _earlier(self) -> _Earlier:
        raw = read_regular(self._path, _LARGEST) if self._path else None
        if raw is None:
            return _Earlier({}, 0, 0)
        lines = [_value(line) for line in raw.splitlines(keepends=True)]
        found = [value for value in lines if isinstance(value, dict)]
        values = {key: value for part in found for key, value in part.items()}
        return _Earlier(values, len(lines) if len(found) == len(lines) else 0, len(raw))


@dataclass(frozen=True)
class _Earlier:
    """What the file of a memo held before the run.

    Attributes:
        values: by key.
        lines: how many lines it has; 0 if there is none, or one is damaged.
        size: bytes.
    """

    values: Mapping[str, Any]
    lines: int
    size: int


class Cache:
    """One program's folder of what is kept.

    Attributes:
        folder: the folder; None keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Takes the folder, which exists and is the user's own."""
        self.folder = folder
        self._memos: dict[str, Memo] = {}
        self._before_save: list[Callable[[], object]] = []

    @functools.cached_property
    def data(self) -> str:
        """The fingerprint of the program's own data, which is read once a run."""
        return data_fingerprint()

    def memo(self, kind: str) -> Memo:
        """Returns the values of a kind, the same object each time."""
        if kind not in self._memos:
            self._memos[kind] = Memo(self.folder / f"{kind}.json" if self.folder else None)
        return self._memos[kind]

    def entry(self, kind: str, key: str) -> list[Any] | None:
        """Returns the parts of a large value that has a file of its own; None if it is missing or damaged."""
        raw = read_regular(self.folder / kind / f"{key}.json", _LARGEST) if self.folder else None
        parts = [] if raw is None else [_value(line) for line in raw.splitlines(keepends=True)]
        return parts if parts and None not in parts else None

    def store(self, kind: str, key: str, parts: Iterable[Any]) -> None:
        """Keeps a large value in a file of its own, part by part, so that it never lies in memory twice.

        A reader has to see for itself that no part is missing at the end.
        """
        if self.folder:
            place = self.folder / kind
            with contextlib.suppress(OSError):
                place.mkdir(mode=0o700, exist_ok=True)
                _write(place / f"{key}.json", parts)
                leave_newest(place, _ENTRIES)

    def before_save(self, wait: Callable[[], object]) -> None:
        """Has something waited for at the end of the run."""
        self._before_save.append(wait)

    def save(self) -> None:
        """Writes what is new; a disk that refuses is passed over, since nothing depends on it."""
        for wait in self._before_save:
            wait()
        for memo in self._memos.values():
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
    cache = Cache(None if off else _folder())
    token = _CURRENT.set(cache)
    try:
        yield cache
    finally:
        _CURRENT.reset(token)
        cache.save()


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


def text_of(value: Any) -> str:
    """Returns what stands for a value in keys: its ``repr``; of a dataclass, which is large, its fingerprint."""
    return _fingerprint_of(Same(value)) if is_dataclass(value) else repr(value)


@functools.lru_cache(maxsize=256)
def _fingerprint_of(same: Same) -> str:
    return fingerprint(repr(same.value))


def _folder() -> Path | None:
    """Returns this program's folder in the user's cache; None if there can be none."""
    named = os.environ.get(VARIABLE, "")
    if named == "off":
        return None
    try:
        return program_folder(named, program_fingerprint())
    except OSError:
        return None


def _write(path: Path, values: Iterable[Any]) -> None:
    """Writes a file of the cache in one step, a line for each value; a disk that refuses is passed over."""
    with contextlib.suppress(OSError), replacing(path) as stream:
        stream.writelines(map(_line, values))


def _parts(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yields the values of a memo, those of a line at a time."""
    part: dict[str, Any] = {}
    size = 0
    for key, value in values.items():
        part[key] = value
        size += len(value) if isinstance(value, str) else 64
        if size > _LINE:
            yield part
            part, size = {}, 0
    if part:
        yield part


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

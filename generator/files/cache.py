"""What is kept between runs, so that a run does again only what depends on a change.

What is kept may never make a wrong chart. A value is found under a key that holds the content of everything that it
depends on; the whole folder belongs to one fingerprint of the program, its data and the versions of its libraries.
Entries are JSON, which cannot run code, behind a checksum: one that is cut off, changed or foreign is passed over and
written anew. Each is put in place in one step, so that runs at the same time do not disturb each other. The folder has
to be the user's own: what others may write is not read.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from generator.files.atomic import replacing
from generator.files.cachefolder import leave_newest, program_folder
from generator.files.location import package_root, sources_root
from generator.files.regular import read_regular
from generator.files.shapes import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

P = ParamSpec("P")
T = TypeVar("T")

VARIABLE = "GEN_CHART_CACHE"
"""Names the folder of what is kept; ``off`` keeps nothing."""

DATA = (
    "blueprints",
    "dashboards",
    "exemptions.yaml",
    "logs",
    "metrics",
    "monitors",
    "pins.yaml",
    "profiles",
    "rules",
    "values-schemas",
)
"""The folders and files below sources_root that charts are made from."""

_ENTRIES = 24
"""Entries of one kind in a folder, such as whole charts; the oldest goes."""

_VALUES = 20_000
"""Values in one memo; beyond that, those that the last run did not use go."""

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
    return fingerprint(sys.version, *_libraries(), *_contents(package, without=sources_root()))


def data_fingerprint() -> str:
    """Returns the fingerprint of the program's own data: profiles, monitors, dashboards and the rest.

    Raises:
        OSError: a file cannot be read.
    """
    root = sources_root()
    return fingerprint(*(part for name in DATA for part in _contents(root / name)))


def _contents(place: Path, without: Path | None = None) -> Iterator[str | bytes]:
    """Yields the path and the content of each file below a folder, or of a file, in the order of their paths."""
    files = [place] if place.is_file() else []
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name != "__pycache__" and Path(folder, name) != without]
        files += [Path(folder, name) for name in names]
    for path in sorted(files):
        yield path.relative_to(place.parent).as_posix()
        yield path.read_bytes()


def _libraries() -> Iterator[str]:
    """Yields the names of the installed distributions, which hold their versions."""
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names = os.listdir(entry or ".")  # noqa: PTH208 - names are all that is needed, of some hundred entries
            yield from sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))


class Memo:
    """Values of one kind by key, kept in one file."""

    def __init__(self, path: Path | None) -> None:
        """Takes the file; None keeps nothing."""
        self._path = path
        self._kept: Mapping[str, Any] | None = None
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
        value = self._earlier().get(key)
        if value is None or not fits(value, shape):
            return None
        self._used[key] = value
        return value

    def set(self, key: str, value: Any) -> None:
        """Keeps a value, which JSON can express and is not None."""
        if self._path is not None:
            self._new[key] = value

    def save(self) -> None:
        """Writes the file if a value is new; where they are too many, those that this run did not use go."""
        if self._path is not None and self._new:
            values = {**self._earlier(), **self._new}
            _write(self._path, values if len(values) <= _VALUES else {**self._used, **self._new})

    def _earlier(self) -> Mapping[str, Any]:
        if self._kept is None:
            cached = _read(self._path) if self._path else None
            self._kept = cached if isinstance(cached, dict) else {}
        return self._kept


class Cache:
    """One program's folder of what is kept.

    Attributes:
        folder: the folder; None keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Takes the folder, which exists and is the user's own."""
        self.folder = folder
        self._memos: dict[str, Memo] = {}

    @functools.cached_property
    def data(self) -> str:
        """The fingerprint of the program's own data, which is read once a run."""
        return data_fingerprint()

    def memo(self, kind: str) -> Memo:
        """Returns the values of a kind, the same object each time."""
        if kind not in self._memos:
            self._memos[kind] = Memo(self.folder / f"{kind}.json" if self.folder else None)
        return self._memos[kind]

    def entry(self, kind: str, key: str, *, shape: Any = object) -> Any:
        """Returns a large value that has a file of its own; None if there is none of the shape (see fits)."""
        value = _read(self.folder / kind / f"{key}.json") if self.folder else None
        return value if fits(value, shape) else None

    def store(self, kind: str, key: str, value: Any) -> None:
        """Keeps a large value in a file of its own."""
        if self.folder:
            place = self.folder / kind
            with contextlib.suppress(OSError):
                place.mkdir(mode=0o700, exist_ok=True)
                _write(place / f"{key}.json", value)
                leave_newest(place, _ENTRIES)

    def save(self) -> None:
        """Writes what is new; a disk that refuses is passed over, since nothing depends on it."""
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
    """Keeps what a pure function returns, by the ``repr`` of its arguments.

    Args:
        kind: the name of the memo.
        shape: the shape of what the function returns; see fits.

    Returns:
        A decorator for functions whose arguments ``repr`` tells apart, and whose result JSON gives back as it was.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
            memo = current().memo(kind)
            if not memo.on:
                return function(*args, **kwargs)
            key = fingerprint(function.__qualname__, repr(args), repr(sorted(kwargs.items())))
            result = memo.get(key, shape=shape)
            if result is None:
                result = function(*args, **kwargs)
                memo.set(key, result)
            return cast("T", result)

        return remembered

    return decorate


def _folder() -> Path | None:
    """Returns this program's folder in the user's cache; None if there can be none."""
    named = os.environ.get(VARIABLE, "")
    if named == "off":
        return None
    try:
        return program_folder(named, program_fingerprint())
    except OSError:
        return None


def _read(path: Path) -> Any:
    """Returns what a file of the cache holds; None if it is missing, cut off, changed, or no such file."""
    raw = read_regular(path, _LARGEST)
    if raw is None:
        return None
    head, body = raw[:64], raw[65:]
    try:
        if hashlib.sha256(body).hexdigest().encode() != head:
            return None
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _write(path: Path, value: Any) -> None:
    """Writes a file of the cache in one step; a disk that refuses is passed over."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    with contextlib.suppress(OSError), replacing(path) as stream:
        stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)

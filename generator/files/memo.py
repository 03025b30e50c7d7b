"""Values of one kind that are kept between runs, by the content of all that each depends on."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.files.checkedlines import append_lines, read_lines, write_lines
from generator.files.shapes import fits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VALUES = 20_000
"""Values in one memo; beyond that, those that the last run did not use go."""

_LINES = 512
"""Lines in the file of a memo; beyond that, those of runs that added a few values become one."""

_LINE = 2**16
"""Characters of text after which a line of a memo ends: each is in memory several times while it is written."""

_FULL = 2**24
"""Bytes in the file of a memo; beyond that, those values that the last run did not use go."""


@dataclass(frozen=True)
class _Content:
    """What a file of a memo holds.

    Attributes:
        values: by key.
        lines: how many lines it has; 0 if there is none, or one is damaged.
    """

    values: Mapping[str, Any]
    lines: int


class Memo:
    """Values of one kind by key, kept in one file.

    A line of the file holds the values that one run has added, so that a run which adds little writes little.
    """

    def __init__(self, path: Path | None, compiled: Path | None = None) -> None:
        """Takes the file, None for a memo that keeps nothing, and the file of what the package brings."""
        self._path = path
        self._compiled_path = compiled
        self._used: dict[str, Any] = {}
        self._new: dict[str, Any] = {}

    @property
    def on(self) -> bool:
        """Whether anything is kept at all."""
        return self._path is not None

    @property
    def empty(self) -> bool:
        """Whether no earlier run has kept anything."""
        return not self._earlier.values

    @property
    def new(self) -> Mapping[str, Any]:
        """The values of this run that no earlier one had kept, by key."""
        return self._new

    def get(self, key: str, *, shape: Any = object) -> Any:
        """Returns the value of a key; None if there is none, or an earlier run's has another shape (see fits)."""
        if key in self._new:
            return self._new[key]
        value = self._compiled.get(key)
        if value is not None and fits(value, shape):
            return value
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
        if _size(self._path) > _FULL or len(earlier.values) + len(self._new) > _VALUES:
            write_lines(self._path, _parts({**self._used, **self._new}))
        elif not 0 < earlier.lines < _LINES:
            write_lines(self._path, _parts({**earlier.values, **self._new}))
        else:
            append_lines(self._path, _parts(self._new))

    @functools.cached_property
    def _compiled(self) -> Mapping[str, Any]:
        return _read(self._compiled_path).values

    @functools.cached_property
    def _earlier(self) -> _Content:
        return _read(self._path)


def _read(path: Path | None) -> _Content:
    lines = read_lines(path) if path else []
    found = [value for value in lines if isinstance(value, dict)]
    values = {key: value for part in found for key, value in part.items()}
    return _Content(values, len(lines) if len(found) == len(lines) else 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


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

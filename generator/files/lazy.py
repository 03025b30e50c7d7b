"""A mapping that is read when somebody first looks into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")


class LazyMapping(Mapping[K, V]):
    """A read-only mapping whose content costs something, and which not every run needs."""

    def __init__(self, read: Callable[[], Mapping[K, V]]) -> None:
        """Takes what reads the content; it is called once, at the first look, and may raise then."""
        self._read = read

    @cached_property
    def _content(self) -> Mapping[K, V]:
        return self._read()

    def __getitem__(self, key: K) -> V:
        """Returns the value of a key."""
        return self._content[key]

    def __iter__(self) -> Iterator[K]:
        """Iterates over the keys."""
        return iter(self._content)

    def __len__(self) -> int:
        """Returns the number of keys."""
        return len(self._content)

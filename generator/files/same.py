"""Objects as keys by what they are, not by what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Same:
    """A key for one object: an equal one is another key, since comparing large ones would cost more than it saves.

    Attributes:
        value: the object, which must not change; the key keeps it alive, so that no other takes its place.
    """

    value: Any

    def __eq__(self, other: object) -> bool:
        """Returns whether the other key stands for the same object."""
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        """Returns the object's identity."""
        return id(self.value)

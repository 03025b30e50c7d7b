"""The newest version of each kind of step beyond one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.files.versions import is_exact, precedence

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Updates:
    """The newest versions beyond one; None where there is no such step.

    Attributes:
        patch: the newest with the same major and minor number.
        minor: the newest with the same major number and a higher minor number.
        major: the newest with a higher major number.
    """

    patch: str | None = None
    minor: str | None = None
    major: str | None = None

    def __bool__(self) -> bool:
        """Returns whether there is any."""
        return bool(self.patch or self.minor or self.major)


def newer(current: str, available: Iterable[str]) -> Updates:
    """Returns the newest version of each kind of step from ``current``.

    What is no version, or is written the other way (with or without ``v``), is passed over, and so are pre-releases
    unless the current version is one.

    Args:
        current: one exact version.
        available: versions and other tags, in any order.
    """
    current_key = precedence(current)
    beyond = [
        (key, version)
        for version in available
        if is_exact(version) and version[:1].isdigit() == current[:1].isdigit()
        for key in [precedence(version)]
        if key > current_key and (key[1] or not current_key[1])
    ]
    beyond.sort()
    steps: dict[str, str] = {}
    for (numbers, _release, _pre), version in beyond:
        major, minor = numbers[0] > current_key[0][0], numbers[1] > current_key[0][1]
        steps["major" if major else "minor" if minor else "patch"] = version
    return Updates(**steps)

"""Version numbers as Semantic Versioning 2.0 orders them, and the newest of each kind of step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = re.compile(r"(v?)(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")

_Key = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True)
class Newer:
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
        """Says whether there is any."""
        return bool(self.patch or self.minor or self.major)


def is_version(text: str) -> bool:
    """Says whether it is an exact version, with or without a ``v`` before it."""
    return _VERSION.fullmatch(text) is not None


def sort_key(version: str) -> _Key:
    """Gives what versions sort by: a pre-release before its release, numbers in it as numbers.

    Raises:
        ValueError: it is no version.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"not a version: {version!r}")
    parts = (match[5] or "").split(".") if match[5] else []
    pre = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
    return (int(match[2]), int(match[3]), int(match[4])), not pre, pre


def newer(current: str, available: Iterable[str]) -> Newer:
    """Gives the newest version of each kind of step from ``current``.

    What is no version, or is written the other way (with or without ``v``), is passed over, and so are pre-releases
    unless the current version is one.

    Raises:
        ValueError: ``current`` is no version.
    """
    here = sort_key(current)
    beyond = [
        (key, version)
        for version in available
        if is_version(version) and version[:1].isdigit() == current[:1].isdigit()
        for key in [sort_key(version)]
        if key > here and (key[1] or not here[1])
    ]
    beyond.sort()
    steps: dict[str, str] = {}
    for (numbers, _release, _pre), version in beyond:
        major, minor = numbers[0] > here[0][0], numbers[1] > here[0][1]
        steps["major" if major else "minor" if minor else "patch"] = version
    return Newer(**steps)

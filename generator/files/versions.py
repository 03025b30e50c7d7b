"""Version numbers: what is one exact version, and which of two is newer (Semantic Versioning 2.0)."""

from __future__ import annotations

import re
from typing import TypeAlias

_PRE_RELEASE = r"(?:-(?P<pre>[0-9A-Za-z.-]+))?"
_EXACT = re.compile(rf"v?[0-9]{{1,18}}\.[0-9]{{1,18}}\.[0-9]{{1,18}}{_PRE_RELEASE}(?:\+[0-9A-Za-z.-]+)?")
_FIRST = re.compile(rf"(?<![\w.])v?(?P<numbers>[0-9]{{1,18}}(?:\.[0-9]{{1,18}})*){_PRE_RELEASE}")

Precedence: TypeAlias = "tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]"
"""What versions sort by: their numbers, at least three; whether it is a release; the parts of a pre-release."""


def is_exact(text: str) -> bool:
    """Returns whether it is one exact version, ``v`` before it or not, as opposed to a range such as ``0.12.*``.

    Such a text is safe as a part of a file name.
    """
    return _EXACT.fullmatch(text) is not None


def precedence(text: str) -> Precedence:
    """Returns what versions sort by: a pre-release before its release, numbers in it as numbers.

    Args:
        text: a version, or words with one in it, such as ``Kubernetes 1.35``; then the first counts. A number that is
            left out is 0. Words without a version come before every version.
    """
    match = _FIRST.search(text)
    if match is None:
        return (), False, ()
    numbers = [int(number) for number in match["numbers"].split(".")]
    parts = match["pre"].split(".") if match["pre"] else []
    return (*numbers, *[0] * (3 - len(numbers))), not parts, tuple(map(_identifier, parts))


def _identifier(part: str) -> tuple[bool, int, str]:
    """Numbers come before words; one with more digits than any real one counts as a word."""
    is_number = part.isdecimal() and len(part) <= 18
    return not is_number, int(part) if is_number else 0, part

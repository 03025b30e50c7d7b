"""Durations as PromQL and Prometheus' configuration write them."""

from __future__ import annotations

import re

_MILLISECONDS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}
_UNIT = re.compile(r"([0-9]+)(ms|[smhdwy])")
_DURATION = re.compile(rf"(?:{_UNIT.pattern})+")


def milliseconds(duration: str) -> int | None:
    """Returns the milliseconds of a duration such as ``1h30m``; None if it is none."""
    text = duration.strip()
    if not _DURATION.fullmatch(text):
        return None
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in _UNIT.findall(text))


def seconds(duration: str) -> float | None:
    """Returns the seconds of a duration such as ``1h30m``; None if it is none."""
    length = milliseconds(duration)
    return None if length is None else length / 1000

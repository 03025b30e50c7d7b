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
_DURATION = re.compile("0|" + "".join(f"(?:[0-9]+{unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")))

LONGEST_MS = (2**63 - 1) // 1_000_000
"""Milliseconds of the longest duration, which Go keeps as nanoseconds: 292 years."""


def milliseconds(duration: str) -> int | None:
    """Returns the milliseconds of a duration such as ``1h30m``; None if it is none.

    Each unit stands once, the longest first; ``0`` needs none (prometheus/common v0.70, model.ParseDuration).
    """
    text = duration.strip()
    if not text or not _DURATION.fullmatch(text):
        return None
    length = sum(int(number) * _MILLISECONDS[unit] for number, unit in _UNIT.findall(text))
    return length if length <= LONGEST_MS else None


def seconds(duration: str) -> float | None:
    """Returns the seconds of a duration such as ``1h30m``; None if it is none."""
    length = milliseconds(duration)
    return None if length is None else length / 1000

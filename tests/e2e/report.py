"""The table of what a run has done."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Report:
    """Rows of what held, in their order.

    Attributes:
        tell: takes a line for the terminal.
        rows: scenario, step and result of tests that passed; they do not change between runs of equal code.
    """

    tell: Callable[[str], object]
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    _pending: list[tuple[str, str, str]] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)

    def add(self, scenario: str, step: str, result: str) -> None:
        """Notes a step that held, and tells it with the seconds since the one before."""
        self._pending.append((scenario, step, result))
        self.tell(f"{scenario} | {step} | {result} ({time.monotonic() - self._last:.0f} s)")
        self._last = time.monotonic()

    def end(self, *, passed: bool) -> None:
        """Ends a test: its rows count if it has passed."""
        self.rows += self._pending if passed else ()
        self._pending.clear()

"""How a download tells the outside how far it is, without knowing what shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Progress = Callable[[str, "int | None"], AbstractContextManager[Callable[[int], object]]]
"""Opened once for each transfer with a label (``opensearch 3.6.0``) and its length in bytes, None if the
server does not say. What it gives is called with the number of bytes that have arrived since the last call;
the first call of a resumed transfer counts the bytes that were already there. A transfer that breaks off and
is tried again opens a new one."""


@contextmanager
def silent(label: str, total: int | None) -> Iterator[Callable[[int], object]]:  # noqa: ARG001 - Progress
    """Shows nothing."""
    yield lambda _count: None

"""What the tests of vendoring over the network have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import InputError
from generator.upstream import VendoredChart

from .charts import index, tree
from .server import content, ranged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .server import Web

Vendor = Callable[..., tuple[VendoredChart, ...]]

FILE = "opensearch-3.6.0.tgz"


def publish(web: Web, archive: bytes, digest: str | None = None, url: str = FILE) -> None:
    """Lets the server be a Helm repository, /stable, with one archive."""
    web.routes["/stable/index.yaml"] = content(index(("opensearch", "3.6.0", url, digest)))
    web.routes[f"/stable/{FILE}"] = ranged(archive)


class Interrupter:
    """A progress report that is the Ctrl-C of a person after so many bytes."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def __call__(self, _label: str, _total: int | None) -> Iterator[Callable[[int], object]]:
        yield self.count

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise KeyboardInterrupt


class Recorder:
    """A progress report that remembers: (label, total, the counts) of each transfer."""

    def __init__(self) -> None:
        self.transfers: list[tuple[str, int | None, list[int]]] = []

    @contextmanager
    def __call__(self, label: str, total: int | None) -> Iterator[Callable[[int], object]]:
        counts: list[int] = []
        self.transfers.append((label, total, counts))
        yield counts.append


def refused(vendor: Vendor, chart: Path, **options: Any) -> str:
    """Vendors, expects an error that leaves charts/ as it was and no temporary file, and gives its text."""
    before = tree(chart)
    with pytest.raises(InputError) as caught:
        vendor(chart, **options)
    assert tree(chart) == before
    return str(caught.value)

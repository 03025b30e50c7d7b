"""How the command line shows a download."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def download_bar(label: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """Shows one download on stderr: a bar on a terminal, a line elsewhere or where the length is unknown."""
    if total is None or not sys.stderr.isatty():
        click.echo(f"fetching {label}", err=True)
        yield lambda _count: None
        return
    with click.progressbar(length=total, label=f"{label:28}", file=sys.stderr) as bar:
        yield bar.update

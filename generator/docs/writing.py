"""Writes pages into docs/ of the checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.files.atomic import write_file
from generator.files.location import sources_root

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_pages(pages: Mapping[str, str]) -> None:
    """Writes pages.

    Args:
        pages: name in docs/ → text.

    Raises:
        InputError: one cannot be written.
    """
    for name, text in pages.items():
        write_file(sources_root() / "docs" / name, text)

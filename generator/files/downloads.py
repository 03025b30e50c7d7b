"""Where archives of upstream charts are kept, and which of them are on this machine already; nothing is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def downloads() -> Path:
    """Returns the folder in which downloads are kept, below the user's cache directory."""
    from platformdirs import user_cache_path

    return user_cache_path("gen-chart") / "charts"


def archives_at_hand(chart: Path) -> dict[str, Path]:
    """Returns the archives by their name, ``NAME-VERSION.tgz``.

    Args:
        chart: the folder of a chart, whose ``charts/`` may hold some; others are among the downloads.
    """
    cached = {path.name: path for path in sorted(downloads().glob("*/*.tgz"))}
    return cached | {path.name: path for path in sorted((chart / "charts").glob("*.tgz"))}

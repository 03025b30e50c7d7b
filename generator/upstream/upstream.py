"""Where the charts of others come from, and with how much patience they are fetched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.files.downloads import downloads
from generator.upstream.progress import Progress, silent
from generator.upstream.web import Patience

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Upstream:
    """How upstream charts are had.

    Attributes:
        mirror: a directory, the address of a Helm repository, or ``oci://HOST/PREFIX``; None (or "") for each chart's
            own repository.
        cache: where downloads are kept; a run does without if it cannot be written.
        progress: told of each download.
        patience: how long to try.
    """

    mirror: str | None = None
    cache: Path = field(default_factory=downloads)
    progress: Progress = silent
    patience: Patience = Patience()  # noqa: RUF009 - frozen

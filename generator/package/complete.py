"""A profile's chart with its upstream charts in it, in a folder for as long as it is needed."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from generator.build.assemble import assemble
from generator.build.metadata import NAME
from generator.files import writer
from generator.upstream import silent, vendor_chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile
    from generator.upstream import Progress, Vendored

RELEASE = "observability"
NAMESPACE = "monitoring"
"""Where a chart is rendered that nobody installs: the names of README's command."""


@contextmanager
def complete_chart(
    profile: Profile,
    sources: Sources,
    *,
    mirror: str | None,
    cache_dir: Path,
    report: Progress = silent,
) -> Iterator[tuple[Path, tuple[Vendored, ...]]]:
    """Gives the folder of a profile's chart, the upstream charts in its ``charts/``, and what those are.

    Args:
        profile: the choices.
        sources: the sources, a person's extra files included.
        mirror: where the upstream charts come from; see vendor_chart.
        cache_dir: where downloads are kept.
        report: told of each download.

    Raises:
        InputError: see assemble and vendor_chart.
    """
    with tempfile.TemporaryDirectory(prefix="gen-chart-") as folder:
        target = Path(folder) / NAME
        writer.write(writer.plan(target, assemble(profile, sources)))
        yield target, vendor_chart(target, sources.pins, mirror=mirror, cache_dir=cache_dir, report=report)

"""A profile's chart with its upstream charts in it, in a folder for as long as it is needed."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from generator.build.chart import chart
from generator.build.metadata import NAME
from generator.files import writer
from generator.upstream import vendor_chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.build import Build
    from generator.upstream import Upstream, VendoredChart

RELEASE = "observability"
NAMESPACE = "monitoring"
"""Where a chart is rendered that nobody installs: the names of README's command."""


@contextmanager
def complete_chart(
    build: Build,
    upstream: Upstream,
) -> Iterator[tuple[Path, tuple[VendoredChart, ...]]]:
    """Yields the folder of a Build's chart, the upstream charts in its ``charts/``, and what those are.

    Args:
        build: what the chart is made from.
        upstream: where the upstream charts come from.

    Raises:
        InputError: see build.chart.chart and vendor_chart.
    """
    with tempfile.TemporaryDirectory(prefix="gen-chart-") as folder:
        target = Path(folder) / NAME
        writer.write(writer.plan(target, chart(build)))
        yield target, vendor_chart(target, build.pins, upstream)

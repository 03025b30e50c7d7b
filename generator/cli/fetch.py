"""`gen-chart vendor`: the upstream charts, with a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import DEFAULT_FOLDER, output_option, show_result, upstream_options

if TYPE_CHECKING:
    from generator.upstream import Upstream


@cli.command(short_help="Fetch the upstream charts.")
@click.argument("chart_dir", type=click.Path(path_type=Path), default=DEFAULT_FOLDER)
@upstream_options
@output_option
def vendor(chart_dir: Path, upstream: Upstream, output: str) -> None:
    """Fetch the upstream charts that CHART_DIR's Chart.lock names into CHART_DIR/charts.

    Each archive is verified; all arrive, or charts/ stays as it was. What is in place is not fetched again.
    """
    from dataclasses import asdict

    from generator.build.sources import read_pins
    from generator.files.location import sources_root
    from generator.files.table import table
    from generator.upstream import vendor_chart

    found = vendor_chart(chart_dir, read_pins(sources_root()), upstream)
    rows = [
        {
            "chart": one.name,
            "version": one.version,
            "from": one.origin,
            "sha256": one.sha256[:12],
            "digest": "as published" if one.pinned else "not pinned",
        }
        for one in found
    ]
    show_result([asdict(one) for one in found], table(rows), output)

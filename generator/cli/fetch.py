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

    charts = vendor_chart(chart_dir, read_pins(sources_root()), upstream)
    rows = [
        {
            "chart": chart.name,
            "version": chart.version,
            "from": chart.origin,
            "sha256": chart.sha256[:12],
            "digest": "as published" if chart.pinned else "not checked",
        }
        for chart in charts
    ]
    show_result([asdict(chart) for chart in charts], table(rows), output)

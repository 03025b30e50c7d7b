"""`gen-chart size`: how large things have to be for a fleet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.generate import cli
from generator.cli.options import load_build, report_option, request_options, require_profile, show_result

if TYPE_CHECKING:
    from generator.choices.request import Request

_MANY = click.IntRange(min=0)


@cli.command(short_help="How large Prometheus and OpenSearch have to be for a fleet.")
@click.option("--nodes", type=click.IntRange(min=1), required=True, metavar="N", help="Nodes of the cluster.")
@click.option("--gpus", type=_MANY, default=8, show_default=True, metavar="N", help="GPUs of each node.")
@click.option("--cpus", type=click.IntRange(min=1), default=96, show_default=True, help="CPUs of each node.")
@click.option("--pods", type=click.IntRange(min=1), default=18, show_default=True, help="Pods on each node.")
@click.option("--vllm", type=_MANY, metavar="N", help="vLLM servers.  [default: one for two nodes]")
@click.option("--ray-clusters", type=_MANY, metavar="N", help="Ray clusters.  [default: one for twenty nodes]")
@click.option(
    "--churn",
    type=click.FloatRange(0, 10),
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Share of the series whose pod or node is replaced within three hours.",
)
@click.option(
    "--log-lines",
    type=click.FloatRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="Lines that a node writes in a second.",
)
@click.option(
    "--overlay",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the choices that follow, to be laid over the profile with -f.",
)
@report_option
@request_options()
def size(request: Request, output: str, target: Path | None, churn: float, log_lines: float, **numbers: Any) -> None:
    """Say what a fleet of some nodes gives and needs: series, samples, memory, disk, and the choices that follow.

    Retention, intervals and what is kept are those of the profile, with -f and --set. Series are counted in captures of
    real exporters and in the catalogue; generator/sizing/constants.yaml has what one costs, and how that is known.
    """
    require_profile(request)
    from generator.files import yamlfile
    from generator.files.atomic import write_file
    from generator.sizing import report
    from generator.sizing.counting import workloads
    from generator.sizing.needs import needs, overlay, too_small
    from generator.sizing.numbers import fleet

    build = load_build(request)
    whole = replace(fleet(**numbers), churn=churn, log_lines=log_lines)
    found = workloads(build, whole)
    need = needs(build, whole, found)
    follows, lacks = overlay(build, need), too_small(build, need)
    text = report.as_text(found, need, lacks, markdown=output == "markdown")
    show_result(report.as_data(found, need, lacks, follows), text, output)
    if target is not None:
        write_file(target, f"# Written by gen-chart size for {whole.nodes} nodes.\n{yamlfile.dump(follows)}")
        click.echo(f"{target}: lay it over the profile with -f", err=True)

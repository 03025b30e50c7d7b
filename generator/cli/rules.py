"""`gen-chart rules`: the rules as files, for a ruler that is somewhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import folder_options, load_build, request_options, require_profile, show_difference

if TYPE_CHECKING:
    from pathlib import Path

    from generator.choices.request import Request


@cli.command(short_help="The rules as files, for the ruler of a store.")
@click.option(
    "--for",
    "ruler",
    type=click.Choice(["amp", "mimir", "thanos"]),
    required=True,
    help="Whose form they have: Amazon Managed Service for Prometheus, Mimir, or Thanos.",
)
@folder_options("rules-for-ruler", "The folder of files.")
@request_options()
@click.pass_context
def rules(ctx: click.Context, /, request: Request, ruler: str, target: Path, check: bool) -> None:
    """Write the records and alerts of a chart as rule files, for a ruler over all that several Prometheus have sent.

    They are those that the chart has as PrometheusRules, with the profile's thresholds and severities, and your own
    files. kube-prometheus-stack's are not among them.
    """
    require_profile(request)
    from generator.files.writer import plan, write
    from generator.rules.files import RULERS, rule_files, signature

    build = load_build(request)
    form = next(each for each in RULERS if each == ruler)
    files = rule_files(build.sources.rules, build.sources.brought_rules, build.values["rules"], form)
    planned = plan(target, files, signature(files))
    if check:
        show_difference(ctx, target, planned)
        return
    write(planned)
    click.echo(f"{target}: {len(files)} files")

"""`gen-chart rules`: the rules as files, for a ruler that is somewhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import load_build, request_options, require_profile
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.choices.request import Request


@cli.command(short_help="The rules as files, for the ruler of a store.")
@click.option(
    "--for",
    "ruler",
    type=click.Choice(["amp", "mimir", "thanos"]),
    required=True,
    help="Whose form they have: Amazon Managed Service for Prometheus, Mimir, or Thanos.",
)
@click.option(
    "-o",
    "--output-dir",
    "target",
    type=click.Path(path_type=Path),
    default="rules-for-ruler",
    show_default=True,
    metavar="DIR",
    help="The folder of files.",
)
@click.option("--check", is_flag=True, help="Write nothing; print a diff and exit 1 if the folder differs.")
@request_options()
@click.pass_context
def rules(ctx: click.Context, /, request: Request, ruler: str, target: Path, check: bool) -> None:
    """Write the records and alerts of a chart as rule files, for a ruler over all that several Prometheus have sent.

    They are those that the chart has as PrometheusRules, with the profile's thresholds and severities, and your own
    files. kube-prometheus-stack's are not among them.
    """
    require_profile(request)
    from generator.files.writer import plan, unified_diff, write
    from generator.rules.files import RULERS, rule_files, signature

    build = load_build(request)
    form = next(each for each in RULERS if each == ruler)
    files = rule_files(build.sources.rules, build.sources.brought_rules, build.values["rules"], form)
    planned = plan(target, files, signature(files))
    if check:
        click.echo(unified_diff(planned), nl=False)
        if not planned.clean:
            click.echo(f"{target} is not what gen-chart would write", err=True)
            ctx.exit(Exit.CHECK_FAILED)
        return
    write(planned)
    click.echo(f"{target}: {len(files)} files")

"""`gen-chart instrument`: Ray manifests that this chart can see into."""

from __future__ import annotations

import sys

import click

from generator.cli.generate import cli
from generator.errors import Exit


@cli.command(short_help="Add the log sidecar and metrics ports to Ray manifests.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; say what is missing and exit 1 if anything is.")
@click.option("--diff", is_flag=True, help="Print a unified diff instead of the manifest.")
@click.option("-i", "--in-place", is_flag=True, help="Write the files back; a file appears whole or not at all.")
@click.option(
    "--vllm-metrics",
    is_flag=True,
    help="Also label heads for the monitor of a mounted /metrics; only if the application mounts it.",
)
@click.pass_context
def instrument(
    ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool, in_place: bool, vllm_metrics: bool
) -> None:
    """Add what this chart needs to see into Ray: the Fluent Bit sidecar and its volumes, and the metrics ports.

    FILE is a manifest with RayServices, RayClusters or RayJobs, - for standard input. Other documents in it, comments,
    anchors and the order of keys stay as they are; lines are only added, and a second run adds none.
    """
    if check + diff + in_place > 1:
        raise click.UsageError("--check, --diff and --in-place exclude each other")
    from generator.build.sources import read_pins, sources_root
    from generator.instrument import Options, read_source, sidecar_image, unified_diff, write_in_place
    from generator.instrument import instrument as instrument_text

    image = sidecar_image(read_pins(sources_root()).pin("fluent-bit").app_version)
    sources = [read_source(name, sys.stdin.buffer) for name in files]
    done = [instrument_text(each.text, file=each.name, options=Options(image, vllm_metrics)) for each in sources]
    for source, result in zip(sources, done, strict=True):
        for note in result.notes:
            click.echo(note, err=True)
        if check:
            for change in result.changes:
                click.echo(f"{source.name}: {change}")
        elif diff:
            click.echo(unified_diff(source.text, result.text, source.name), nl=False)
        elif in_place and source.name != "-":
            write_in_place(source, result.text)
            click.echo(f"{source.name}: {len(result.changes)} additions")
        else:
            click.echo(result.text, nl=False)
    if check and any(result.changes for result in done):
        ctx.exit(Exit.CHECK_FAILED)

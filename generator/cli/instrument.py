"""`gen-chart instrument`: Ray manifests that this chart can see into."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from generator.choices.request import Request
from generator.cli.generate import cli
from generator.cli.options import load_build, registry_option, request_options
from generator.errors import Exit

_BASE = "standalone"
"""The profile that the others extend: none of them changes an image."""


@cli.command(short_help="Add the log sidecar and metrics ports to Ray manifests.")
@click.argument("manifests", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--check", is_flag=True, help="Write nothing; say what is missing and exit 1 if anything is, or if no Ray is."
)
@click.option("--diff", is_flag=True, help="Print a unified diff instead of the manifest.")
@click.option("-i", "--in-place", is_flag=True, help="Write the files back; a file appears whole or not at all.")
@click.option(
    "--vllm-metrics",
    is_flag=True,
    help="Also label heads for the monitor of a mounted /metrics; only if the application mounts it.",
)
@click.option(
    "--report-interval",
    type=click.IntRange(1000, 600_000),
    metavar="MS",
    help="Also have Ray report each MS milliseconds (RAY_metrics_report_interval_ms), on head and workers: 20000 lets "
    "a scrape each 30 s see every value that Ray Train sets.",
)
@registry_option("Pull the sidecar's image from this registry, as images.registry does.")
@request_options()
@click.pass_context
def instrument(
    ctx: click.Context,
    manifests: tuple[str, ...],
    check: bool,
    diff: bool,
    in_place: bool,
    vllm_metrics: bool,
    report_interval: int | None,
    registry: str | None,
    request: Request,
) -> None:
    """Add what this chart needs to see into Ray: the Fluent Bit sidecar and its volumes, and the metrics ports.

    FILE is a manifest with RayServices, RayClusters, RayJobs or AIBrix' RayClusterFleets, in an AppWrapper or not, or
    the values of KubeRay's chart ray-cluster; - stands for standard input. Other documents in it, comments, anchors and
    the order of keys stay as they are; lines are only added, and a second run adds none. Only the sidecar of the AI on
    EKS guide is written anew, with its volume.

    The sidecar runs the image of the chart's own Fluent Bit. Name the profile, and the files and values that you lay
    over it, if those set a registry, a digest or another image.
    """
    if check + diff + in_place > 1:
        raise click.UsageError("--check, --diff and --in-place exclude each other")
    from generator.files.diff import unified_diff
    from generator.instrument import Options, read_source, write_in_place
    from generator.instrument import instrument as instrument_text

    options = Options(_image(request, registry), vllm_metrics, report_interval)
    sources = [read_source(name, sys.stdin.buffer) for name in manifests]
    done = [instrument_text(source.text, file=source.name, options=options) for source in sources]
    for source, result in zip(sources, done, strict=True):
        for note in result.notes:
            click.echo(note, err=True)
        if not result.resources:
            click.echo(f"{source.name}: no Ray manifest in it", err=True)
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
    if check and any(result.changes or not result.resources for result in done):
        ctx.exit(Exit.CHECK_FAILED)


def _image(request: Request, registry: str | None) -> str:
    """Returns the sidecar's image, that of the chart's own Fluent Bit.

    Raises:
        InputError: see make_build.
    """
    from generator.stack.fluent_bit.image import fluent_bit_image

    if registry is not None:
        request = replace(request, sets=(*request.sets, f"images.registry={registry}"))
    if request == Request():
        from generator.build.sources import read_pins
        from generator.files.location import sources_root

        return fluent_bit_image({}, read_pins(sources_root()))
    build = load_build(request if request.profile or request.tfvars else replace(request, profile=_BASE))
    return fluent_bit_image(build.values, build.pins)

"""`gen-chart images`: what a chart pulls, and how to have it pulled from a registry of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import (
    load_build,
    registry_option,
    request_options,
    require_profile,
    show_result,
    upstream_options,
)

if TYPE_CHECKING:
    from generator.choices.request import Request
    from generator.upstream import Upstream

_TOOLS = ("crane", "skopeo")


@cli.command(short_help="List the images that a chart pulls; move them to another registry.")
@request_options()
@upstream_options
@registry_option("Check that the chart pulls everything from this registry, and list it as it is there.")
@click.option(
    "--lock",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask the registries for every image's digest and write them to FILE, for -f.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json", *_TOOLS]),
    default="text",
    show_default=True,
    help="How to print it; crane and skopeo are scripts that copy the images to --registry.",
)
def images(request: Request, upstream: Upstream, registry: str | None, lock: Path | None, output: str) -> None:
    """List every image that the profile's chart pulls, those that operators pull later included.

    The chart is rendered by helm with the upstream charts in it. To have your cluster pull from your own registry:

    \b
      gen-chart images --profile jark --registry registry.example --output crane > copy.sh
      gen-chart --profile jark --set images.registry=registry.example
    """
    require_profile(request)
    if output in _TOOLS and not registry:
        raise click.UsageError(f"--output {output} copies to a registry: name it with --registry")
    from generator.files.atomic import write_file
    from generator.package.images import list_images, resolve_digests
    from generator.stack.images import listing

    build = load_build(request)
    listed = list_images(build, registry, upstream)
    if lock is not None:
        digests = resolve_digests(listed.upstream)
        write_file(lock, listing.lock_file(digests, {name: pin.version for name, pin in build.pins.charts.items()}))
        click.echo(f"{lock}: {len(digests)} digests", err=True)
    if output in _TOOLS:
        click.echo(listing.copy_script(output, [pulled.image for pulled in listed.upstream], str(registry)), nl=False)
    else:
        show_result(listing.as_data(listed.pulled), listing.as_text(listed.pulled), output)

"""`gen-chart outdated`: the pins beside what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import output_option, show_result, upstream_options
from generator.errors import Exit, InputError

if TYPE_CHECKING:
    from generator.upstream import Upstream


@cli.command(short_help="Which pins are behind?")
@upstream_options
@click.option(
    "--images/--no-images",
    default=None,
    help="Ask the registries of the pinned images too. Without a mirror that is the default.",
)
@click.option("--exit-code", is_flag=True, help="Exit 1 if anything is outdated.")
@output_option
@click.pass_context
def outdated(ctx: click.Context, upstream: Upstream, images: bool | None, exit_code: bool, output: str) -> None:
    """Compare the pinned upstream charts and images with what their repositories, or the mirror, have.

    Shown are the newest patch, minor and major release beyond each pin, and when they were published where the
    repository says so. Pre-releases do not count. Nothing is changed; `gen-chart bump` does that.
    """
    from generator.build.sources import read_pins
    from generator.files.location import sources_root
    from generator.files.table import table
    from generator.upgrades import outdated as compare
    from generator.upgrades.outdated import as_data, as_rows
    from generator.upstream import Patience, open_client

    with_images = images if images is not None else not upstream.mirror
    with open_client(Patience(attempts=2)) as client:
        standings = compare(read_pins(sources_root()), client, mirror=upstream.mirror, images=with_images)
    show_result(as_data(standings), table(as_rows(standings)), output)
    problems = list(dict.fromkeys(problem for standing in standings for problem in standing.problems))
    if problems:
        raise InputError(*problems)
    if exit_code and any(standing.newer for standing in standings):
        ctx.exit(Exit.CHECK_FAILED)

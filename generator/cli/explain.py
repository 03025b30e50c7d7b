"""`gen-chart profiles`, `components` and `show`: what there is, and what a profile chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import (
    complete_profile,
    load_build,
    load_builds,
    load_sources,
    output_option,
    request_options,
    show_result,
)

if TYPE_CHECKING:
    from generator.choices.request import Request


@cli.command(short_help="The profiles, and what each is for.")
@output_option
def profiles(output: str) -> None:
    """List the profiles: what kind of cluster each is for, and what it extends."""
    from generator.build.sources import read_profiles
    from generator.cli.listing import profile_rows
    from generator.files.location import sources_root
    from generator.files.table import table

    rows = profile_rows(read_profiles(sources_root()))
    show_result(rows, table(rows), output)


@cli.command(short_help="The upstream charts, and where each is on.")
@output_option
def components(output: str) -> None:
    """List the upstream charts: version, what each brings, and in which profiles it is on."""
    from generator.cli.listing import component_rows
    from generator.files.table import table

    sources = load_sources()
    rows = component_rows([build.profile for build in load_builds(sources)], sources.pins)
    show_result(rows, table(rows), output)


@cli.command(short_help="Every choice that a profile makes.")
@request_options(click.argument("profile", shell_complete=complete_profile))
@click.option("--helm", is_flag=True, help="Show the Helm values that follow from the choices instead.")
@output_option
def show(request: Request, helm: bool, output: str) -> None:
    """Show every choice that PROFILE makes, what it extends merged in.

    Each key printed is one that an overlay (-f) or --set may change.
    """
    from generator.files import yamlfile

    build = load_build(request)
    data = build.values if helm else build.profile.choices
    title = f"# {' → '.join(build.profile.lineage)}: {build.profile.description}\n"
    show_result(data, title + yamlfile.dump(data), output)

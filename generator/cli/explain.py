"""`gen-chart profiles`, `components` and `show`: what there is, and what a profile chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import (
    complete_profile,
    load,
    load_sources,
    output_option,
    show_result,
    tfvars_option,
    with_overlays,
)

if TYPE_CHECKING:
    from pathlib import Path


@cli.command(short_help="The profiles, and what each is for.")
@output_option
def profiles(output: str) -> None:
    """List the profiles: what kind of cluster each is for, and what it extends."""
    from generator.build.sources import read_profiles, sources_root
    from generator.cli.listing import profile_rows, table

    rows = profile_rows(read_profiles(sources_root()))
    show_result(rows, table(rows), output)


@cli.command(short_help="The upstream charts, and where each is on.")
@output_option
def components(output: str) -> None:
    """List the upstream charts: version, what each brings, and in which profiles it is on."""
    from generator.cli.listing import component_rows, table

    sources = load_sources()
    rows = component_rows([load(name, sources, (), ()) for name in sorted(sources.profiles)], sources.pins)
    show_result(rows, table(rows), output)


@cli.command(short_help="Every choice that a profile makes.")
@click.argument("profile", shell_complete=complete_profile)
@tfvars_option
@with_overlays
@click.option("--helm", is_flag=True, help="Show the Helm values that follow from the choices instead.")
@output_option
def show(
    profile: str, tfvars: Path | None, files: tuple[Path, ...], sets: tuple[str, ...], helm: bool, output: str
) -> None:
    """Show every choice that PROFILE makes, what it extends merged in.

    Each key printed is one that an overlay (-f) or --set may change.
    """
    from generator.build.assemble import chart_values
    from generator.build.extras import with_extras
    from generator.files import yamlfile

    sources = load_sources()
    loaded = load(profile, sources, files, sets, tfvars)
    data = chart_values(loaded, with_extras(loaded, sources)) if helm else loaded.choices
    title = f"# {' → '.join(loaded.lineage)}: {loaded.description}\n"
    show_result(data, title + yamlfile.dump(data), output)

"""`gen-chart bump`: moves a pin, if nothing that the profiles set is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import load_builds, load_sources, output_option, show_result, upstream_options
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.upstream import Upstream


@cli.command(short_help="Move the pin of an upstream chart.")
@click.argument("name")
@click.argument("version")
@upstream_options
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--force", is_flag=True, help="Move the pin even if the profiles set a key that is gone.")
@click.option(
    "--reason", metavar="TEXT", help="Why this version; it stands beside the pin. Without it the old reason stays."
)
@output_option
@click.pass_context
def bump(
    ctx: click.Context,
    name: str,
    version: str,
    upstream: Upstream,
    dry_run: bool,
    force: bool,
    reason: str | None,
    output: str,
) -> None:
    """Move the pin of chart NAME to VERSION in pins.yaml, and show what that changes.

    Compared are the values that any profile sets with the defaults of both versions: keys that are gone or renamed,
    defaults that changed; also nested charts, CRDs and images. If a profile sets a key that is gone, nothing is
    written and the exit code is 1.
    """
    from datetime import UTC, datetime

    from generator.files.atomic import write_file
    from generator.files.location import sources_root
    from generator.upgrades import edited_pins, pins_file
    from generator.upgrades.bump import as_data, as_text
    from generator.upgrades.fetching import compare_versions
    from generator.upgrades.pinsfile import read_pins_text

    root = sources_root()
    path = pins_file(root)
    sources = load_sources()
    planned, digest = compare_versions(name, version, sources.pins, load_builds(sources), upstream)
    show_result(as_data(planned), as_text(planned), output)
    if planned.breaks and not force:
        click.echo(
            "pins.yaml is as it was: the profiles set keys that are gone (--force moves the pin anyway)", err=True
        )
        ctx.exit(Exit.CHECK_FAILED)
    if dry_run:
        return
    today = datetime.now(UTC).date().isoformat()
    write_file(path, edited_pins(read_pins_text(path), planned, digest=digest, today=today, reason=reason))
    note = f"its reason still reads: {sources.pins.pin(name).reason}\n" if reason is None else ""
    click.echo(f"{path}: moved\n{note}next: make, make test", err=True)

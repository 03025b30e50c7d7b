"""`gen-chart verify` and `gen-chart metrics add`: queries against the catalogue, and the catalogue itself."""

from __future__ import annotations

from pathlib import Path

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
from generator.errors import Exit


@cli.command(short_help="Does something emit all that is queried?")
@click.option(
    "--profile",
    "names",
    multiple=True,
    metavar="NAME|FILE",
    shell_complete=complete_profile,
    help="Check what this profile switches on. Repeatable; all built-in profiles if left out.",
)
@tfvars_option
@with_overlays
@click.option(
    "--dashboard",
    "foreign",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Check this Grafana dashboard instead of the chart's own.",
)
@output_option
@click.pass_context
def verify(
    ctx: click.Context,
    names: tuple[str, ...],
    tfvars: Path | None,
    files: tuple[Path, ...],
    sets: tuple[str, ...],
    foreign: Path | None,
    output: str,
) -> None:
    """Check that something emits every metric that dashboards and rules query, and that each query makes sense.

    Generation does the same and refuses to write a chart with an error.
    """
    from generator.build.extras import with_extras
    from generator.build.verification import verify_foreign, verify_profile
    from generator.verify import as_data, as_text, failed

    sources = load_sources()
    chosen = names or ((None,) if tfvars else sorted(sources.profiles))
    loaded = [load(name, sources, files, sets, tfvars) for name in chosen]
    if foreign is not None:
        results = {str(foreign): verify_foreign(foreign, loaded[0], sources)}
    else:
        results = {profile.name: verify_profile(profile, with_extras(profile, sources)) for profile in loaded}
    data = {name: as_data(findings) for name, findings in results.items()}
    text = "".join(f"{name}:{chr(10) if findings else ' '}{as_text(findings)}" for name, findings in results.items())
    show_result(data, text, output)
    if any(failed(findings) for findings in results.values()):
        ctx.exit(Exit.CHECK_FAILED)


@cli.group(short_help="Keep the catalogue of metrics up to date.")
def metrics() -> None:
    """Keep the catalogue of what exporters emit."""


@metrics.command("add")
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--exporter", required=True, metavar="NAME", help="The file of metrics/ to bring up to date, as vllm.")
@click.option("--version", default="", help="The version that was scraped.")
@click.option("--check", is_flag=True, help="Write nothing; print the diff and exit 1 if there is one.")
@click.pass_context
def metrics_add(ctx: click.Context, capture: Path, exporter: str, version: str, check: bool) -> None:
    """Lay a scrape over the catalogue and print what changes.

    CAPTURE is what the exporter answers on /metrics, gzipped or not. New families are added, vanished ones marked.
    """
    from generator.build.assemble import chart_values, load_profile
    from generator.build.sources import sources_root
    from generator.catalogue.capture import add_capture
    from generator.catalogue.known import Drops
    from generator.files import yamlfile

    root = sources_root()
    sources = load_sources()
    monitors = chart_values(load_profile("standalone", sources), sources)["monitors"]
    update = add_capture(
        root,
        capture,
        exporter,
        yamlfile.load(root / "values-schemas" / "metrics.schema.yaml"),
        drops=Drops(tuple(monitors["dropMetrics"]), tuple(monitors["dropLabels"])),
        version=version,
        write=not check,
    )
    click.echo(update.diff(), nl=False)
    if check and update.diff():
        ctx.exit(Exit.CHECK_FAILED)

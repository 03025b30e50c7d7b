"""`gen-chart verify` and `gen-chart metrics add`: queries against the catalogue, and the catalogue itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from generator.choices.request import Request
from generator.cli.generate import cli
from generator.cli.options import (
    complete_profile,
    load_build,
    load_sources,
    output_option,
    request_options,
    show_result,
)
from generator.errors import Exit, printable


@cli.command(short_help="Does something emit all that is queried?")
@request_options(
    click.option(
        "--profile",
        multiple=True,
        metavar="NAME|FILE",
        shell_complete=complete_profile,
        help="Check what this profile switches on. Repeatable; all built-in profiles if left out.",
    )
)
@click.option(
    "--dashboard",
    "foreign",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Check this Grafana dashboard instead of the chart's own.",
)
@output_option
@click.pass_context
def verify(ctx: click.Context, request: Request, foreign: Path | None, output: str) -> None:
    """Check that something emits every metric that dashboards and rules query, and that each query makes sense.

    Generation does the same and refuses to write a chart with an error.
    """
    import shutil

    from generator.build.findings import dashboard_findings, findings, with_positions
    from generator.verify.render import as_data, as_text, failed

    sources = load_sources()
    names = request.profile or (("",) if request.tfvars else sorted(sources.profiles))
    builds = [load_build(replace(request, profile=name), sources) for name in names]
    board = None
    if foreign is not None:
        board = dashboard_findings(foreign, builds[0])
        results = {str(foreign): board.findings}
    else:
        results = {build.profile.name: findings(build) for build in builds}
    results = {name: with_positions(result) for name, result in results.items()}
    data = {name: as_data(result) for name, result in results.items()}
    width = shutil.get_terminal_size((100, 24)).columns
    text = "".join(
        f"{printable(name)}:{chr(10) if result else ' '}"
        f"{'' if board and not board.checked and not result else as_text(result, width)}"
        for name, result in results.items()
    )
    if board:
        text += f"{printable(board.coverage)}\n"
        if output == "json":
            click.echo(printable(board.coverage), err=True)
    show_result(data, text, output)
    blind = board is not None and board.left_out > 0 and not board.checked
    if blind or any(failed(result) for result in results.values()):
        ctx.exit(Exit.CHECK_FAILED)


@cli.group(short_help="Keep the catalogue of metrics up to date.")
def metrics() -> None:
    """Keep the catalogue of what exporters emit."""


@metrics.command("add")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PATH...")
@click.option("--exporter", required=True, metavar="NAME", help="The file of metrics/ to bring up to date, as vllm.")
@click.option("--version", default="", help="The version that they are of; the file's own if left out.")
@click.option(
    "--previous",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Python source of the version that the file has: tells what is new and what is gone. Repeatable.",
)
@click.option("--check", is_flag=True, help="Write nothing; print the diff and exit 1 if there is one.")
@click.pass_context
def metrics_add(
    ctx: click.Context, paths: tuple[Path, ...], exporter: str, version: str, previous: tuple[Path, ...], check: bool
) -> None:
    """Lay scrapes, source and documentation over the catalogue and print what changes.

    A PATH is what the exporter answers on /metrics, gzipped or not; its Python source: a folder, a wheel or an
    archive; or its documentation: Markdown with tables or lists of metrics, or Kubernetes' list in YAML. New families
    are added. What is not shown stays: only the source of both versions tells what is gone.
    """
    from generator.catalogue.capture import add_evidence
    from generator.catalogue.evidence import read_evidence
    from generator.catalogue.known import DropRules
    from generator.files import yamlfile
    from generator.files.location import sources_root

    root = sources_root()
    evidence = read_evidence(paths, previous)
    monitors = load_build(Request("standalone"), load_sources()).values["monitors"]
    update = add_evidence(
        root,
        evidence,
        exporter,
        yamlfile.load(root / "values-schemas" / "metrics.schema.yaml"),
        drops=DropRules(tuple(monitors["dropMetrics"]), tuple(monitors["dropLabels"])),
        version=version,
        write=not check,
    )
    click.echo(update.diff(), nl=False)
    for note in update.notes():
        click.echo(printable(f"note: {note}"), err=True)
    if check and update.diff():
        ctx.exit(Exit.CHECK_FAILED)

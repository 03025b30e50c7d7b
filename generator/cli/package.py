"""`gen-chart package`: one archive that installs with no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.generate import cli
from generator.cli.options import (
    load_build,
    output_option,
    request_options,
    require_profile,
    show_result,
    show_warnings,
    upstream_options,
)

if TYPE_CHECKING:
    from generator.choices.request import Request
    from generator.upstream import Upstream


@cli.command(short_help="Write the chart and its upstream charts as one archive.")
@request_options()
@click.option(
    "-d",
    "--destination",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the current folder",
    metavar="DIR",
    help="Where the files are written.",
)
@upstream_options
@click.option("--chart-version", metavar="VERSION", help="The chart's version, where it shall not be gen-chart's own.")
@click.option("--sign", "key", metavar="KEY", help="Sign it with this GnuPG key, so that `helm verify` can prove it.")
@click.option("--push", metavar="oci://HOST/PREFIX", help="Publish it in this registry with `helm push`.")
@click.option("--plain-http", is_flag=True, help="Speak http with that registry. For one on this machine.")
@output_option
def package(
    request: Request,
    destination: Path,
    upstream: Upstream,
    chart_version: str | None,
    key: str | None,
    push: str | None,
    plain_http: bool,
    output: str,
) -> None:
    """Generate the profile's chart, fetch its upstream charts, check all, and write one .tgz that needs no network.

    The same profile and the same upstream archives give the same bytes on every machine. Beside the archive are written
    its .sha256, a bill of materials (CycloneDX) and, with --sign, Helm's provenance file. Log in to a registry with
    `helm registry login` before --push.
    """
    require_profile(request)
    if push is not None and not push.startswith("oci://"):
        raise click.UsageError(f"found '{push}', expected oci://HOST/PREFIX")
    from generator.build.findings import findings, refuse_errors, warnings_of
    from generator.package import make_package
    from generator.upstream import helm

    build = load_build(request)
    found = findings(build)
    refuse_errors(found)
    show_warnings((*warnings_of(found), *build.notices))
    packaged = make_package(build, destination, upstream, version=chart_version, key=key)
    data = {
        "archive": str(packaged.archive),
        "sha256": packaged.sha256,
        "size": packaged.archive.stat().st_size,
        "charts": packaged.charts,
        "images": packaged.images,
        "files": [str(file) for file in packaged.files],
    }
    text = "".join(f"{file}\n" for file in packaged.files)
    show_result(
        data, f"{text}sha256 {packaged.sha256}, {packaged.charts} upstream charts, {packaged.images} images\n", output
    )
    if push is not None:
        helm.run("push", packaged.archive, push, *(["--plain-http"] if plain_http else []))
        click.echo(f"pushed to {push}", err=True)

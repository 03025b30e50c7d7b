"""`gen-chart argocd`: the chart as ArgoCD Applications."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.generate import cli
from generator.cli.options import (
    DEFAULT_FOLDER,
    complete_profile,
    folder_options,
    load_build,
    load_sources,
    request_options,
    require_profile,
    show_difference,
    show_warnings,
)

if TYPE_CHECKING:
    from generator.choices.request import Request

_EXAMPLES = """\b
Examples:
  gen-chart argocd --profile jark --repo https://git.example.com/platform.git --revision v1.0.0
  gen-chart argocd --profile jark --repo oci://registry.example.com/charts --chart ai-ml-observability \\
    --revision 1.0.0 --apps-repo https://git.example.com/platform.git --apps-revision main
  gen-chart argocd --profile jark --clusters clusters.yaml --repo … --revision …
  gen-chart argocd --profile jark --plain --repo … --revision …
"""


@cli.command(short_help="Write ArgoCD Applications for the chart.", epilog=_EXAMPLES)
@request_options(
    click.option(
        "--profile",
        metavar="NAME|FILE",
        shell_complete=complete_profile,
        help="The profile that the chart was made from; see `gen-chart profiles`.",
    )
)
@click.option("--repo", required=True, metavar="URL", help="Where the chart is: a Git, Helm or oci:// repository.")
@click.option("--revision", required=True, metavar="REV", help="Its tag, commit or branch; with --chart, its version.")
@click.option(
    "--path", default=str(DEFAULT_FOLDER), show_default=True, metavar="DIR", help="The chart's folder in Git."
)
@click.option(
    "--chart", metavar="NAME", help="The packaged chart's name in a Helm or OCI repository, instead of --path."
)
@click.option(
    "--apps-repo", metavar="URL", help="The Git repository that the Applications are committed to.  [default: --repo]"
)
@click.option("--apps-revision", metavar="REV", help="Its tag, commit or branch.  [default: --revision]")
@click.option("--apps-path", metavar="DIR", help="The path of the folder of Applications in it.  [default: -o]")
@click.option("--namespace", default="monitoring", show_default=True, help="Where the chart's objects go.")
@click.option("--argocd-namespace", default="argocd", show_default=True, help="Where ArgoCD takes Applications from.")
@click.option(
    "--project", metavar="NAME", help="The AppProject to write.  [default: ai-ml-observability; --plain: default]"
)
@click.option(
    "--parent-project",
    default="default",
    show_default=True,
    metavar="NAME",
    help="A project that may create Applications.",
)
@click.option(
    "--release-name", metavar="NAME", help="The Helm release.  [default: observability; --plain: kube-prometheus-stack]"
)
@click.option(
    "--clusters",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write an ApplicationSet for the clusters that this file lists.",
)
@click.option("--plain", is_flag=True, help="Write one Application, in place of the one that AI on EKS applies.")
@folder_options("argocd", "The folder of Applications.")
@click.pass_context
def argocd(
    ctx: click.Context, /, request: Request, clusters: Path | None, plain: bool, target: Path, check: bool, **names: Any
) -> None:
    """Write ArgoCD Applications: for CRDs, for Secrets, for what runs, and for monitors, rules and dashboards.

    A chart in Git is the one that `gen-chart` writes with the same --profile, --tfvars, -f and --set. A packaged chart
    is made with the same --profile and --tfvars; there, -f and --set travel in the Applications.
    """
    require_profile(request)
    if request.tfvars is not None and clusters is not None:
        raise click.UsageError("--tfvars and --clusters exclude each other: a blueprint is one cluster's")
    if plain and clusters is not None:
        raise click.UsageError("--plain and --clusters exclude each other")
    from generator import argocd as applications
    from generator.build.sources import read_overlay
    from generator.choices.profiles import parse_set
    from generator.files.writer import plan, write

    settings = applications.settings(applications.Options(**names), target=target.as_posix(), plain=plain)
    listed = None if clusters is None else applications.read_clusters(clusters)
    sources = load_sources()
    build = load_build(request, sources)
    base = build if settings.chart.path else load_build(replace(request, overlays=(), sets=()), sources, warn=False)
    typed = [(option, ctx.params[name]) for option, name in _SHOWN if _typed(ctx, name)]
    options = [(option, "" if value is True else str(value)) for option, value in typed]  # a flag has no value
    made_by = applications.command(build.profile, options)
    if listed is not None:
        changes = [*map(read_overlay, request.overlays), *map(parse_set, request.sets)]
        files = applications.for_many(base, listed, changes, sources, settings, made_by)
    else:
        files = (applications.plain if plain else applications.for_one)(base, build, settings, made_by)
    planned = plan(target, files, applications.SIGNATURE)
    if check:
        show_difference(ctx, target, planned)
        return
    write(planned)
    show_warnings(() if planned.clean or listed is not None else build.notices)
    click.echo(f"{target}: {len(files)} files")


_SHOWN = (
    ("--repo", "repo"),
    ("--revision", "revision"),
    ("--path", "path"),
    ("--chart", "chart"),
    ("--apps-repo", "apps_repo"),
    ("--apps-revision", "apps_revision"),
    ("--apps-path", "apps_path"),
    ("--namespace", "namespace"),
    ("--argocd-namespace", "argocd_namespace"),
    ("--project", "project"),
    ("--parent-project", "parent_project"),
    ("--release-name", "release_name"),
    ("--clusters", "clusters"),
    ("--plain", "plain"),
)
"""Options that the header of the files repeats, where they were given."""


def _typed(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE

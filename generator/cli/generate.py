"""`gen-chart --profile NAME`: the group that all commands belong to; without one it generates a chart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from generator import __version__
from generator.choices.request import Request
from generator.cli.options import (
    DEFAULT_FOLDER,
    folder_options,
    load_build,
    request_options,
    require_profile,
    show_difference,
    show_warnings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from generator.errors import Problem
    from generator.files.writer import Plan

EXAMPLES = """\b
Examples:
  gen-chart --profile jark                     write charts/ai-ml-observability
  gen-chart --profile kind -o my-chart         write it elsewhere
  gen-chart --profile jark -f mine.yaml --set components.opensearch.nodes=5
  gen-chart --tfvars blueprint.tfvars          watch what a JARK blueprint enables
  gen-chart --profile jark --check             is the chart on disk up to date?
  gen-chart vendor                             fetch the upstream charts that it needs
  gen-chart show jark                          every choice that the profile makes
  gen-chart verify                             does something emit all that panels and alerts query?
  gen-chart verify --dashboard old.json        the same for a dashboard from elsewhere
  gen-chart doctor --prometheus http://localhost:9090    why are panels of this cluster empty?
"""


@click.group(
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@request_options()
@folder_options(DEFAULT_FOLDER, "The chart's folder.")
@click.option("--dry-run", is_flag=True, help="Write nothing; list the files that would change.")
@click.version_option(__version__, prog_name="gen-chart")
@click.pass_context
def cli(
    ctx: click.Context,
    request: Request,
    target: Path,
    check: bool,
    dry_run: bool,
) -> None:
    """Generate one umbrella Helm chart for the observability of AI/ML workloads on Kubernetes.

    It brings Prometheus, Alertmanager, Grafana, OpenSearch, Fluent Bit, kube-state-metrics and metrics-server,
    with monitors and dashboards for Ray, vLLM, GPUs and the platform around them.
    """
    if ctx.invoked_subcommand is not None:
        if request != Request() or check or dry_run:
            raise click.UsageError("options that generate a chart do not go with a command; give them after it")
        return
    require_profile(request)
    if check and dry_run:
        raise click.UsageError("--check and --dry-run exclude each other")
    from generator.build.cached_chart import cached_chart, chart_key
    from generator.files import writer

    key = chart_key(request, target)
    cached = cached_chart(key)
    files, notices = (cached.files, cached.notices) if cached else _make_chart(request, key, target)
    planned = writer.plan(target, files)
    show_warnings(cached.warnings if cached else ())
    if check:
        show_difference(ctx, target, planned)
    elif dry_run:
        for verb in ("added", "changed", "removed"):
            for path in getattr(planned, verb):
                click.echo(f"{verb:8} {target / path}")
    else:
        writer.write(planned)
        show_warnings(() if planned.clean else notices)
        _report(planned, target)


def _make_chart(request: Request, key: str, target: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """Makes the chart of a request, checks its queries, and keeps it for the next run.

    Returns:
        The chart, and what has to be said when it is written.

    Args:
        request: what was typed.
        key: its chart_key.
        target: the chart's folder.

    Raises:
        InputError: see make_build and chart; also each error that the check finds. Its warnings are printed.
    """
    from generator.build.beside import findings_beside
    from generator.build.cached_chart import cache_chart
    from generator.build.chart import chart

    build = load_build(request, folder=target)
    answer = findings_beside(build)
    files = chart(build)
    if findings := answer():
        from generator.build.findings import refuse_errors, warnings_of

        refuse_errors(findings)
        warnings = warnings_of(findings)
        show_warnings(warnings)
        build = replace(build, warnings=(*build.warnings, *warnings))
    cache_chart(request, target, key, build, files)
    return files, build.notices


def _report(planned: Plan, target: Path) -> None:
    if planned.clean:
        click.echo(f"{target}: up to date ({len(planned.files)} files)")
        return
    counts = [f"{len(paths)} {verb}" for verb in ("added", "changed", "removed") if (paths := getattr(planned, verb))]
    click.echo(f"{target}: {', '.join(counts)}")
    if not planned.before:
        click.echo(
            f"next: gen-chart vendor {target}\n"
            f"      helm upgrade --install observability {target} --namespace monitoring --create-namespace\n"
            "      if it says 'Job Failed': kubectl -n monitoring logs job/ai-ml-observability-bootstrap-secrets",
            err=True,
        )

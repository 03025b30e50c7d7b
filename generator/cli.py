"""The command line: reads arguments, calls the rest, prints. No logic lives here.

Only click and the error type are imported at the top, so that ``--help`` and completion answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator import __version__
from generator.errors import Exit, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from generator.profiles import Layer, Profile
    from generator.sources import Sources

_DEFAULT_OUTPUT = Path("charts/ai-ml-observability")

_EXAMPLES = """\b
Examples:
  gen-chart --profile jark                     write charts/ai-ml-observability
  gen-chart --profile kind -o /tmp/chart       write it elsewhere
  gen-chart --profile jark -f mine.yaml --set components.opensearch.nodes=5
  gen-chart --profile jark --check             is the chart on disk up to date?
  gen-chart vendor                             fetch the upstream charts that it needs
  gen-chart show jark                          every choice that the profile makes
  gen-chart verify                             does something emit all that panels and alerts query?
  gen-chart verify --dashboard old.json        the same for a dashboard from elsewhere
"""


def _complete_profile(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from generator.sources import sources_root

    names = (path.stem for path in (sources_root() / "profiles").glob("*.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


_overlays = [
    click.option(
        "-f",
        "--values",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Lay this YAML file over the profile. Repeatable; later ones win.",
    ),
    click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="PATH=VALUE",
        help="Lay one value over the profile and the files, as in a.b=1. Repeatable.",
    ),
]
_output = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)


def _with_overlays(command: Any) -> Any:
    """Gives a command the options that lay changes over a profile."""
    for option in reversed(_overlays):
        command = option(command)
    return command


@click.group(
    invoke_without_command=True,
    epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--profile",
    metavar="NAME|FILE",
    shell_complete=_complete_profile,
    help="The kind of cluster; see `gen-chart profiles`. Or a profile file of your own (.yaml).",
)
@_with_overlays
@click.option(
    "-o",
    "--output-dir",
    "target",
    type=click.Path(path_type=Path),
    default=_DEFAULT_OUTPUT,
    show_default=True,
    metavar="DIR",
    help="The chart's folder.",
)
@click.option("--check", is_flag=True, help="Write nothing; print a diff and exit 1 if the folder differs.")
@click.option("--dry-run", is_flag=True, help="Write nothing; list the files that would change.")
@click.version_option(__version__, prog_name="gen-chart")
@click.pass_context
def cli(
    ctx: click.Context,
    profile: str | None,
    files: tuple[Path, ...],
    sets: tuple[str, ...],
    target: Path,
    check: bool,
    dry_run: bool,
) -> None:
    """Generate one umbrella Helm chart for the observability of AI/ML workloads on Kubernetes.

    It brings Prometheus, Alertmanager, Grafana, OpenSearch, Fluent Bit, kube-state-metrics and metrics-server,
    with monitors and dashboards for Ray, vLLM, GPUs and the platform around them.
    """
    if ctx.invoked_subcommand is not None:
        if profile is not None or files or sets or check or dry_run:
            raise click.UsageError("options that generate a chart do not go with a command; give them after it")
        return
    if profile is None:
        raise click.UsageError("say for which kind of cluster: --profile NAME (`gen-chart profiles` lists them)")
    if check and dry_run:
        raise click.UsageError("--check and --dry-run exclude each other")
    from generator import writer
    from generator.assemble import assemble
    from generator.extras import with_extras
    from generator.verification import refuse_errors, verify_profile

    sources = _read_sources()
    loaded = _load(profile, sources, files, sets)
    sources = with_extras(loaded, sources)
    refuse_errors(verify_profile(loaded, sources))
    planned = writer.plan(target, assemble(loaded, sources))
    if check:
        click.echo(writer.unified_diff(planned), nl=False)
        if not planned.clean:
            click.echo(f"{target} is not what gen-chart would write", err=True)
            ctx.exit(Exit.CHECK_FAILED)
    elif dry_run:
        for verb in ("added", "changed", "removed"):
            for path in getattr(planned, verb):
                click.echo(f"{verb:8} {target / path}")
    else:
        writer.write(planned)
        _report(planned, target)


def _report(planned: Any, target: Path) -> None:
    if planned.clean:
        click.echo(f"{target}: up to date ({len(planned.files)} files)")
        return
    counts = [f"{len(paths)} {verb}" for verb in ("added", "changed", "removed") if (paths := getattr(planned, verb))]
    click.echo(f"{target}: {', '.join(counts)}")
    if not planned.before:
        click.echo(
            f"next: gen-chart vendor {target}\n"
            f"      helm install observability {target} --namespace monitoring --create-namespace",
            err=True,
        )


def _read_sources() -> Sources:
    from generator.sources import read_sources, sources_root

    return read_sources(sources_root())


def _load(profile: str, sources: Sources, files: Sequence[Path], sets: Sequence[str]) -> Profile:
    """Resolves ``--profile``, which names a built-in profile or, with a slash or .yaml, a file."""
    from generator.assemble import load_profile
    from generator.profiles import parse_set
    from generator.sources import read_overlay

    overlays: list[Layer] = [*map(read_overlay, files), *map(parse_set, sets)]
    if "/" in profile or profile.endswith((".yaml", ".yml")):
        path = Path(profile)
        return load_profile(path.name, sources, overlays, own=read_overlay(path))
    return load_profile(profile, sources, overlays)


@cli.command()
@_output
def profiles(output: str) -> None:
    """List the profiles: what kind of cluster each is for, and what it extends."""
    from generator.listing import profile_rows, table
    from generator.sources import read_profiles, sources_root

    rows = profile_rows(read_profiles(sources_root()))
    _print(rows, table(rows), output)


@cli.command()
@_output
def components(output: str) -> None:
    """List the upstream charts: version, what each brings, and in which profiles it is on."""
    from generator.listing import component_rows, table

    sources = _read_sources()
    rows = component_rows([_load(name, sources, (), ()) for name in sorted(sources.profiles)], sources.pins)
    _print(rows, table(rows), output)


@cli.command()
@click.argument("profile", shell_complete=_complete_profile)
@_with_overlays
@click.option("--helm", is_flag=True, help="Show the Helm values that follow from the choices instead.")
@_output
def show(profile: str, files: tuple[Path, ...], sets: tuple[str, ...], helm: bool, output: str) -> None:
    """Show every choice that PROFILE makes, what it extends merged in.

    Each key printed is one that an overlay (-f) or --set may change.
    """
    from generator import yamlfile
    from generator.assemble import chart_values

    sources = _read_sources()
    loaded = _load(profile, sources, files, sets)
    data = chart_values(loaded, sources) if helm else loaded.choices
    title = f"# {' → '.join(loaded.lineage)}: {loaded.description}\n"
    _print(data, title + yamlfile.dump(data), output)


@cli.command()
@click.option(
    "--profile",
    "names",
    multiple=True,
    metavar="NAME|FILE",
    shell_complete=_complete_profile,
    help="Check what this profile switches on. Repeatable; all built-in profiles if left out.",
)
@_with_overlays
@click.option(
    "--dashboard",
    "foreign",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Check this Grafana dashboard instead of the chart's own.",
)
@_output
@click.pass_context
def verify(
    ctx: click.Context,
    names: tuple[str, ...],
    files: tuple[Path, ...],
    sets: tuple[str, ...],
    foreign: Path | None,
    output: str,
) -> None:
    """Check that something emits every metric that dashboards and rules query, and that each query makes sense.

    Generation does the same and refuses to write a chart with an error.
    """
    from generator.extras import with_extras
    from generator.verification import verify_foreign, verify_profile
    from generator.verify import as_data, as_text, failed

    sources = _read_sources()
    loaded = [_load(name, sources, files, sets) for name in names or sorted(sources.profiles)]
    if foreign is not None:
        results = {str(foreign): verify_foreign(foreign, loaded[0], sources)}
    else:
        results = {profile.name: verify_profile(profile, with_extras(profile, sources)) for profile in loaded}
    data = {name: as_data(findings) for name, findings in results.items()}
    text = "".join(f"{name}:{chr(10) if findings else ' '}{as_text(findings)}" for name, findings in results.items())
    _print(data, text, output)
    if any(failed(findings) for findings in results.values()):
        ctx.exit(Exit.CHECK_FAILED)


@cli.group()
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
    from generator import yamlfile
    from generator.assemble import chart_values, load_profile
    from generator.catalogue.capture import add_capture
    from generator.catalogue.known import Drops
    from generator.sources import sources_root

    root = sources_root()
    sources = _read_sources()
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


@cli.command()
@click.argument("chart_dir", type=click.Path(path_type=Path), default=_DEFAULT_OUTPUT)
@click.option(
    "--chart-mirror",
    envvar="GEN_CHART_MIRROR",
    show_envvar=True,
    metavar="DIR_OR_URL",
    help="Where the charts come from: a directory with NAME-VERSION.tgz or NAME/, a Helm repository, or oci://HOST/PREFIX.",
)
@_output
def vendor(chart_dir: Path, chart_mirror: str | None, output: str) -> None:
    """Fetch the upstream charts that CHART_DIR's Chart.lock names into CHART_DIR/charts.

    Each archive is verified; all arrive, or charts/ stays as it was. What is in place is not fetched again.
    """
    from dataclasses import asdict

    from platformdirs import user_cache_path

    from generator.listing import table
    from generator.sources import read_pins, sources_root
    from generator.vendor import vendor_chart

    found = vendor_chart(
        chart_dir,
        read_pins(sources_root()),
        mirror=chart_mirror,
        cache_dir=user_cache_path("gen-chart") / "charts",
        report=_download_bar,
    )
    rows = [
        {
            "chart": one.name,
            "version": one.version,
            "from": one.origin,
            "sha256": one.sha256[:12],
            "digest": "as published" if one.pinned else "not pinned",
        }
        for one in found
    ]
    _print([asdict(one) for one in found], table(rows), output)


@contextmanager
def _download_bar(label: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """Shows one download on stderr: a bar on a terminal, a line elsewhere or where the length is unknown."""
    if total is None or not sys.stderr.isatty():
        click.echo(f"fetching {label}", err=True)
        yield lambda _count: None
        return
    with click.progressbar(length=total, label=f"{label:28}", file=sys.stderr) as bar:
        yield bar.update


def _print(data: Any, text: str, output: str) -> None:
    if output == "json":
        import json

        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo(text, nl=False)


def main() -> None:
    """Runs the command line; every error that a person can cause ends in a message and an exit code."""
    # The process lives for a second: what it would collect is not worth a tenth of that.
    gc.disable()
    try:
        code = cli.main(prog_name="gen-chart", standalone_mode=False)
    except InputError as error:
        for problem in error.problems:
            click.secho("error: ", fg="red", bold=True, nl=False, err=True)
            click.echo(str(problem), err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing is half-written", err=True)
        code = 130
    except Exception as error:
        # The last wall: even a bug must not print a traceback at a user.
        if os.environ.get("GEN_CHART_DEBUG"):
            raise
        click.echo(f"internal error: {type(error).__name__}: {error} (GEN_CHART_DEBUG=1 shows where)", err=True)
        code = 70
    sys.exit(code)

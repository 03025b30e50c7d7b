"""What the commands share: options, completion, the way from arguments to a Build, printing."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.choices.request import Request
from generator.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.errors import Problem
    from generator.files.writer import Plan

DEFAULT_FOLDER = Path("charts/ai-ml-observability")


def complete_profile(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Returns the built-in profiles whose names begin with what was typed; the shell asks for it."""
    from generator.files.location import sources_root

    names = (path.stem for path in (sources_root() / "profiles").glob("*.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


_TFVARS = click.option(
    "--tfvars",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Variables of a blueprint of AI on EKS (JARK) or of a stack of Data on EKS: what it enables is watched, and "
    "nothing else. Below -f and --set.",
)
_OVERLAYS = click.option(
    "-f",
    "--values",
    "overlays",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Lay this YAML file over the profile. Repeatable; later ones win.",
)
_SETS = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Lay one value over the profile and the files, as in a.b=1. Repeatable.",
)

_NO_CACHE = click.option(
    "--no-cache",
    is_flag=True,
    help="Neither read nor write the cache; GEN_CHART_CACHE=DIR puts it into DIR/gen-chart-runs.",
)

PROFILE = click.option(
    "--profile",
    metavar="NAME|FILE",
    shell_complete=complete_profile,
    help="The kind of cluster; see `gen-chart profiles`. Or a profile file of your own (.yaml).",
)
_MIRROR = click.option(
    "--chart-mirror",
    envvar="GEN_CHART_MIRROR",
    show_envvar=True,
    metavar="DIR_OR_URL",
    help="Where the charts come from: a directory with NAME-VERSION.tgz or NAME/, a Helm repository, or oci://HOST/PREFIX.",
)
output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)

report_option = click.option(
    "--output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print it.",
)

_REGISTRY_FORM = "HOST[/PATH]"

NO_PROFILE = "say for which kind of cluster: --profile NAME (`gen-chart profiles` lists them)"


def request_options(profile: Any = PROFILE) -> Callable[[Any], Any]:
    """Adds to a command the options that say what a chart is made from; it receives them as one ``request``.

    Args:
        profile: the option or argument, named ``profile``, that chooses the profile.
    """

    def decorate(command: Any) -> Any:
        @wraps(command)
        def with_request(
            *args: Any,
            profile: str | None,
            tfvars: Path | None,
            overlays: tuple[Path, ...],
            sets: tuple[str, ...],
            no_cache: bool,
            **more: Any,
        ) -> Any:
            from generator.files import cache

            with cache.opened(off=no_cache):
                return command(*args, request=Request(profile or "", overlays, sets, tfvars), **more)

        for option in (_NO_CACHE, _SETS, _OVERLAYS, _TFVARS, profile):
            with_request = option(with_request)
        return with_request

    return decorate


def upstream_options(command: Any) -> Any:
    """Adds to a command the option that says where upstream charts come from; it receives it as one ``upstream``."""

    @wraps(command)
    def with_upstream(*args: Any, chart_mirror: str | None, **more: Any) -> Any:
        from generator.cli.progress import download_bar
        from generator.upstream import Upstream

        return command(*args, upstream=Upstream(chart_mirror, progress=download_bar), **more)

    return _MIRROR(with_upstream)


def registry_option(help_text: str) -> Callable[[Any], Any]:
    """Returns the option ``--registry``; what cannot be a registry is refused before the command does anything."""
    return click.option("--registry", metavar=_REGISTRY_FORM, callback=_require_registry, help=help_text)


def _require_registry(ctx: click.Context, _param: click.Parameter, registry: str | None) -> str | None:
    """Returns the registry as it was typed.

    Raises:
        InputError: it does not have the form that the profile's ``images.registry`` must have.
    """
    if registry is None or ctx.resilient_parsing:
        return registry
    import re

    from generator.build.sources import read_schema
    from generator.errors import bad_input
    from generator.files.location import sources_root

    schema = read_schema(sources_root(), "profile")["properties"]["images"]["properties"]["registry"]
    if re.fullmatch(schema["pattern"], registry) is None:
        raise bad_input(f"found '{registry}', expected {_REGISTRY_FORM} without a scheme", file="--registry")
    return registry


def folder_options(default: Path | str, help_text: str) -> Callable[[Any], Any]:
    """Adds to a command that writes a folder the options for it; it receives ``target`` and ``check``."""

    def decorate(command: Any) -> Any:
        target = click.option(
            "-o",
            "--output-dir",
            "target",
            type=click.Path(path_type=Path),
            default=default,
            show_default=True,
            metavar="DIR",
            help=help_text,
        )
        check = click.option(
            "--check", is_flag=True, help="Write nothing; print a diff and exit 1 if the folder differs."
        )
        return target(check(command))

    return decorate


def require_profile(request: Request) -> None:
    """Refuses a request that names neither a profile nor a blueprint.

    Raises:
        UsageError: it names neither.
    """
    if not request.profile and request.tfvars is None:
        raise click.UsageError(NO_PROFILE)


def load_sources() -> Sources:
    """Reads the sources that this package came with; see sources.read_sources."""
    from generator.build.sources import read_sources
    from generator.files.location import sources_root

    return read_sources(sources_root())


def load_build(
    request: Request, sources: Sources | None = None, *, warn: bool = True, folder: Path = DEFAULT_FOLDER
) -> Build:
    """Makes the Build of a request and prints its warnings on stderr.

    Args:
        request: what was typed.
        sources: the sources, if they have been read already.
        warn: whether warnings are printed.
        folder: of the chart; what lies in its ``charts/`` shows which keys upstream charts have.

    Raises:
        InputError: see make_build; also an archive in that folder is no chart.
    """
    from generator.build.build import make_build

    build = make_build(request, sources or load_sources())
    if any(name in build.pins.charts for name in build.profile.choices["values"]):
        from generator.files.downloads import archives_at_hand
        from generator.upgrades.unknown import unknown_values

        unknown = unknown_values(build, archives_at_hand(folder))
        build = replace(build, warnings=(*build.warnings, *unknown))
    if build.warnings:
        build = replace(build, warnings=tuple(with_lines(build.warnings)))
    show_warnings(build.warnings if warn else ())
    return build


MOST_SHOWN = 100
"""Errors, or warnings, that are printed: nobody reads more of them, and each has its line looked for."""


def with_lines(problems: Iterable[Problem]) -> Iterable[Problem]:
    """Returns problems with their lines; only a run that has some to show reads a file with positions."""
    from generator.files import positions
    from generator.files.location import sources_root

    return positions.with_lines(problems, positions.document_reader(Path(), sources_root()))


def show_warnings(warnings: Iterable[Problem]) -> None:
    """Prints warnings about a request on stderr."""
    every = tuple(warnings)
    for warning in every[:MOST_SHOWN]:
        click.secho("warning: ", fg="yellow", bold=True, nl=False, err=True)
        click.echo(str(warning), err=True)
    show_rest(every)


def show_rest(problems: Sequence[Problem]) -> None:
    """Says how many problems are not shown."""
    if len(problems) > MOST_SHOWN:
        click.echo(f"and {len(problems) - MOST_SHOWN:,} more", err=True)


def load_builds(sources: Sources) -> list[Build]:
    """Makes the Build of every built-in profile, in the order of their names."""
    return [load_build(Request(name), sources) for name in sorted(sources.profiles)]


def show_difference(ctx: click.Context, target: Path, planned: Plan) -> None:
    """Prints as a diff what would change in a folder, and ends the command with exit code 1 if that is anything.

    Args:
        ctx: the command's.
        target: the folder as it was typed.
        planned: what would be written.
    """
    from generator.files.writer import unified_diff

    click.echo(unified_diff(planned), nl=False)
    if not planned.clean:
        click.echo(f"{target} is not what gen-chart would write", err=True)
        ctx.exit(Exit.CHECK_FAILED)


def show_result(data: Any, text: str, output: str) -> None:
    """Prints a result on stdout, as text or as JSON."""
    if output == "json":
        import json

        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo(text, nl=False)

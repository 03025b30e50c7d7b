"""What the commands share: options, completion, loading what they work on, printing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.build.sources import Sources
    from generator.choices.profiles import Layer, Profile

DEFAULT_FOLDER = Path("charts/ai-ml-observability")


def complete_profile(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Gives the built-in profiles whose names begin with what was typed; the shell asks for it."""
    from generator.build.sources import sources_root

    names = (path.stem for path in (sources_root() / "profiles").glob("*.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


_OVERLAYS = [
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
output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)

profile_option = click.option(
    "--profile",
    metavar="NAME|FILE",
    shell_complete=complete_profile,
    help="The kind of cluster; see `gen-chart profiles`. Or a profile file of your own (.yaml).",
)
mirror_option = click.option(
    "--chart-mirror",
    envvar="GEN_CHART_MIRROR",
    show_envvar=True,
    metavar="DIR_OR_URL",
    help="Where the charts come from: a directory with NAME-VERSION.tgz or NAME/, a Helm repository, or oci://HOST/PREFIX.",
)


tfvars_option = click.option(
    "--tfvars",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A JARK blueprint's variables: what it enables is watched, what it does not is not. Below -f and --set.",
)


def with_overlays(command: Any) -> Any:
    """Gives a command the options that lay changes over a profile."""
    for option in reversed(_OVERLAYS):
        command = option(command)
    return command


def load_sources() -> Sources:
    """Reads the sources that this package came with; see sources.read_sources."""
    from generator.build.sources import read_sources, sources_root

    return read_sources(sources_root())


def load(
    profile: str | None,
    sources: Sources,
    files: Sequence[Path],
    sets: Sequence[str],
    tfvars: Path | None = None,
    *,
    warn: bool = True,
) -> Profile:
    """Resolves ``--profile``, which names a built-in profile or, with a slash or .yaml, a file.

    Args:
        profile: None takes the one that blueprints start from.
        sources: the sources.
        files: what ``-f`` names, in order.
        sets: what ``--set`` says, in order.
        tfvars: a blueprint's variables, whose choices lie below the others.
        warn: whether warnings about it go to stderr.

    Raises:
        InputError: see assemble.load_profile, tfvars.read_settings, tfvars.blueprint_layer and blueprint_notices.
    """
    from generator.build.sources import read_overlay
    from generator.choices.profiles import parse_set

    overlays: list[Layer] = [*map(read_overlay, files), *map(parse_set, sets)]
    if tfvars is None:
        return _resolve(profile or "", sources, overlays)
    from generator.build.sources import sources_root
    from generator.choices.tfvars import blueprint_layer, blueprint_notices, read_blueprint, read_settings

    blueprint = read_blueprint(sources_root())
    settings = read_settings(tfvars)
    name = profile or blueprint.profile
    layer = blueprint_layer(blueprint, settings, _resolve(name, sources, ()), sources)
    loaded = _resolve(name, sources, [layer, *overlays])
    for problem in blueprint_notices(blueprint, settings, loaded) if warn else ():
        click.secho("warning: ", fg="yellow", bold=True, nl=False, err=True)
        click.echo(str(problem), err=True)
    return loaded


def _resolve(profile: str, sources: Sources, overlays: Sequence[Layer]) -> Profile:
    from generator.build.assemble import load_profile
    from generator.build.sources import read_overlay

    if "/" in profile or profile.endswith((".yaml", ".yml")):
        path = Path(profile)
        return load_profile(path.name, sources, overlays, own=read_overlay(path))
    return load_profile(profile, sources, overlays)


def show_result(data: Any, text: str, output: str) -> None:
    """Prints a result on stdout, as text or as JSON."""
    if output == "json":
        import json

        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo(text, nl=False)

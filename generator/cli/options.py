"""What the commands share: options, completion, loading what they work on, printing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.profiles import Layer, Profile
    from generator.sources import Sources

DEFAULT_FOLDER = Path("charts/ai-ml-observability")


def complete_profile(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Gives the built-in profiles whose names begin with what was typed; the shell asks for it."""
    from generator.sources import sources_root

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


def with_overlays(command: Any) -> Any:
    """Gives a command the options that lay changes over a profile."""
    for option in reversed(_OVERLAYS):
        command = option(command)
    return command


def load_sources() -> Sources:
    """Reads the sources that this package came with; see sources.read_sources."""
    from generator.sources import read_sources, sources_root

    return read_sources(sources_root())


def load(profile: str, sources: Sources, files: Sequence[Path], sets: Sequence[str]) -> Profile:
    """Resolves ``--profile``, which names a built-in profile or, with a slash or .yaml, a file."""
    from generator.assemble import load_profile
    from generator.profiles import parse_set
    from generator.sources import read_overlay

    overlays: list[Layer] = [*map(read_overlay, files), *map(parse_set, sets)]
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

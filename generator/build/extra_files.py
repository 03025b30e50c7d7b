"""Adds a person's own files to the sources (``dashboards.extra``, ``rules.extra``)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.dashboards import reader as dashboards
from generator.errors import InputError, Problem, bad_input, nearest
from generator.files import yamlfile
from generator.rules import reader as rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile


def with_extra_files(profile: Profile, sources: Sources) -> Sources:
    """Returns the sources with the files that the profile names; they are checked like the built-in ones.

    Raises:
        InputError: a file cannot be read or is no dashboard (no rules), or has a name, uid, title, record or alert
            that is taken.
    """
    panels = _read(profile, "dashboards", sources.dashboards, dashboards.parse_dashboard, sources.schemas["dashboard"])
    parse_rules = partial(rules.parse_rules, monitors=tuple(sources.monitors))
    alerts = _read(profile, "rules", sources.rules, parse_rules, sources.schemas["rule"])
    if not panels and not alerts:
        return sources
    more = replace(sources, dashboards={**sources.dashboards, **panels}, rules={**sources.rules, **alerts})
    problems = [*dashboards.shared_problems(more.dashboards), *rules.shared_problems(more.rules)]
    if problems:
        raise InputError(*problems)
    return more


def _read(
    profile: Profile,
    block: str,
    built_in: Mapping[str, Any],
    parse: Callable[..., Any],
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    specs: dict[str, Any] = {}
    problems: list[Problem] = []
    for index, file in enumerate(profile.choices[block].get("extra", ())):
        path = Path(file)
        try:
            _refuse_missing(path, profile.origins.get(f"{block}.extra", ""), f"{block}.extra[{index}]")
            _refuse_taken(path.stem, file, block, {**built_in, **specs})
            specs[path.stem] = parse(path.stem, yamlfile.load_mapping(path), schema, file=file)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return specs


def _refuse_missing(path: Path, file: str, place: str) -> None:
    """Refuses a file that is not there.

    Args:
        path: the file.
        file: the file that names it, as shown in errors.
        place: the place in that file.

    Raises:
        InputError: nothing has that path.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        names = sorted(entry.name for entry in path.parent.glob("*.y*ml"))
        message = f"found '{path}', which does not exist"
        raise bad_input(message, file=file, path=place, hint=nearest(path.name, names)) from None
    except (OSError, ValueError):  # the reader says why it cannot be read
        return


def _refuse_taken(name: str, file: str, block: str, names: Mapping[str, Any]) -> None:
    if name in names:
        raise bad_input(
            f"found the file name '{name}', which is a name in {block} already", file=file, hint="rename the file"
        )

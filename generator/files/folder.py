"""Reads a folder of YAML files of one kind, each under its base name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from generator.errors import InputError, Problem, bad_input
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?")


def read_folder(
    directory: Path,
    parse: Callable[[str, Any, str], T],
    shared: Callable[[Mapping[str, T]], Iterable[Problem]] = lambda _parsed: (),
) -> dict[str, T]:
    """Reads every ``NAME.yaml`` of a folder, in the order of their names; other files and folders are left alone.

    Args:
        directory: the folder.
        parse: gives what a file says, from its base name, its mapping and the name shown in errors.
        shared: finds what two files must not both have.

    Raises:
        InputError: every problem of every file at once, or a folder without a file.
    """
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        hint = "install gen-chart again"
        raise bad_input("no *.yaml in it; the installation is broken", file=str(directory), hint=hint)
    parsed: dict[str, T] = {}
    problems: list[Problem] = []
    for path in paths:
        file = f"{directory.name}/{path.name}"
        try:
            parsed[path.stem] = parse(
                path.stem, yamlfile.expect_mapping(yamlfile.load_data(path, file=file), file=file), file
            )
        except InputError as error:
            problems.extend(error.problems)
    problems.extend(shared(parsed))
    if problems:
        raise InputError(*problems)
    return parsed


def name_problems(name: str, file: str, *, block: str, reserved: Collection[str]) -> Iterator[Problem]:
    """Finds what keeps a file's base name from being a key of a block of the chart's values, as ``dashboards``."""
    if not _NAME.fullmatch(name):
        yield Problem(f"found the file name '{name}', expected 1 to 30 of a-z, 0-9 and '-'", file)
    if name in reserved:
        message = f"found the file name '{name}', which is a key of '{block}' in the chart's values"
        yield Problem(message, file, hint="choose another name")

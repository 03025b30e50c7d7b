"""Adds a person's own files to the sources (``dashboards.extra``, ``rules.extra``)."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.dashboards import reader as dashboards
from generator.errors import InputError, Problem, bad_input, nearest
from generator.files import yamlfile
from generator.rules import reader as rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile


def with_extra_files(profile: Profile, sources: Sources) -> tuple[Sources, tuple[Problem, ...]]:
    """Returns the sources with the files that the profile names, checked like the built-in ones, and warnings.

    A file may have the form of those in dashboards/ and rules/, or that of Grafana or Prometheus.

    Raises:
        InputError: a file cannot be read or is no dashboard (no rules), or has a name, uid, title, record or alert
            that is taken.
    """
    panels = _Files(profile, "dashboards", sources.dashboards)
    parse_rules = partial(rules.parse_rules, schema=sources.schemas["rule"], monitors=tuple(sources.monitors))
    alerts = _Files(profile, "rules", sources.rules)
    panels.read(partial(_dashboard, parse=partial(dashboards.parse_dashboard, schema=sources.schemas["dashboard"])))
    alerts.read(partial(_rules, parse=parse_rules))
    problems = panels.problems + alerts.problems
    if problems:
        raise InputError(*problems)
    if not (panels.found or alerts.found):
        return sources, ()
    more = replace(
        sources,
        dashboards={**sources.dashboards, **panels.own},
        rules={**sources.rules, **alerts.own},
        brought_dashboards=panels.brought,
        brought_rules=alerts.brought,
    )
    problems = [*dashboards.shared_problems(more.dashboards), *rules.shared_problems(more.rules)]
    said = [*panels.said, *alerts.said]
    if panels.brought:
        from generator.dashboards.brought import shared_problems

        problems += shared_problems(panels.brought, more.dashboards)
    if alerts.brought:
        from generator.rules.brought import shared_names

        for refused, problem in shared_names(alerts.brought, more.rules):
            (problems if refused else said).append(problem)
    if problems:
        raise InputError(*problems)
    return more, tuple(said)


class _Files:
    """The files of ``dashboards.extra`` or ``rules.extra``, by stem."""

    def __init__(self, profile: Profile, block: str, built_in: Mapping[str, Any]) -> None:
        self._profile, self._block, self._built_in = profile, block, built_in
        self.own: dict[str, Any] = {}
        self.brought: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.said: list[Problem] = []

    @property
    def found(self) -> bool:
        """Whether there is one."""
        return bool(self.own or self.brought)

    def read(self, reader: Callable[[str, str, str], _Read]) -> None:
        """Reads each file that the profile names by its stem, its text, and its name as shown in errors."""
        block = self._block
        for index, file in enumerate(self._profile.choices[block].get("extra", ())):
            path = Path(file)
            try:
                _refuse_missing(path, self._profile.origins.get(f"{block}.extra", ""), f"{block}.extra[{index}]")
                _refuse_taken(path.stem, file, block, {**self._built_in, **self.own, **self.brought})
                read = reader(path.stem, yamlfile.read_text(path, file=file), file)
                (self.brought if read.is_brought else self.own)[path.stem] = read.content
                self.said += read.warnings
            except InputError as error:
                self.problems += error.problems


_SUFFIXES = (".json", ".yaml", ".yml")


class _Read(NamedTuple):
    """A file, whether it has the form of Grafana or Prometheus, and what has to be said about it."""

    content: Any
    is_brought: bool = False
    warnings: tuple[Problem, ...] = ()


_GRAFANA = re.compile(r"\{|(?m:^apiVersion:)")
"""Without it in its text a file has not the form of Grafana; ours has it where a query names a label."""

_PROMETHEUS = re.compile(r"(?m)^(?:apiVersion|kind|groups):|^\s*\{|^---[ \t]*$")
"""Without it in its text a file has not the form of Prometheus; ours has it nearly never."""


def _dashboard(name: str, text: str, file: str, *, parse: Callable[..., Any]) -> _Read:
    is_json = text.lstrip().startswith("{")
    if is_json:
        from generator.verify.grafana import parse_json

        data = parse_json(text, file)
    else:
        data = yamlfile.parse(text, file=file)
    if _GRAFANA.search(text):
        from generator.dashboards.brought import is_brought, parse_brought

        if is_json or is_brought(data):
            content, warnings = parse_brought(name, yamlfile.expect_mapping(data, file=file), file=file)
            return _Read(content, is_brought=True, warnings=warnings)
    return _Read(parse(name, yamlfile.expect_mapping(data, file=file), file=file))


def _rules(name: str, text: str, file: str, *, parse: Callable[..., Any]) -> _Read:
    brought = _brought_rules(name, text, file) if _PROMETHEUS.search(text) else None
    if brought:
        return brought
    data = yamlfile.expect_mapping(yamlfile.parse(text, file=file), file=file)
    yamlfile.check_texts(data, file=file)
    return _Read(parse(name, data, file=file))


def _brought_rules(name: str, text: str, file: str) -> _Read | None:
    from generator.build.sources import read_schema
    from generator.files.location import sources_root
    from generator.rules.brought import are_brought, parse_brought

    try:
        documents = yamlfile.parse_all(text, file=file)
    except InputError as error:
        if "{{" not in text:
            raise
        hint = "it has Helm's braces: render the chart that it is from, and bring what comes out"
        raise InputError(*(replace(problem, hint=problem.hint or hint) for problem in error.problems)) from None
    if not are_brought(documents):
        return None
    yamlfile.check_texts(documents, file=file)
    content, warnings = parse_brought(name, documents, read_schema(sources_root(), "prometheus-rule"), file=file)
    return _Read(content, is_brought=True, warnings=warnings)


def _refuse_missing(path: Path, file: str, place: str) -> None:
    """Refuses a file that is not there, and a folder.

    Args:
        path: the file.
        file: the file that names it, as shown in errors.
        place: the place in that file.

    Raises:
        InputError: nothing has that path, or a folder.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        names = (
            sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in _SUFFIXES)
            if path.parent.is_dir()
            else ()
        )
        message = f"found '{path}', which does not exist"
        raise bad_input(message, file=file, path=place, hint=nearest(path.name, names)) from None
    except (OSError, ValueError):  # the reader says why it cannot be read
        return
    if is_folder:
        raise bad_input(f"found '{path}', which is a folder, expected a file", file=file, path=place)


def _refuse_taken(name: str, file: str, block: str, names: Mapping[str, Any]) -> None:
    if name in names:
        raise bad_input(
            f"found the file name '{name}', which is a name in {block} already", file=file, hint="rename the file"
        )

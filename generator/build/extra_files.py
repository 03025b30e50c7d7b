"""Adds a person's own files to the sources (``dashboards.extra``, ``rules.extra``)."""

from __future__ import annotations

import re
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
    panels.read(_dashboard, partial(dashboards.parse_dashboard, schema=sources.schemas["dashboard"]))
    alerts.read(_rules, parse_rules)
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

    def read(self, brought: Callable[[str, str, str], _Read | None], parse: Callable[..., Any]) -> None:
        """Reads each file that the profile names.

        Args:
            brought: reads a text in Grafana's or Prometheus' own form; None for one that has the form of this project.
            parse: reads the data of one that has it.
        """
        block = self._block
        for index, file in enumerate(self._profile.choices[block].get("extra", ())):
            path = Path(file)
            try:
                _refuse_missing(path, self._profile.origins.get(f"{block}.extra", ""), f"{block}.extra[{index}]")
                _refuse_taken(path.stem, file, block, {**self._built_in, **self.own, **self.brought})
                text = yamlfile.read_text(path, file=file)
                read = brought(path.stem, text, file)
                if read is None:
                    data = yamlfile.expect_mapping(yamlfile.parse(text, file=file), file=file)
                    self.own[path.stem] = parse(path.stem, data, file=file)
                else:
                    self.brought[path.stem], warnings = read
                    self.said += warnings
            except InputError as error:
                self.problems += error.problems


_SUFFIXES = (".json", ".yaml", ".yml")

_Read = tuple[Any, tuple[Problem, ...]]
"""A file, and what has to be said about it."""

_GRAFANA = re.compile(r"\s*\{|(?m:^apiVersion:)")
_PROMETHEUS = re.compile(r"(?m)^(?:apiVersion|kind|groups):|^\s*\{|^---[ \t]*$")
"""How a text begins, or what is in it, that may have the form of Grafana, of Prometheus; ours has none of it."""


def _dashboard(name: str, text: str, file: str) -> _Read | None:
    if not _GRAFANA.match(text) and not _GRAFANA.search(text):
        return None
    from generator.dashboards.brought import is_brought, parse_brought
    from generator.verify.grafana import parse_json

    is_json = text.lstrip().startswith("{")
    data = parse_json(text, file) if is_json else yamlfile.parse(text, file=file)
    if not is_json and not is_brought(data):
        return None
    return parse_brought(name, yamlfile.expect_mapping(data, file=file), file=file)


def _rules(name: str, text: str, file: str) -> _Read | None:
    if not _PROMETHEUS.search(text):
        return None
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
    return parse_brought(name, documents, read_schema(sources_root(), "prometheus-rule"), file=file)


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
        names = (
            sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in _SUFFIXES)
            if path.parent.is_dir()
            else ()
        )
        message = f"found '{path}', which does not exist"
        raise bad_input(message, file=file, path=place, hint=nearest(path.name, names)) from None
    except (OSError, ValueError):  # the reader says why it cannot be read
        return


def _refuse_taken(name: str, file: str, block: str, names: Mapping[str, Any]) -> None:
    if name in names:
        raise bad_input(
            f"found the file name '{name}', which is a name in {block} already", file=file, hint="rename the file"
        )

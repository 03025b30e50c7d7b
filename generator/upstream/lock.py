"""Which upstream charts a generated chart wants: read from its Chart.lock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem, bad_input
from generator.files import yamlfile
from generator.files.versions import is_exact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MAKE_ONE = "make a chart first: gen-chart --profile jark -o DIR"


@dataclass(frozen=True)
class Dependency:
    """One upstream chart that a chart depends on.

    Attributes:
        name: the chart's name; safe as a part of a file name.
        version: one exact version; safe as a part of a file name.
        repository: ``https://…`` or ``oci://…``, as Chart.lock gives it; "" if it gives none.
    """

    name: str
    version: str
    repository: str = ""

    @property
    def archive(self) -> str:
        """The file name of the chart's archive."""
        return f"{self.name}-{self.version}.tgz"

    def __str__(self) -> str:
        """Returns ``NAME VERSION``."""
        return f"{self.name} {self.version}"


def is_archive_of(file_name: str, name: str) -> bool:
    """Returns whether a file is called as an archive of chart ``name``, of whatever version."""
    return re.fullmatch(rf"{re.escape(name)}-v?\d.*\.tgz", file_name) is not None


def read_dependencies(chart_dir: Path) -> tuple[Dependency, ...]:
    """Returns the upstream charts in Chart.lock, in its order, each once.

    What has no repository is a part of the chart itself, unpacked in ``charts/NAME``, for Helm too.

    Raises:
        InputError: chart_dir is no directory, has no Chart.yaml or Chart.lock, one of them is broken, the lock is not
            in step with Chart.yaml, or a part of the chart is missing.
    """
    if not chart_dir.is_dir():
        raise bad_input("not a directory, expected a chart that gen-chart made", file=str(chart_dir), hint=_MAKE_ONE)
    for name in ("Chart.yaml", "Chart.lock"):
        if not (chart_dir / name).is_file():
            raise bad_input(f"no {name} in it: not a chart that gen-chart made", file=str(chart_dir), hint=_MAKE_ONE)
    lock_file = chart_dir / "Chart.lock"
    chart_file = chart_dir / "Chart.yaml"
    locked = _entries(yamlfile.load_mapping(lock_file), str(lock_file))
    declared = _entries(yamlfile.load_mapping(chart_file), str(chart_file))
    problems = tuple(_check_entry(entry, index, str(lock_file)) for index, entry in enumerate(locked))
    violations = [problem for problem in problems if problem] or list(_out_of_step(locked, declared, str(lock_file)))
    violations = violations or list(_missing_parts(locked, chart_dir))
    if violations:
        raise InputError(*violations)
    dependencies = (
        Dependency(entry["name"], entry["version"], entry["repository"]) for entry in locked if entry["repository"]
    )
    return tuple(dict.fromkeys(dependencies))


def _missing_parts(locked: list[dict[str, str]], chart_dir: Path) -> Iterator[Problem]:
    for entry in locked:
        folder = chart_dir / "charts" / entry["name"]
        if not entry["repository"] and not (folder / "Chart.yaml").is_file():
            message = "no chart in it, which is a part of this chart: its Chart.lock names no repository for it"
            yield Problem(message, str(folder), hint="generate the chart again; gen-chart writes it")


def _entries(chart: dict[str, Any], file: str) -> list[dict[str, str]]:
    """Returns name, version and repository of each dependency as text, "" for what is absent or no text."""
    entries = chart.get("dependencies") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad_input("expected a list of mappings", file=file, path="dependencies")
    keys = ("name", "version", "repository")
    return [{key: entry[key] if isinstance(entry.get(key), str) else "" for key in keys} for entry in entries]


def _check_entry(entry: dict[str, str], index: int, file: str) -> Problem | None:
    path = f"dependencies[{index}]"
    if not _NAME.fullmatch(entry["name"]):
        return Problem(f"found '{entry['name']}', expected the name of a chart", file, f"{path}.name")
    if not is_exact(entry["version"]):
        return Problem(f"found '{entry['version']}', expected one exact version", file, f"{path}.version")
    return None


def _out_of_step(locked: list[dict[str, str]], declared: list[dict[str, str]], file: str) -> Iterator[Problem]:
    """Helm loads a subchart whose version Chart.yaml does not ask for, and then ignores its ``condition``."""
    hint = "generate the chart again; gen-chart writes both files"
    versions = {entry["name"]: entry["version"] for entry in locked}
    for entry in declared:
        name, version = entry["name"], entry["version"]
        if name not in versions:
            yield Problem(f"no entry for '{name}', which Chart.yaml depends on", file, "dependencies", hint=hint)
        elif is_exact(version) and versions[name] != version:
            yield Problem(
                f"found {name} {versions[name]}, but Chart.yaml wants {version}", file, "dependencies", hint=hint
            )
    names = {entry["name"] for entry in declared}
    for name in versions:
        if name not in names:
            yield Problem(f"found '{name}', which Chart.yaml does not depend on", file, "dependencies", hint=hint)

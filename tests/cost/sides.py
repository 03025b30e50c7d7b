"""What is asked and evaluated: the dashboards and rules of this project, and those of another commit."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.promql.durations import seconds
from generator.promql.expression import Expression
from tests.live.shipped import EVALUATION
from tests.signals import grafana
from tests.signals.needed import Needed, needed
from tests.signals.scrapes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.signals.grafana import Board

_PROGRAM = """
import importlib, inspect, json, pathlib, sys

def found(name, *modules):
    for module in modules:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            pass
    raise SystemExit(f"found no {name} in {', '.join(modules)}")

load = found("load_mapping", "generator.files.yamlfile", "generator.yamlfile")
read_dashboards = found("read_dashboards", "generator.dashboards.reader")
compile_dashboard = found("compile_dashboard", "generator.dashboards.compiler")
read_rules = found("read_rules", "generator.rules.reader")
prometheus_rules = found("prometheus_rules", "generator.rules.groups")
try:
    from generator.rules.recorded import recorded
except ImportError:
    recorded = None

def schema(kind):
    return load(pathlib.Path("values-schemas", f"{kind}.schema.yaml"))

monitors = [path.stem for path in pathlib.Path("monitors").glob("*.yaml")]
rest = [monitors] if "monitors" in inspect.signature(read_rules).parameters else []
rules = read_rules(pathlib.Path("rules"), schema("rule"), *rest)
boards = read_dashboards(pathlib.Path("dashboards"), schema("dashboard"))
read = [recorded(rules.values())] if recorded else []
json.dump({
    "boards": {name: compile_dashboard(name, spec, *read) for name, spec in boards.items()},
    "groups": [
        group
        for spec in rules.values()
        for group in prometheus_rules(spec, {spec.name: {"enabled": True}})["groups"]
    ],
}, sys.stdout)
"""
"""Run in a project's folder, it prints what that project's own generator makes; it knows where eebb40c had what."""


@dataclass(frozen=True)
class Rule:
    """A record or alert, and the seconds between two evaluations of it."""

    expression: Expression
    interval: int


@dataclass(frozen=True)
class Side:
    """The dashboards and rules of one commit; ``name`` is what it is called in tables."""

    name: str
    boards: tuple[Board, ...]
    rules: tuple[Rule, ...]

    def texts(self) -> Iterator[str]:
        """Yields every expression and every menu's query."""
        for board in self.boards:
            yield from (target.expr for target in board.targets)
            yield from (menu.query for menu in board.menus)
        yield from (rule.expression.text for rule in self.rules)

    def records(self) -> list[Rule]:
        """Returns the records that something reads."""
        read = needed(self.texts())
        return [rule for rule in self.rules if rule.expression.kind == "record" and rule.expression.name in read]


def here() -> Side:
    """Returns the dashboards and rules of this project."""
    return described("now", ROOT)


def of_commit(commit: str, folder: Path) -> Side:
    """Returns the dashboards and rules of another commit, made by its own generator.

    Args:
        commit: anything that git knows as one.
        folder: where its files may be written.

    Raises:
        InputError: git does not know the commit.
    """
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise bad_input(f"--beside: found '{commit}', expected a commit: {said}")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return described(commit, folder)


def described(name: str, folder: Path) -> Side:
    """Returns the dashboards and rules of the project in a folder.

    Raises:
        InputError: its generator cannot read them, or is none that is known here; the text is its own.
    """
    command = [sys.executable, "-c", _PROGRAM]
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise bad_input(f"the generator of {name} does not answer: {done.stderr.strip()}")
    data = json.loads(done.stdout)
    boards = tuple(grafana.board(key, text) for key, text in data["boards"].items())
    return Side(name, boards, tuple(_rules(data["groups"])))


def _rules(groups: Iterable[dict[str, Any]]) -> Iterator[Rule]:
    for group in groups:
        interval = round(seconds(group.get("interval", f"{EVALUATION}s")) or EVALUATION)
        for index, rule in enumerate(group["rules"]):
            kind = "alert" if "alert" in rule else "record"
            yield Rule(
                Expression(
                    file=group["name"],
                    place=f"[{index}]",
                    kind="alert" if "alert" in rule else "record",
                    name=rule[kind],
                    text=rule["expr"],
                    group=group["name"],
                    labels=rule.get("labels", {}),
                ),
                interval,
            )


def wanted(sides: Iterable[Side]) -> Needed:
    """Returns the metric names that anything of the sides reads."""
    return needed(text for side in sides for text in side.texts())

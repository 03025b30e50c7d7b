"""What a Build's chart brings to Prometheus and Grafana, as the truth test takes it: dashboards, records, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.build.sources import read_sources
from generator.dashboards.compiler import compile_dashboard
from generator.promql.durations import milliseconds
from generator.promql.expression import Expression
from generator.rules.groups import prometheus_rules
from generator.rules.recorded import recorded
from tests.conftest import ROOT
from tests.signals import grafana
from tests.signals.needed import needed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from generator.build.build import Build
    from tests.signals.grafana import Board
    from tests.signals.needed import Needed

BOARDS = ("inference", "gpu-training", "ray-cluster", "ray-serve", "ray-data")
"""The dashboards that a workload without GPUs can fill."""

RULES = ("ray", "ray-serve", "ray-train", "vllm", "observability")
"""The rule files about what runs here. The others ask for exporters that nobody starts."""


EVALUATION = 30
"""Seconds between two evaluations of a group without an interval of its own; the default of kube-prometheus-stack."""


@dataclass(frozen=True)
class Alert:
    """An alert: its expression and how long that must be true, in seconds."""

    rule: Expression
    wait: int


@dataclass(frozen=True)
class Record:
    """A recording rule, and the seconds between two of its evaluations."""

    rule: Expression
    interval: int


@dataclass(frozen=True)
class Shipped:
    """What is asked of Prometheus."""

    boards: Mapping[str, Board]
    records: tuple[Record, ...]
    alerts: tuple[Alert, ...]

    def needed(self) -> Needed:
        """Returns the names that panels, menus and rules read."""
        texts = [target.expr for board in self.boards.values() for target in board.targets]
        texts += [menu.query for board in self.boards.values() for menu in board.menus]
        texts += [record.rule.text for record in self.records]
        return needed([*texts, *(alert.rule.text for alert in self.alerts)])


def shipped(build: Build) -> Shipped:
    """Returns what the chart of a Build brings for the workloads that the truth test runs."""
    sources = build.sources
    read = recorded(sources.rules.values())
    boards = {name: grafana.board(name, compile_dashboard(name, sources.dashboards[name], read)) for name in BOARDS}
    records: list[Record] = []
    alerts: list[Alert] = []
    for name in RULES:
        for group in rule_groups(build, name):
            for rule in group["rules"]:
                if "alert" in rule:
                    alerts.append(Alert(_expression(name, group, rule, "alert"), seconds(rule.get("for", "0s"))))
                else:
                    interval = seconds(group["interval"]) if "interval" in group else EVALUATION
                    records.append(Record(_expression(name, group, rule, "record"), interval))
    return Shipped(boards, tuple(records), tuple(alerts))


def rule_groups(build: Build, name: str) -> list[dict[str, Any]]:
    """Returns the groups of one rule file with the values of the Build."""
    groups: list[dict[str, Any]] = prometheus_rules(build.sources.rules[name], build.values["rules"])["groups"]
    return groups


def seconds(duration: str) -> int:
    """Returns a duration such as ``1h30m`` or ``90s`` in seconds."""
    return (milliseconds(duration) or 0) // 1000


def the_build(profile: str) -> Build:
    """Returns the Build of a built-in profile.

    Raises:
        InputError: there is no such profile.
    """
    sources = read_sources(ROOT)
    return fit(load_profile(profile, sources, []), sources)


def _expression(file: str, group: Mapping[str, Any], rule: Mapping[str, Any], kind: Any) -> Expression:
    labels = rule.get("labels", {})
    return Expression(
        file=file, place="", kind=kind, name=rule[kind], text=rule["expr"], group=group["name"], labels=labels
    )


def write_rules(build: Build, folder: Path) -> list[Path]:
    """Writes the plain rule files that all PrometheusRules of the chart amount to."""
    from generator.files import yamlfile

    files = []
    for name in build.sources.rules:
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(yamlfile.dump({"groups": rule_groups(build, name)}), encoding="utf-8")
    return files

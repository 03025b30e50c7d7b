"""What should be there: dashboards, rules, and what the catalogue knows of the names that they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.build.findings import prepared, series
from generator.catalogue.known import complete_beginnings, gone_names
from generator.doctor.boards import own_board

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.build.build import Build
    from generator.catalogue.spec import Exporter, KnownSeries
    from generator.doctor.boards import Board
    from generator.promql.expression import Expression


@dataclass(frozen=True)
class Finder:
    """How a container of a workload is told from others, as a monitor's ``find`` says it.

    Attributes:
        workload: the monitor.
        endpoint: its endpoint.
        image: of the last part of the image's name, without tag; None if the image does not matter.
        container: of the container's name; None if it does not matter.
        labels: label of the pod → expression for its value, "" for a label that must be absent.
        ports: declared ports that are looked for, by name or number.
    """

    workload: str
    endpoint: str
    image: re.Pattern[str] | None
    container: re.Pattern[str] | None
    labels: Mapping[str, re.Pattern[str]]
    ports: tuple[str, ...]
    like: str = ""
    """The name of a container that looks like the workload where the pod lacks the labels; "" otherwise."""


@dataclass(frozen=True)
class Expected:
    """What a cluster should have.

    Attributes:
        profile: the profile's name.
        boards: the dashboards to look at.
        rules: records and alerts that should be loaded.
        catalogue: what may be stored, by name.
        gone: names that are gone → (successor or "", since).
        exporters: the catalogue's files.
        complete: beginnings of names of which the catalogue has all.
        finders: how workloads are recognized.
        exceptions: containers that look like a workload and are not meant.
        monitors: the workloads that have a monitor of ours → whether it is on.
        asks_rules: whether rules are looked at, or dashboards alone.
        chosen: whether a person named a profile, so that what is missing of it is missing.
    """

    profile: str
    boards: tuple[Board, ...]
    rules: tuple[Expression, ...]
    catalogue: Mapping[str, tuple[KnownSeries, ...]]
    gone: Mapping[str, tuple[str, str]]
    exporters: Mapping[str, Exporter]
    complete: tuple[str, ...] = ()
    finders: tuple[Finder, ...] = ()
    exceptions: tuple[Finder, ...] = ()
    monitors: Mapping[str, bool] = field(default_factory=dict)
    chosen: bool = False
    asks_rules: bool = True

    @cached_property
    def records(self) -> frozenset[str]:
        """Names that our rules record."""
        return frozenset(rule.name for rule in self.rules if rule.kind == "record")

    @cached_property
    def older_names(self) -> Mapping[str, str]:
        """Names of today → what they were called before."""
        return {after: before for before, (after, _) in self.gone.items() if after}


def expected_of(build: Build, boards: Iterable[Board] | None = None, *, chosen: bool) -> Expected:
    """Returns what a Build's cluster should have.

    Args:
        build: the Build.
        boards: the dashboards to look at in place of the Build's own.
        chosen: whether a person named the profile.
    """
    sources = build.sources
    items = prepared(sources, build.values).items
    rules = tuple(item.expression for item in items if item.expression.kind in ("record", "alert"))
    files = {item.expression.file for item in items}
    own = tuple(own_board(one) for one in sources.dashboards.values() if one.file in files)
    finders, exceptions = _finders(build)
    values = build.values["monitors"]
    return Expected(
        profile=build.profile.name,
        boards=own if boards is None else tuple(boards),
        rules=rules,
        asks_rules=boards is None,
        catalogue=series(build),
        gone=gone_names(sources.exporters),
        exporters=sources.exporters,
        complete=complete_beginnings(sources.exporters),
        finders=finders,
        exceptions=exceptions,
        monitors={
            name: bool(values["enabled"] and values.get(name, {}).get("enabled", spec.get("enabled", True)))
            for name, spec in sources.monitors.items()
        },
        chosen=chosen,
    )


def _finders(build: Build) -> tuple[tuple[Finder, ...], tuple[Finder, ...]]:
    found: list[Finder] = []
    excepted: list[Finder] = []
    for name, spec in build.sources.monitors.items():
        own = build.values["monitors"].get(name, {}).get("endpoints", {})
        for key, endpoint in spec["endpoints"].items():
            chosen = own.get(key, {})
            if not chosen.get("enabled", endpoint.get("enabled", True)):
                continue
            ports = _ports(endpoint | {at: chosen[at] for at in ("port", "ports") if chosen.get(at)})
            for kind, into in (("find", found), ("except", excepted)):
                ways = {**endpoint.get(kind, {}), **chosen.get(kind, {})}
                into += [_finder(name, key, way, ports) for way in ways.values()]
            if "find" not in endpoint:
                found += _by_selectors(name, key, spec, ports)
    return tuple(found), tuple(excepted)


def _finder(workload: str, endpoint: str, way: Mapping[str, Any], ports: tuple[str, ...]) -> Finder:
    labels = {label: _compiled(text) for label, text in way.get("labels", {}).items()}
    return Finder(
        workload,
        endpoint,
        _compiled(way["image"]) if way.get("image") else None,
        _compiled(way["container"]) if way.get("container") else None,
        labels,
        tuple(map(str, way.get("ports", ()))) or ports,
    )


def _by_selectors(name: str, key: str, spec: Mapping[str, Any], ports: tuple[str, ...]) -> list[Finder]:
    """Returns how the pods of a monitor with selectors are told: by the labels that it selects."""
    required = {
        one["key"]: _compiled("|".join(map(re.escape, one.get("values", ()))) or ".+")
        for one in spec.get("matchExpressions", ())
        if one["operator"] in ("In", "Exists")
    }
    ways = [selector.get("matchLabels", {}) for selector in spec.get("selectors", ())] or [{}]
    finders = [Finder(name, key, None, None, required | _exactly(way), ports) for way in ways if required or way]
    # Examples of the monitor tell what its containers are called; a name that is anybody's tells nothing.
    named = {
        each["name"]
        for example in spec.get("examples", ())
        for pod in example["pods"]
        if key in pod["targets"]
        for each in pod["containers"]
    } - _COMMON_NAMES
    # A label that this chart made up is a choice; that pods lack it is no fault.
    alike = [finder for finder in finders[:1] if not any(label.startswith(_OWN_LABELS) for label in finder.labels)]
    return finders + [replace(finder, like=like) for finder in alike for like in sorted(named)]


_OWN_LABELS = "ai-ml-observability/"
_COMMON_NAMES = frozenset(("app", "autoscaler", "controller", "main", "manager", "metrics", "server"))


def _exactly(labels: Mapping[str, Any]) -> dict[str, re.Pattern[str]]:
    return {label: _compiled(re.escape(str(text))) for label, text in labels.items()}


def _ports(endpoint: Mapping[str, Any]) -> tuple[str, ...]:
    listed = endpoint.get("ports") or [endpoint[key] for key in ("port", "portNumber") if key in endpoint]
    return tuple(map(str, listed))


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        return re.compile(r"(?!)")

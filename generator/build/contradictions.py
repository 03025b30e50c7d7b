"""Refuses choices that contradict each other, or that Kubernetes would refuse: each error names both sides.

What a single value may be is said by the schemas. What is compared here is the chart's values as they come out, so that
a choice and a person's ``values`` are held against each other too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.choices.quantities import amount
from generator.errors import InputError, Problem
from generator.files.nested import value_at
from generator.monitors import scrape_problems
from generator.promql.durations import milliseconds
from generator.stack.alertmanager.problems import config_problems
from generator.stack.kube_prometheus_stack.data_sources import prometheus_interval
from generator.stack.opensearch import component as opensearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

Path = tuple[str, ...]

_PROMETHEUS = ("kube-prometheus-stack", "prometheus", "prometheusSpec")
_CHOICES: Mapping[Path, Path] = {
    (*_PROMETHEUS, "resources"): ("kube-prometheus-stack", "prometheus", "resources"),
    ("kube-prometheus-stack", "alertmanager", "alertmanagerSpec", "resources"): (
        "kube-prometheus-stack",
        "alertmanager",
        "resources",
    ),
    ("kube-prometheus-stack", "grafana", "resources"): ("kube-prometheus-stack", "grafana", "resources"),
    ("kube-state-metrics", "resources"): ("kube-state-metrics", "resources"),
    (opensearch.NAME, "resources"): (opensearch.NAME, "resources"),
    (opensearch.NAME, "opensearchJavaOpts"): (opensearch.NAME, "heap"),
    ("fluent-bit", "resources"): ("fluent-bit", "resources"),
}
"""A value of an upstream chart → the choice below ``components`` that it is made from."""

_HEAP = re.compile(r"(?:^|\s)-Xmx([0-9]+)([kmgtKMGT]?)(?=\s|$)")
_DIRECT = "-XX:MaxDirectMemorySize"
_FACTORS = {"": 1, **{letter: 1024 ** (power + 1) for power, letter in enumerate("kmgt")}}


class Side(NamedTuple):
    """One side of a contradiction: what was found, and where a person would change it.

    Attributes:
        found: the value as it was written.
        file: the file that says it.
        path: its place there.
        own: whether a person said it, and no built-in profile.
    """

    found: Any
    file: str
    path: str
    own: bool


def refuse_contradictions(profile: Profile, sources: Sources, values: Mapping[str, Any]) -> None:
    """Refuses what cannot hold together.

    A request above its limit, an amount that is none, a heap that the container cannot hold, a scrape that lasts longer
    than its interval; and see monitors.scrape_problems.

    Args:
        profile: where each choice is from.
        sources: the monitors.
        values: the chart's values, complete, checked against their schema.

    Raises:
        InputError: a Problem for each contradiction; its message names the other side.
    """
    look = _Look(profile, values)
    interval = _prometheus_interval(values)
    problems = (
        *_resources(look),
        *_heap(look),
        *_global_scrapes(look, interval),
        *_alerts(look),
        *scrape_problems(
            values["monitors"],
            sources.monitors,
            look.of_monitors,
            interval,
        ),
    )
    if problems:
        raise InputError(*dict.fromkeys(problems))


class _Look:
    """Looks values up, and who has said them."""

    def __init__(self, profile: Profile, values: Mapping[str, Any]) -> None:
        self.profile = profile
        self.values = values

    def side(self, path: Path) -> Side:
        """Returns the value at a path with its origin."""
        choice = self._choice(path)
        layer = self.profile.layer_of(*choice)
        found = value_at(self.profile.choices, choice)
        if found is None:
            found = value_at(self.values, path)
        file = layer.file if layer else f"profile {self.profile.name}"
        return Side(found, file, ".".join(choice), bool(layer and layer.origin))

    def of_monitors(self, path: str) -> tuple[str, str]:
        """Returns the file of a value below ``monitors``, as ``ray.dropMetrics[0]``, and its path there."""
        keys, bracket, index = path.partition("[")
        _, file, place, _ = self.side(("monitors", *keys.split(".")))
        return file, f"{place}{bracket}{index}"

    def _choice(self, path: Path) -> Path:
        """Returns the path in a profile of what decides a value: of ``values``, which win, or of a choice."""
        if value_at(self.profile.choices["values"], path) is not None:
            return ("values", *path)
        for prefix, choice in _CHOICES.items():
            if path[: len(prefix)] == prefix:
                return ("components", *choice, *path[len(prefix) :])
        return path


def _against(low: Side, high: Side, names: tuple[str, str]) -> Problem:
    """Says that ``low`` is above ``high``; what a person has said is at fault rather than what a profile says."""
    if high.own and not low.own:
        message = (
            f"found '{high.found}', expected at least {names[0]}, which is '{low.found}' in {low.file}: {low.path}"
        )
        return Problem(message, high.file, high.path, hint=f"set {low.path} too")
    message = f"found '{low.found}', expected at most {names[1]}, which is '{high.found}' in {high.file}: {high.path}"
    return Problem(message, low.file, low.path, hint=f"lower it, or raise {high.path}")


def _resources(look: _Look) -> Iterator[Problem]:
    """Finds requests above limits, and amounts that are none, of every container whose resources the values set."""
    for path, block in _blocks(look.values, ()):
        amounts: dict[tuple[str, str], Decimal] = {}
        for kind in ("requests", "limits"):
            for name, value in (block.get(kind) or {}).items():
                number = amount(value)
                if number is None or number < 0:
                    side = look.side((*path, kind, name))
                    message = f"found '{side.found}', expected an amount such as 500m, 2 or 1Gi"
                    yield Problem(message, side.file, side.path)
                else:
                    amounts[kind, name] = number
        for (kind, name), number in amounts.items():
            if kind == "requests" and number > amounts.get(("limits", name), number):
                request, limit = (look.side((*path, key, name)) for key in ("requests", "limits"))
                yield _against(request, limit, ("the request", "the limit"))


def _blocks(data: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yields each ``resources`` of a container with its path; those in lists have no name and are left alone."""
    for key, value in data.items():
        if not isinstance(value, dict):
            continue
        kinds = [value.get(kind) for kind in ("requests", "limits")]
        if key == "resources" and any(kinds) and all(kind is None or isinstance(kind, dict) for kind in kinds):
            yield (*path, key), value
        else:
            yield from _blocks(value, (*path, key))


def _heap(look: _Look) -> Iterator[Problem]:
    """Finds a heap that OpenSearch's container cannot hold beside the memory outside of it.

    OpenSearch lets its JVM take half as much again as the heap outside of it (JvmErgonomics.java: MaxDirectMemorySize),
    and the kernel kills a container that takes more than its limit.
    """
    block = look.values[opensearch.NAME]
    options = str(block.get("opensearchJavaOpts", ""))
    limit = amount(value_at(block, ("resources", "limits", "memory")))
    heap = _HEAP.search(options)
    if not block.get("enabled") or heap is None or limit is None:
        return
    size = int(heap[1]) * _FACTORS[heap[2].lower()]
    needed = size if _DIRECT in options else size * 3 // 2
    if needed > limit:
        yield _against(
            look.side((opensearch.NAME, "opensearchJavaOpts")),
            look.side((opensearch.NAME, "resources", "limits", "memory")),
            ("one and a half times the heap", "two thirds of the memory limit"),
        )


def _global_scrapes(look: _Look, interval: str) -> Iterator[Problem]:
    timeout = str(value_at(look.values, (*_PROMETHEUS, "scrapeTimeout")) or "")
    if _longer(timeout, interval):
        long, short = (look.side((*_PROMETHEUS, key)) for key in ("scrapeTimeout", "scrapeInterval"))
        yield _against(long, short._replace(found=interval), ("the timeout", "the interval"))


def _alerts(look: _Look) -> Iterator[Problem]:
    """Finds routes of Alertmanager to receivers that are not there, where a person's values are laid over it."""
    path = ("kube-prometheus-stack", "alertmanager", "config")
    for below, message, hint in config_problems(value_at(look.values, path)):
        yield Problem(message, look.profile.file_of("values", *path), ".".join(("values", *path, *below)), hint=hint)


def _longer(timeout: str, interval: str) -> bool:
    return bool(timeout and interval) and (milliseconds(timeout) or 0) > (milliseconds(interval) or 0)


def _prometheus_interval(values: Mapping[str, Any]) -> str:
    """Returns the interval of a monitor that has none: this chart's Prometheus', "" for that of another one.

    Prometheus operator v0.93 resource_selector.go compares with it.
    """
    if not values["kube-prometheus-stack"].get("enabled"):
        return ""
    return prometheus_interval(values)

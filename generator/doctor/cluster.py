"""What the Kubernetes API shows of monitoring, and what keeps monitors and rules from being read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.doctor.causes import Found, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.snapshot import Container
    from generator.doctor.view import View

_FIELDS = {"PodMonitor": "podMonitor", "ServiceMonitor": "serviceMonitor", "PrometheusRule": "rule"}
"""How the selectors of a Prometheus object for a kind begin."""


@dataclass(frozen=True)
class Resource:
    """An object of the Prometheus operator's.

    Attributes:
        kind: PodMonitor, ServiceMonitor, PrometheusRule or Prometheus.
        refused: the operator's words about it, from its last warning; "" if it has none.
    """

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""

    @property
    def path(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Cluster:
    """What the API showed.

    Attributes:
        containers: of pods that have not ended.
        monitors: PodMonitors and ServiceMonitors.
        rules: PrometheusRules.
        prometheuses: what the operator runs.
        namespaces: name → labels.
    """

    containers: tuple[Container, ...]
    monitors: tuple[Resource, ...]
    rules: tuple[Resource, ...]
    prometheuses: tuple[Resource, ...]
    namespaces: Mapping[str, Mapping[str, str]]

    def causes(self, view: View) -> Iterator[Found]:  # noqa: ARG002 - as all that is looked at beside Prometheus
        """Yields what keeps monitors and rules from being read."""
        if self.monitors and not self.prometheuses:
            yield found("operator-missing")
            return
        for one in self.monitors:
            yield from self.of_monitor(one)
        for one in self.rules:
            if self.prometheuses and not any(self.selects(each, one) for each in self.prometheuses):
                advice, label = self._advice(one)
                yield found("rule-not-selected", ours=True, rule=one.path, advice=advice, label=label)
        yield from self._second()

    def of_monitor(self, one: Resource) -> Iterator[Found]:
        """Yields why nobody reads a monitor."""
        if one.refused:
            facts = {"kind": one.kind, "monitor": one.path, "namespace": one.namespace, "error": one.refused}
            yield found("monitor-refused", one.name, ours=False, **facts)
        elif self.prometheuses and not any(self.selects(each, one) for each in self.prometheuses):
            advice, label = self._advice(one)
            yield found(
                "monitor-not-selected", one.name, ours=True, kind=one.kind, monitor=one.path, advice=advice, label=label
            )

    def monitor_of(self, workload: str) -> Resource | None:
        """Returns the monitor of a workload of this project; None if there is none."""
        names = (one for one in self.monitors if one.name == workload or one.name.endswith(f"-{workload}"))
        return next(names, None)

    def selects(self, prometheus: Resource, one: Resource) -> bool:
        """Returns whether a Prometheus of the operator reads an object.

        A selector that is not there selects nothing, an empty one everything; a namespace selector that is not there
        means the Prometheus' own namespace (prometheus-operator v0.93 Documentation/api-reference).
        """
        begin = _FIELDS[one.kind]
        selector = prometheus.spec.get(f"{begin}Selector")
        if selector is None or not fits(selector, one.labels):
            return False
        spaces = prometheus.spec.get(f"{begin}NamespaceSelector")
        if spaces is None:
            return one.namespace == prometheus.namespace
        return fits(spaces, self.namespaces.get(one.namespace, {}))

    def _advice(self, one: Resource) -> tuple[str, str]:
        """Returns what makes a Prometheus read an object, and the label to give it."""
        first = self.prometheuses[0]
        begin = _FIELDS[one.kind]
        selector = first.spec.get(f"{begin}Selector")
        if selector is None:
            return f"Prometheus {first.path} has no {begin}Selector, which selects nothing; set it to {{}}.", "…"
        wanted = {
            **_mapping(selector.get("matchLabels")),
            **{
                str(each.get("key")): str((each.get("values") or ["…"])[0])
                for each in _list(selector.get("matchExpressions"))
                if _mapping(each).get("operator") in ("In", "Exists")
            },
        }
        lacking = {label: value for label, value in wanted.items() if one.labels.get(label) != value}
        if lacking:
            text = ", ".join(f"{label}: {value}" for label, value in lacking.items())
            return f"Give it the label {text}, which Prometheus {first.path} selects.", text
        return (
            f"Prometheus {first.path} does not look into the namespace {one.namespace}: install the release in "
            f"another, or widen its {begin}NamespaceSelector.",
            "…",
        )

    def _second(self) -> Iterator[Found]:
        """Yields that two Prometheus servers read the same monitors."""
        reading = [each for each in self.prometheuses if any(self.selects(each, one) for one in self.monitors)]
        shared = [one for one in self.monitors if sum(self.selects(each, one) for each in reading) > 1]
        if shared:
            where = ", ".join(each.path for each in reading)
            yield found("two-prometheus", ours=False, count=len(reading), where=where)


def fits(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Returns whether a Kubernetes label selector matches; an empty one matches everything."""
    if any(labels.get(key) != value for key, value in _mapping(selector.get("matchLabels")).items()):
        return False
    return all(_fits(_mapping(each), labels) for each in _list(selector.get("matchExpressions")))


def _fits(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key")), _list(expression.get("values"))
    there = key in labels
    return {
        "In": there and labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": there,
        "DoesNotExist": not there,
    }.get(str(expression.get("operator")), False)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()

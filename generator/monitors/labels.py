"""Which labels a series has once a monitor has scraped it, for whoever checks expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NODE = "__meta_kubernetes_pod_node_name"
"""Also set for a ServiceMonitor's targets, as its endpoints are pods."""

_OF_THE_OPERATOR = {
    "PodMonitor": ("container", "namespace", "pod"),
    "ServiceMonitor": ("container", "namespace", "pod", "service"),
}
"""Prometheus operator v0.93 pkg/prometheus/promcfg.go. It also sets job and endpoint; every monitor fixes these."""


@dataclass(frozen=True)
class TargetLabels:
    """Labels of one endpoint's targets.

    Attributes:
        added: label → its source: a discovered ``__meta_…`` label, a fixed text in double quotes, or "" where
            Prometheus and its operator set it in their own way.
        dropped: labels that no series keeps, whoever set them.
        honor_labels: whether a label of the exporter wins over an added one of the same name.
    """

    added: Mapping[str, str]
    dropped: frozenset[str]
    honor_labels: bool


def target_labels(name: str, spec: Mapping[str, Any], endpoint: str, common: Iterable[str] = ()) -> TargetLabels:
    """Returns the labels that the endpoint's targets get with the chart's default values.

    Args:
        name: the workload, as ray.
        spec: content of its monitors/*.yaml.
        endpoint: a key of its ``endpoints``.
        common: what ``monitors.dropLabels`` of the chart's values takes off every series.
    """
    details = spec["endpoints"][endpoint]
    added = dict.fromkeys((*_OF_THE_OPERATOR[spec["kind"]], "instance"), "")
    added |= {"job": f'"{name}"', "endpoint": f'"{endpoint}"', "node": NODE}
    for label, source in {**spec.get("labels", {}), **details.get("labels", {})}.items():
        added[label] = source["from"] if "from" in source else f'"{source["value"]}"'
    for label in (*details.get("dropTargetLabels", ()), *(["container"] if "scrapePort" in details else [])):
        added.pop(label, None)
    return TargetLabels(
        added=added,
        dropped=frozenset((*common, *spec.get("dropLabels", ()))),
        honor_labels=details.get("honorLabels", False),
    )


def series_labels(target: TargetLabels, exposed: Iterable[str]) -> frozenset[str]:
    """Returns the labels under which a series is stored, ``__name__`` left out.

    Args:
        target: what target_labels gives.
        exposed: the labels that the exporter writes for this metric.
    """
    clashing = set() if target.honor_labels else set(exposed) & set(target.added)
    own = {f"exported_{label}" if label in clashing else label for label in exposed}
    return frozenset((own | set(target.added)) - target.dropped)

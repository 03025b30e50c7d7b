"""What one chart is split into, so that each part is an Application: the values that leave only that part on.

Every child renders the same chart; together they render what one install renders, and no object comes twice
(tests/upstream/test_argocd.py, with the real upstream charts). Secrets are made by Helm hooks, which ArgoCD runs before
it syncs the Application that has them; so they are with what needs them, and each sync of that makes what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator import components
from generator.profiles import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_STACK = "kube-prometheus-stack"

_STACK_PARTS = {
    "alertmanager": "enabled",
    "coreDns": "enabled",
    "defaultRules": "create",
    "grafana": "enabled",
    "kubeApiServer": "enabled",
    "kubeControllerManager": "enabled",
    "kubeDns": "enabled",
    "kubeEtcd": "enabled",
    "kubeProxy": "enabled",
    "kubeScheduler": "enabled",
    "kubeStateMetrics": "enabled",
    "kubelet": "enabled",
    "nodeExporter": "enabled",
    "prometheus": "enabled",
    "prometheusOperator": "enabled",
    "thanosRuler": "enabled",
}
"""Everything in kube-prometheus-stack but its nested chart ``crds``, with the key that switches it
(kube-prometheus-stack 88.5.3 values.yaml)."""

_OPENSEARCH = "opensearch-cluster-master"
"""What the upstream chart calls its StatefulSet (opensearch 3.6.0, clusterName and nodeGroup)."""

_SIGNALS = ("dashboards", "monitors", "rules")

_OPERATOR_KINDS = ("PodMonitor", "PrometheusRule", "ServiceMonitor")

KEEP = "Prune=false,Delete=false"
"""ArgoCD's sync options for an object that outlives its Application."""

_DATA = {"annotations": {"argocd.argoproj.io/sync-options": KEEP}}


@dataclass(frozen=True)
class Concern:
    """One part of the chart.

    Attributes:
        name: the last word of the Application's name.
        wave: its sync wave; ArgoCD goes from low to high.
        summary: what it is, for a comment.
        values: what is laid over the chart's values to leave only this part on.
        api_versions: kinds that the chart is told to be there, because an earlier wave brings them; () leaves it to
            the cluster.
        cascade: whether the objects go with the Application.
        prune: whether what the chart no longer has is removed.
        ignored: see ignored_differences.
    """

    name: str
    wave: int
    summary: str
    values: Mapping[str, Any]
    api_versions: tuple[str, ...] = ()
    cascade: bool = True
    prune: bool = True
    ignored: tuple[Mapping[str, Any], ...] = ()


def concerns(values: Mapping[str, Any]) -> tuple[Concern, ...]:
    """Gives the parts that are not empty, in the order of their waves.

    Args:
        values: the chart's values, complete.
    """
    makers: tuple[Callable[[Mapping[str, Any]], Concern | None], ...] = (_crds, _stack, _signals)
    return tuple(concern for make in makers if (concern := make(values)) is not None)


def enabled(values: Mapping[str, Any], name: str) -> bool:
    """Says whether an upstream chart is on."""
    return bool(values.get(name, {}).get("enabled"))


def has_crds(values: Mapping[str, Any]) -> bool:
    """Says whether the chart brings the Prometheus operator's kinds."""
    return enabled(values, _STACK) and bool(values[_STACK].get("crds", {}).get("enabled", True))


def kept_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the values that keep the data of volumes which are objects of the chart itself.

    That is Grafana's claim alone. The others are made from templates by StatefulSets, so ArgoCD does not know them.
    """
    grafana = values.get(_STACK, {}).get("grafana", {})
    if not enabled(values, _STACK) or not grafana.get("persistence", {}).get("enabled"):
        return {}
    return {_STACK: {"grafana": {"persistence": _DATA}}}


def ignored_differences(values: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Gives the differences that ArgoCD has to pass over, in an Application's form.

    There is one: the API server fills in fields of OpenSearch's claim templates that the upstream chart leaves out, and
    a comparison that the server does not make (``argocd app diff``, or ServerSideDiff switched off) shows them. The
    templates' size is not passed over. Measured with ArgoCD 3.5.1 and Kubernetes 1.35: under ServerSideDiff nothing in
    the chart drifts, the authority that a Job writes into the operator's webhooks included.
    """
    opensearch = values.get("opensearch", {})
    if not enabled(values, "opensearch") or not opensearch.get("persistence", {}).get("enabled", True):
        return ()
    rule = {
        "group": "apps",
        "kind": "StatefulSet",
        "name": opensearch.get("fullnameOverride") or _OPENSEARCH,
        "jqPathExpressions": [f".spec.volumeClaimTemplates[]?.{key}" for key in ("apiVersion", "kind", "status")],
    }
    return (rule,)


def _crds(values: Mapping[str, Any]) -> Concern | None:
    if not has_crds(values):
        return None
    parts = {part: {switch: False} for part, switch in _STACK_PARTS.items()}
    off = {**_components_off(values, keep=_STACK), **_own_off(values), _STACK: parts}
    summary = "The Prometheus operator's kinds. They stay when it goes: with a kind go all objects of it."
    return Concern("crds", 0, summary, off, cascade=False, prune=False)


def _stack(values: Mapping[str, Any]) -> Concern | None:
    if not any(enabled(values, name) for name in components.NAMES) and not _ray_namespaces(values):
        return None
    off: dict[str, Any] = _own_off(values, keep=("logs", "secrets"))
    if has_crds(values):
        off[_STACK] = {"crds": {"enabled": False}}
    summary = "What runs. Before it, as a PreSync hook, the Secrets that are missing are made."
    return Concern(
        "stack",
        1,
        summary if _bootstraps(values) else "What runs.",
        merge(off, kept_data(values)),
        ignored=ignored_differences(values),
    )


def _signals(values: Mapping[str, Any]) -> Concern | None:
    if not any(_shows(values.get(room, {})) for room in _SIGNALS):
        return None
    off = {**_components_off(values), **_own_off(values, keep=_SIGNALS)}
    kinds = tuple(f"monitoring.coreos.com/v1/{kind}" for kind in _OPERATOR_KINDS) if enabled(values, _STACK) else ()
    summary = "Monitors, rules and dashboards. After the operator, whose webhook checks rules."
    return Concern("signals", 2, summary, off, kinds)


def _ray_namespaces(values: Mapping[str, Any]) -> bool:
    return bool(values.get("logs", {}).get("rayNamespaces"))


def _bootstraps(values: Mapping[str, Any]) -> bool:
    return bool(values.get("secrets", {}).get("bootstrap"))


def _shows(block: Mapping[str, Any]) -> bool:
    """Says whether a room's block leaves anything on."""
    return block.get("enabled", True) is not False and any(
        entry.get("enabled") for entry in block.values() if isinstance(entry, dict)
    )


def _components_off(values: Mapping[str, Any], keep: str = "") -> dict[str, Any]:
    return {name: {"enabled": False} for name in components.NAMES if enabled(values, name) and name != keep}


def _own_off(values: Mapping[str, Any], keep: str | tuple[str, ...] = ()) -> dict[str, Any]:
    return {key: off for key, off in _own_switches(values) if key != keep and key not in keep}


def _own_switches(values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Gives the chart's own blocks that are on, each with what switches it off."""
    for room in _SIGNALS:
        if _shows(values.get(room, {})):
            yield room, {"enabled": False}
    if _ray_namespaces(values):
        yield "logs", {"rayNamespaces": []}
    if _bootstraps(values):
        yield "secrets", {"bootstrap": False}

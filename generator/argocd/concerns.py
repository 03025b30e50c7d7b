"""What one chart is split into, so that each part is an Application: the values that leave only that part on.

Every child renders the same chart; together they render what one install renders, and no object comes twice
(tests/rendered/test_argocd.py, with the real upstream charts). In all of them the values say alike which upstream
charts are on, because own templates follow that: the plan of Secrets above all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator import stack as components
from generator.choices.profiles import merge
from generator.stack.secrets.names import SECRETS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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

_PARTS = ("secrets", "stack", "tests")
"""The switches below ``parts`` in the chart's values. No Application has the tests: ArgoCD starts none."""

_CERTIFICATES = frozenset({"opensearchAdminTls", "opensearchNodeTls"})
_LOGINS = frozenset({"opensearchAdmin", "opensearchExporter", "opensearchFluentBit", "opensearchGrafana"})
"""What every OpenSearch of the chart needs (templates/_secrets.tpl), by the keys of generator.secrets.SECRETS."""

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
        cascade: whether the objects go with the Application.
        prune: whether what the chart no longer has is removed.
        ignored: see ignored_differences.
    """

    name: str
    wave: int
    summary: str
    values: Mapping[str, Any]
    cascade: bool = True
    prune: bool = True
    ignored: tuple[Mapping[str, Any], ...] = ()


def concerns(values: Mapping[str, Any], existing: Collection[str] = ()) -> tuple[Concern, ...]:
    """Returns the parts that are not empty, in the order of their waves.

    Args:
        values: the chart's values, complete.
        existing: keys of generator.secrets.SECRETS that the profile leaves to somebody else.
    """
    secrets = _secrets(values, existing)
    parts = (_crds(values), secrets, _stack(values, with_secrets=secrets is None), _signals(values))
    return tuple(concern for concern in parts if concern is not None)


def enabled(values: Mapping[str, Any], name: str) -> bool:
    """Returns whether an upstream chart is on."""
    return bool(values.get(name, {}).get("enabled"))


def has_crds(values: Mapping[str, Any]) -> bool:
    """Returns whether the chart brings the Prometheus operator's CRDs."""
    return enabled(values, _STACK) and bool(values[_STACK].get("crds", {}).get("enabled", True))


def kept_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values that keep the data of volumes which are objects of the chart itself.

    That is Grafana's claim alone. The others are made from templates by StatefulSets, so ArgoCD does not know them.
    """
    grafana = values.get(_STACK, {}).get("grafana", {})
    if not enabled(values, _STACK) or not grafana.get("persistence", {}).get("enabled"):
        return {}
    return {_STACK: {"grafana": {"persistence": _DATA}}}


def ignored_differences(values: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Returns the differences that ArgoCD has to pass over, in an Application's form.

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
    inner = {part: {switch: False} for part, switch in _STACK_PARTS.items()}
    inner["grafana"]["forceDeployDatasources"] = False  # which the chart looks at alone
    summary = "The Prometheus operator's kinds. They stay when it goes: with a kind go all objects of it."
    return Concern("crds", 0, summary, {**_only(values, charts=(_STACK,)), _STACK: inner}, cascade=False, prune=False)


def _secrets(values: Mapping[str, Any], existing: Collection[str]) -> Concern | None:
    if not _makes_secrets(values, existing):
        return None
    summary = "The Secrets that are missing, made by a PreSync hook, and what renews and rotates them."
    return Concern("secrets", 1, summary, _only(values, "secrets"))


def _stack(values: Mapping[str, Any], *, with_secrets: bool) -> Concern | None:
    runs = any(enabled(values, name) for name in components.NAMES) or _servers(values)
    if not runs and not _ray_namespaces(values):
        return None
    only = _only(values, "stack", *(("secrets",) if with_secrets else ()), charts=components.NAMES)
    if has_crds(values):
        only[_STACK] = {"crds": {"enabled": False}}
    return Concern("stack", 2, "What runs.", merge(only, kept_data(values)), ignored=ignored_differences(values))


def _signals(values: Mapping[str, Any]) -> Concern | None:
    if not any(_shows(values.get(block, {})) for block in _SIGNALS):
        return None
    summary = "Monitors, rules and dashboards. After the operator, whose webhook checks rules."
    return Concern("signals", 3, summary, _only(values, "signals"))


def _only(values: Mapping[str, Any], *parts: str, charts: Collection[str] = ()) -> dict[str, Any]:
    """Returns the values that leave on these parts of the chart's own objects, and these upstream charts."""
    off: dict[str, Any] = {
        name: {"rendered": False} for name in components.NAMES if enabled(values, name) and name not in charts
    }
    if without := {part: False for part in _PARTS if part not in parts}:
        off["parts"] = without
    if "stack" not in parts and _ray_namespaces(values):
        off["logs"] = {"rayNamespaces": []}
    if "signals" not in parts:
        off |= {block: {"enabled": False} for block in _SIGNALS if _shows(values.get(block, {}))}
    return off


def _servers(values: Mapping[str, Any]) -> bool:
    """Returns whether OpenCost, an MCP server or that of the runbooks runs."""
    blocks = (values.get("opencost", {}), values.get("runbooks", {}), *values.get("mcp", {}).values())
    return any(isinstance(block, dict) and block.get("enabled") for block in blocks)


def _ray_namespaces(values: Mapping[str, Any]) -> bool:
    return bool(values.get("logs", {}).get("rayNamespaces"))


def _makes_secrets(values: Mapping[str, Any], existing: Collection[str]) -> bool:
    """Returns whether a Secret is made here, so that something renews or rotates it.

    Where the bootstrap only looks whether a person's Secrets are there, it is nothing but hooks, and ArgoCD never syncs
    an Application of hooks by itself. Then it stays with the stack.
    """
    secrets = values.get("secrets", {})
    needed: set[str] = set()
    if enabled(values, "opensearch"):
        if secrets.get("bootstrap"):
            needed |= _LOGINS
        if secrets.get("bootstrap") or secrets.get("certManager", {}).get("enabled"):
            needed |= _CERTIFICATES
    grafana = values.get(_STACK, {}).get("grafana", {})
    if secrets.get("bootstrap") and enabled(values, _STACK) and grafana.get("enabled", True) is not False:
        login = grafana.get("admin", {}).get("existingSecret")
        needed |= {"grafanaAdmin"} if login == SECRETS["grafanaAdmin"].name else set()
    return bool(needed - set(existing)) and bool(values.get("parts", {}).get("secrets", True))


def _shows(block: Mapping[str, Any]) -> bool:
    """Returns whether a block leaves anything on."""
    return block.get("enabled", True) is not False and any(
        entry.get("enabled") for entry in block.values() if isinstance(entry, dict)
    )

"""What the AppProject has to allow: computed from the chart's values, held against real renders in the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.argocd.concerns import enabled, has_crds
from generator.stack.priorities import uses_node_class

if TYPE_CHECKING:
    from collections.abc import Mapping

_RBAC = frozenset({("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding")})
_WEBHOOKS = frozenset(
    {
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    }
)
_CRD = frozenset({("apiextensions.k8s.io", "CustomResourceDefinition")})
_PRIORITY = frozenset({("scheduling.k8s.io", "PriorityClass")})
_API_SERVICE = frozenset({("apiregistration.k8s.io", "APIService")})

_NAMESPACE = frozenset({("", "Namespace")})
"""For CreateNamespace: ArgoCD holds the namespace that it makes against the project too (gitops-engine of ArgoCD 3.5,
sync_context.go getSyncTasks)."""

_STACK = "kube-prometheus-stack"


def cluster_kinds(values: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Returns (API group, kind) of every cluster-scoped object that the chart renders, and of its namespace."""
    kinds = _NAMESPACE
    for name in (_STACK, "kube-state-metrics", "fluent-bit", "metrics-server"):
        if enabled(values, name):
            kinds |= _RBAC
    if enabled(values, "opensearch") and values.get("secrets", {}).get("bootstrap"):
        kinds |= _RBAC  # the bootstrap looks for a StorageClass
    if values.get("opencost", {}).get("enabled") or values.get("mcp", {}).get("kubernetes", {}).get("enabled"):
        kinds |= _RBAC
    if has_crds(values):
        kinds |= _CRD
    if enabled(values, _STACK):
        webhooks = values[_STACK].get("prometheusOperator", {}).get("admissionWebhooks", {})
        if webhooks.get("enabled", True):
            kinds |= _WEBHOOKS
    if enabled(values, "metrics-server"):
        kinds |= _API_SERVICE
    if uses_node_class(values):
        kinds |= _PRIORITY
    return kinds


def namespaces(values: Mapping[str, Any], namespace: str) -> list[str]:
    """Returns the namespaces that the chart writes to, sorted.

    kube-prometheus-stack puts Services beside the control plane's pods, metrics-server a RoleBinding beside the role
    that lets it read the API server's own settings; both are in kube-system. The log sidecar's ConfigMap goes to
    ``logs.rayNamespaces``, the Roles of Grafana's sidecar to where it looks for dashboards.

    Args:
        values: the chart's values.
        namespace: the release's.
    """
    names = {namespace, *values.get("logs", {}).get("rayNamespaces", ())}
    if enabled(values, _STACK):
        names |= {*values[_STACK].get("grafana", {}).get("rbac", {}).get("namespaces", ())}
    if enabled(values, _STACK) or enabled(values, "metrics-server"):
        names.add("kube-system")
    return sorted(names)

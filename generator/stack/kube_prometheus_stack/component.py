"""kube-prometheus-stack: the operator, Prometheus, Alertmanager, Grafana and node exporter.

Facts about its values are from kube-prometheus-stack 88.5.3 values.yaml and templates, unless said otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.component import Component, choices_of, mebibytes, volume_claim
from generator.stack.grafana import log_source as grafana_logs
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

NAME = "kube-prometheus-stack"
GRAFANA_CLUSTER_ROLE = "ai-ml-observability-grafana"
RETENTION_SHARE = 0.85
"""Share of a volume that blocks may fill: the WAL, compaction and head chunks need the rest."""

# Reachable part of the control plane → (its key in the chart's values, its groups in defaultRules.rules).
_CONTROL_PLANE = {
    "controllerManager": ("kubeControllerManager", ("kubeControllerManager",)),
    "etcd": ("kubeEtcd", ("etcd",)),
    "proxy": ("kubeProxy", ("kubeProxy",)),
    "scheduler": ("kubeScheduler", ("kubeSchedulerAlerting", "kubeSchedulerRecording")),
}

_COMMENTS = {
    "fullnameOverride": "The documented Service names hold under any release name.",
    "kubeStateMetrics": "The umbrella chart brings kube-state-metrics itself; two would double every kube_* series.",
    "prometheus.prometheusSpec.podMonitorSelectorNilUsesHelmValues": (
        "false: Prometheus selects every monitor, rule, probe and scrape configuration, "
        "not only those labelled with the release's name."
    ),
    "prometheus.prometheusSpec.retentionSize": "85 % of the volume, so that it never fills.",
    "grafana.deploymentStrategy": "A ReadWriteOnce volume cannot be attached to the old and the new pod at once.",
    "grafana.initChownData": "fsGroup gives the volume to Grafana; the root init container is not needed.",
    "grafana.rbac": "A role of this chart that reads ConfigMaps; the subchart's own would read every Secret too.",
    "grafana.adminPassword": "The documented login. It is public: change it wherever others can reach Grafana.",
    "grafana.admin.existingSecret": (
        "Has the keys admin-user and admin-password. The bootstrap makes it unless the profile names another one."
    ),
    "prometheus-node-exporter.prometheus.monitor.relabelings": (
        "`node` is the Kubernetes node's name, as on every monitor of this chart."
    ),
    **grafana_logs.COMMENTS,
}


def component(profile: Profile) -> Component:
    """Gives kube-prometheus-stack as the profile wants it."""
    choices = choices_of(profile, NAME)
    control_plane: Mapping[str, bool] = profile.choices["cluster"]["controlPlane"]
    # Said of every part, also what is the upstream chart's default: values of one profile over another's chart then say
    # all that they have to.
    parts = [(*_CONTROL_PLANE[part], reachable) for part, reachable in sorted(control_plane.items())]
    values: dict[str, Any] = {
        "enabled": choices["enabled"],
        "fullnameOverride": NAME,
        "kubeStateMetrics": {"enabled": False},
        **{key: {"enabled": reachable} for key, _, reachable in parts},
        "defaultRules": {"rules": {group: reachable for _, groups, reachable in parts for group in groups}},
    }
    values["prometheus"] = {"prometheusSpec": _prometheus(profile, choices["prometheus"])}
    values["alertmanager"] = {"alertmanagerSpec": _alertmanager(profile, choices["alertmanager"])}
    values["grafana"] = _grafana(profile, choices["grafana"])
    values["prometheus-node-exporter"] = {
        "fullnameOverride": f"{NAME}-prometheus-node-exporter",
        "prometheus": {
            "monitor": {
                "relabelings": [
                    {
                        "action": "replace",
                        "sourceLabels": ["__meta_kubernetes_pod_node_name"],
                        "targetLabel": "node",
                    }
                ]
            }
        },
    }
    comments = dict(_COMMENTS)
    if values["grafana"]["extraInitContainers"]:
        comments["grafana.extraInitContainers"] = grafana_logs.COPY_COMMENT
    password = "grafana.adminPassword" if choices["grafana"]["adminPassword"] else "grafana.admin.existingSecret"
    for path in {"grafana.adminPassword", "grafana.admin.existingSecret"} - {password}:
        del comments[path]
    for key in (key for key, _, reachable in parts if not reachable):
        comments[key] = "Not reachable in this cluster: no monitor, no dashboard, no alert."
    return Component(NAME, "Prometheus operator, Prometheus, Alertmanager, Grafana, node exporter", values, comments)


def retention_size(volume: str) -> str:
    """Gives Prometheus' retention by size for a volume such as ``50Gi``, in the operator's ByteSize form.

    Never 0, which stands for no limit.
    """
    return f"{max(int(mebibytes(volume) * RETENTION_SHARE), 1)}MiB"


def _prometheus(profile: Profile, choices: Mapping[str, Any]) -> dict[str, Any]:
    selectors = ("podMonitor", "serviceMonitor", "rule", "probe", "scrapeConfig")
    spec: dict[str, Any] = {f"{kind}SelectorNilUsesHelmValues": False for kind in selectors}
    spec |= {
        "replicas": choices["replicas"],
        "retention": choices["retention"],
        "retentionSize": retention_size(choices["volume"]),
        "resources": choices["resources"],
    }
    if profile.choices["storage"]["persistent"]:
        spec["storageSpec"] = {"volumeClaimTemplate": volume_claim(profile, choices["volume"])}
    else:
        spec["storageSpec"] = {"emptyDir": {"sizeLimit": choices["volume"]}}
    return spec


def _alertmanager(profile: Profile, choices: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"replicas": choices["replicas"], "resources": choices["resources"]}
    if profile.choices["storage"]["persistent"]:
        spec["storage"] = {"volumeClaimTemplate": volume_claim(profile, choices["volume"])}
    return spec


def _grafana(profile: Profile, choices: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"fullnameOverride": f"{NAME}-grafana"}
    password: str | None = choices["adminPassword"]
    values["adminPassword"] = password or ""
    values["admin"] = {"existingSecret": "" if password else secret_name(profile, "grafanaAdmin")}
    persistent: bool = profile.choices["storage"]["persistent"]
    values["persistence"] = {"enabled": persistent, "size": choices["volume"]}
    if persistent and (class_name := profile.choices["storage"]["className"]) is not None:
        values["persistence"]["storageClassName"] = class_name
    values["deploymentStrategy"] = {"type": "Recreate" if persistent else "RollingUpdate"}
    values["initChownData"] = {"enabled": False}
    plugin = choices["opensearchPlugin"]
    values |= grafana_logs.log_values(profile, plugin)
    return values | {
        "rbac": {"useExistingClusterRole": GRAFANA_CLUSTER_ROLE},
        "sidecar": {
            "dashboards": {
                "resource": "configmap",
                "folderAnnotation": "grafana_folder",
                "provider": {"foldersFromFilesStructure": True},
            },
            "datasources": {"resource": "configmap"},
        },
        "grafana.ini": {
            "analytics": {"check_for_updates": False, "check_for_plugin_updates": False, "reporting_enabled": False},
            **grafana_logs.preinstalled(profile, plugin),
        },
        "testFramework": {"enabled": False},
        "resources": choices["resources"],
    }

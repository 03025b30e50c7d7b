"""OpenSearch, the store for logs (opensearch chart 3.6.0 values.yaml and templates).

Its users, roles, templates and retention are not here: generator/opensearch has them, and a Job brings them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.component import Component, choices_of
from generator.stack.secrets.names import ADMIN_NAME, NODE_NAME, secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "opensearch"
SERVICE = "opensearch-cluster-master"
"""The Service's name: the chart derives it from clusterName and nodeGroup, never from the release."""

URL = f"https://{SERVICE}:9200"
"""What clients in the release's namespace use; its certificate names the host."""

SECURITY_CONFIG = "ai-ml-observability-opensearch-security"
"""The ConfigMap with the security configuration that a new cluster starts with."""

_CONFIG_FOLDER = "/usr/share/opensearch/config"
_TLS = "tls"
"""The folder of the certificates, below OpenSearch's configuration; it reads no file outside of that."""

_GROUP_MAY_READ = 0o440

_COMMENTS = {
    "config": (
        "allow_mmap: false spares every node the sysctl vm.max_map_count and a privileged container to set it. Nodes "
        "know each other by the name in their certificate, which one authority signs for them alone: they connect by "
        "IP, and no certificate names a pod's IP. Renewed certificates are taken up without a restart, also when they "
        "name more hosts. A wildcard deletes no index."
    ),
    "extraEnvs": (
        "No demo certificates and no demo users. The performance analyzer's agent is a second JVM beside OpenSearch's."
    ),
    "extraVolumes": "In place of the image's own folder, which has users with well-known passwords.",
    "secretMounts": "The whole Secret, without subPath, or a renewed certificate would never reach the pod.",
    "persistence.size": "Also without volumes the size that an index may take a tenth of; see opensearchSetup.",
    "persistence.enableInitChown": "fsGroup gives the volume to OpenSearch; the root init container is not needed.",
    "antiAffinity": "Nodes spread over machines where there are enough.",
    "maxUnavailable": "The PodDisruptionBudget: machines are drained one OpenSearch node at a time.",
}


def component(profile: Profile) -> Component:
    """Gives OpenSearch as the profile wants it."""
    choices = choices_of(profile, NAME)
    heap = choices["heap"]
    persistence: dict[str, Any] = {
        "enabled": profile.choices["storage"]["persistent"],
        "enableInitChown": False,
        "size": choices["volume"],
    }
    if persistence["enabled"]:
        class_name = profile.choices["storage"]["className"]
        if class_name is not None:
            persistence["storageClass"] = class_name
    values: dict[str, Any] = {
        "enabled": choices["enabled"],
        "singleNode": choices["nodes"] == 1,
        "replicas": choices["nodes"],
        "opensearchJavaOpts": f"-Xms{heap} -Xmx{heap}",
        "config": {
            "opensearch.yml": render(
                "stack/opensearch/templates/opensearch.yml", tls=_TLS, node_name=NODE_NAME, admin_name=ADMIN_NAME
            )
        },
        "extraEnvs": [
            {"name": "DISABLE_INSTALL_DEMO_CONFIG", "value": "true"},
            {"name": "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI", "value": "true"},
        ],
        "secretMounts": [
            {
                "name": "tls",
                "secretName": secret_name(profile, "opensearchNodeTls"),
                "path": f"{_CONFIG_FOLDER}/{_TLS}",
                "defaultMode": _GROUP_MAY_READ,
            }
        ],
        "extraVolumes": [{"name": "security-initial", "configMap": {"name": SECURITY_CONFIG}}],
        "extraVolumeMounts": [
            {"name": "security-initial", "mountPath": f"{_CONFIG_FOLDER}/opensearch-security", "readOnly": True}
        ],
        "persistence": persistence,
        "antiAffinity": "soft",
        "maxUnavailable": 1,
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {"allowPrivilegeEscalation": False},
        "enableServiceLinks": False,
        "resources": choices["resources"],
    }
    return Component(NAME, "the store for logs", values, _COMMENTS)

"""OpenSearch, the store for logs (opensearch chart 3.6.0 values.yaml and templates)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.components.component import Component, choices_of

if TYPE_CHECKING:
    from generator.profiles import Profile

NAME = "opensearch"
SERVICE = "opensearch-cluster-master"
"""The Service's name: the chart derives it from clusterName and nodeGroup, never from the release."""

_CONFIG = """\
cluster.name: opensearch-cluster
network.host: 0.0.0.0
node.store.allow_mmap: false
"""

_COMMENTS = {
    "protocol": "Without its security plugin OpenSearch speaks HTTP; the NetworkPolicy lets in only who needs it.",
    "config": ("allow_mmap: false spares every node the sysctl vm.max_map_count and a privileged container to set it."),
    "extraEnvs": "The security plugin needs certificates and password hashes, which no template may generate.",
    "persistence.enableInitChown": "fsGroup gives the volume to OpenSearch; the root init container is not needed.",
    "antiAffinity": "Nodes spread over machines where there are enough.",
}


def component(profile: Profile) -> Component:
    """Gives OpenSearch as the profile wants it."""
    choices = choices_of(profile, NAME)
    heap = choices["heap"]
    persistence: dict[str, Any] = {"enabled": profile.choices["storage"]["persistent"], "enableInitChown": False}
    if persistence["enabled"]:
        persistence["size"] = choices["volume"]
        class_name = profile.choices["storage"]["className"]
        if class_name is not None:
            persistence["storageClass"] = class_name
    values: dict[str, Any] = {
        "enabled": choices["enabled"],
        "singleNode": choices["nodes"] == 1,
        "replicas": choices["nodes"],
        "opensearchJavaOpts": f"-Xms{heap} -Xmx{heap}",
        "protocol": "http",
        "config": {"opensearch.yml": _CONFIG},
        "securityConfig": {"enabled": False},
        "extraEnvs": [
            {"name": "DISABLE_INSTALL_DEMO_CONFIG", "value": "true"},
            {"name": "DISABLE_SECURITY_PLUGIN", "value": "true"},
        ],
        "persistence": persistence,
        "antiAffinity": "soft",
        "resources": choices["resources"],
    }
    return Component(NAME, "the store for logs", values, _COMMENTS)

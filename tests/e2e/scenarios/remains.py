"""What an uninstalled release leaves behind on purpose, as docs/uninstall.md says."""

from __future__ import annotations

import re

STAYS = (
    r"(ServiceAccount|ConfigMap)/monitoring/(default|kube-root-ca\.crt)",
    r"Secret/monitoring/(opensearch|grafana)-[a-z-]+",
    r"Secret/monitoring/kube-prometheus-stack-admission",
    r"PersistentVolumeClaim/monitoring/.+",
    r"PersistentVolume/pvc-.+",
    r"CustomResourceDefinition/.+\.monitoring\.coreos\.com",
    r"Service/kube-system/kube-prometheus-stack-kubelet",
    r"Namespace/monitoring",
)
"""Kind, namespace and name of what may be new after an uninstallation."""


def unexpected(differences: list[str]) -> list[str]:
    """Returns the differences between before a release and after it that nobody has promised."""
    pattern = re.compile(rf"(?:{'|'.join(STAYS)}) is new")
    return [line for line in differences if not pattern.fullmatch(line)]

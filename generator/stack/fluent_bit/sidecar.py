"""The Fluent Bit container that reads Ray's log files beside a Ray container, and the volumes that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONTAINER = "fluentbit"
LOG_VOLUME = "ray-logs"
"""The name that KubeRay gives this volume too, where it adds one for its autoscaler
(ray-project/kuberay feeaf72 ray-operator/controllers/ray/common/pod.go, RayLogVolumeName)."""

CONFIG_VOLUME = CONFIG_MAP = "ray-fluentbit-config"
"""Not the name of the AI on EKS guide's ConfigMap, so that one written by hand stays its owner's."""

GUIDE_CONFIG = "fluentbit-config"
"""What the AI on EKS guide calls its ConfigMap and the volume of its sidecar."""

STATE_VOLUME = "fluentbit-state"

LOG_PATH = "/tmp/ray"  # noqa: S108 - Ray's own default
"""Where Ray writes. ``session_latest`` in it is an absolute link, so the sidecar has the volume at the same path."""

CONFIG_PATH = "/fluent-bit/etc"
"""The image starts with ``-c /fluent-bit/etc/fluent-bit.conf`` (Fluent Bit 5.1.1 dockerfiles/Dockerfile). Every key of
the ConfigMap is a file here, and the image's own parsers.conf is not."""

STATE_PATH = "/var/lib/fluent-bit"
"""Position database and buffer: the one place that the container may write to."""

RAY_UID = 1000
"""User of the rayproject/ray images. The sidecar runs as the user that writes the logs, so it may read them all."""

FIELDS = {
    # The first is what a ConfigMap written by hand from the AI on EKS guide reads.
    "POD_LABELS": "metadata.labels['ray.io/cluster']",
    "RAY_CLUSTER": "metadata.labels['ray.io/cluster']",
    "RAY_NODE_TYPE": "metadata.labels['ray.io/node-type']",
    "RAY_GROUP": "metadata.labels['ray.io/group']",
    "POD_NAME": "metadata.name",
    "POD_NAMESPACE": "metadata.namespace",
    "NODE_NAME": "spec.nodeName",
}


@dataclass(frozen=True)
class LogMount:
    """The volume that holds Ray's log files.

    Attributes:
        volume: its name in the pod.
        sub_path: the folder of it that the Ray container mounts; "" for all of it.
        path: where the Ray container has it, Ray's temporary directory.
    """

    volume: str = LOG_VOLUME
    sub_path: str = ""
    path: str = LOG_PATH


def sidecar(image: str, logs: LogMount, uid: int) -> dict[str, Any]:
    """Returns the container.

    CPU and memory limits equal the requests, so that a pod of the class Guaranteed stays in it.

    Args:
        image: Fluent Bit's image.
        logs: what to mount at LOG_PATH, where the ConfigMap has it read. It is mounted where the Ray container has it
            too, for Ray's links are absolute.
        uid: the user to run as, not 0.
    """
    size = {"cpu": "100m", "memory": "128Mi"}
    log_mount = {"name": logs.volume, "readOnly": True, **({"subPath": logs.sub_path} if logs.sub_path else {})}
    return {
        "name": CONTAINER,
        "image": image,
        "env": [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in FIELDS.items()],
        "resources": {"requests": size, "limits": dict(size)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": uid,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            *({"mountPath": path, **log_mount} for path in dict.fromkeys((LOG_PATH, logs.path))),
            {"mountPath": CONFIG_PATH, "name": CONFIG_VOLUME, "readOnly": True},
            {"mountPath": STATE_PATH, "name": STATE_VOLUME},
        ],
    }


def volume(name: str) -> dict[str, Any]:
    """Returns one of the sidecar's volumes by its name."""
    return {"name": name, **({"configMap": {"name": CONFIG_MAP}} if name == CONFIG_VOLUME else {"emptyDir": {}})}

"""The proof's cluster grown to a fleet: its two GPU nodes, with all that stands on them, again and again.

A copy gives each individual (node, pod, device, process) a name of its own, in every series alike, so that joins find
in it what they find in the proof's cluster. A Ray head is copied once for JOB nodes, whose workers belong to its
cluster. What runs once for a cluster (Karpenter, Argo CD, Prometheus itself, the nodes without a GPU) stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.signals import fleet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.signals.motion import Stored

JOB = 20
"""GPU nodes of one Ray cluster."""

_INDIVIDUALS = frozenset((
    "GpuUuid", "Hostname", "NodeAddress", "ReplicaId", "SessionName", "UUID", "WorkerId", "actor_id", "dataset",
    "exported_pod", "gpu_uuid", "handle", "host_ip", "instance", "internal_ip", "ip", "job_id", "name", "node",
    "node_id", "node_ip_address", "pod", "pod_ip", "pod_uid", "provider_id", "ray_train_run_id",
    "ray_train_worker_actor_id", "replica", "system_uuid", "uid",
))  # fmt: skip
"""Labels that say which one of many it is."""

_HEADS = frozenset(pod.name for pod in (fleet.RAY_TRAIN_HEAD, fleet.RAY_SERVE_HEAD, fleet.RAY_MOUNTED_HEAD))
_NODES = {pod.name: pod.node for pod in fleet.every_pod()}
_NODES_OF_IP = {pod.ip: pod.node for pod in fleet.every_pod()}
_PER_COPY = len(fleet.GPU_NODES)
_HASH = re.compile(r"(?=-[bcdfghjklmnpqrstvwxz2456789]{5}\b)")


def copies(one: Stored, nodes: int) -> Iterator[Mapping[str, str]]:
    """Yields the labels of a series of the proof's cluster, and those of its copies in a fleet.

    Args:
        one: the series.
        nodes: GPU nodes that the fleet has, the proof's two among them.
    """
    yield one.labels
    if one.labels.get("pod") in _HEADS:
        for job in range(1, -(-nodes // JOB)):
            yield {label: _head(label, value, job) for label, value in one.labels.items()}
    elif _home(one.labels) in fleet.GPU_NODES:
        for copy in range(1, -(-nodes // _PER_COPY)):
            yield {label: _on_node(label, value, copy) for label, value in one.labels.items()}


def _home(labels: Mapping[str, str]) -> str:
    """Returns the node that a series belongs to, "" if to none."""
    for label in ("node", "Hostname"):
        if labels.get(label) in fleet.ALL_NODES:
            return labels[label]
    node = _NODES.get(labels.get("pod", ""))
    return node or _NODES_OF_IP.get(labels.get("instance", "").partition(":")[0], "")


def _head(label: str, value: str, job: int) -> str:
    if not value or label == "node":
        return value
    if label in ("ray_io_cluster", "pod"):
        return _of_job(value, job)
    return f"j{job}-{value}" if label in _INDIVIDUALS else value


def _on_node(label: str, value: str, copy: int) -> str:
    if not value:
        return value
    job = copy * _PER_COPY // JOB
    if label == "ray_io_cluster":
        return _of_job(value, job) if job else value
    return f"n{copy}-{value}" if label in _INDIVIDUALS else value


def _of_job(value: str, job: int) -> str:
    """Returns a Ray cluster's or its head's name with the number of a job before KubeRay's random ending."""
    return _HASH.sub(f"-{job}", value, count=1)

"""What a kubelet says of a pod: its status, from what its containers do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def now() -> str:
    """Returns the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(status: Mapping[str, Any]) -> bool:
    """Returns whether a pod is done for good."""
    return status.get("phase") in {"Succeeded", "Failed"}


def waiting(name: str, image: str, reason: str, message: str = "", restarts: int = 0) -> dict[str, Any]:
    """Returns the status of a container that has not started."""
    return _container(name, image, {"waiting": {"reason": reason, "message": message}}, ready=False, restarts=restarts)


def running(name: str, image: str, since: str, *, ready: bool, restarts: int = 0) -> dict[str, Any]:
    """Returns the status of a container that runs."""
    return _container(name, image, {"running": {"startedAt": since}}, ready=ready, restarts=restarts)


def terminated(name: str, image: str, code: int, since: str, message: str = "", restarts: int = 0) -> dict[str, Any]:
    """Returns the status of a container that has ended; ``message`` is the end of its log."""
    state = {
        "exitCode": code,
        "reason": "Error" if code else "Completed",
        "startedAt": since,
        "finishedAt": now(),
        "message": message,
    }
    return _container(name, image, {"terminated": state}, ready=code == 0, restarts=restarts)


def _container(name: str, image: str, state: Mapping[str, Any], *, ready: bool, restarts: int) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "imageID": f"e2e://{image}",
        "containerID": f"e2e://{name}",
        "ready": ready,
        "started": "running" in state,
        "restartCount": restarts,
        "state": dict(state),
        "lastState": {},
    }


def status(
    phase: str, address: str, node: str, started: str, inits: Sequence[Mapping[str, Any]],
    containers: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """Returns the status of a pod.

    Args:
        phase: Pending, Running, Succeeded or Failed.
        address: the pod's.
        node: its node's address.
        started: when the node took it.
        inits: the statuses of its init containers.
        containers: the statuses of its containers; it is ready when all are.
    """
    ready = phase == "Running" and all(each["ready"] for each in containers)
    initialised = all(each["state"].get("terminated", {}).get("exitCode") == 0 for each in inits)
    conditions = {
        "PodReadyToStartContainers": True,
        "Initialized": initialised,
        "ContainersReady": ready,
        "Ready": ready,
        "PodScheduled": True,
    }
    reason = {"reason": "PodCompleted"} if phase == "Succeeded" else {}
    return {
        "phase": phase,
        "hostIP": node,
        "hostIPs": [{"ip": node}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": started,
        "conditions": [
            {"type": kind, "status": str(value), "lastTransitionTime": now(), **({} if value else reason)}
            for kind, value in conditions.items()
        ],
        "initContainerStatuses": list(inits),
        "containerStatuses": list(containers),
    }


def phase_of(pod: Mapping[str, Any], codes: Sequence[int | None]) -> str:
    """Returns a pod's phase from its containers' exit codes, None for one that runs."""
    if any(code is None for code in codes):
        return "Running"
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Always" or (policy == "OnFailure" and any(codes)):
        return "Running"
    return "Failed" if any(codes) else "Succeeded"

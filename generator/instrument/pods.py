"""What the pod template of a Ray group lacks: sidecar, volumes, mounts, ports, label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.instrument.splicing import Addition
from generator.stack.fluent_bit.sidecar import (
    CONFIG_MAP,
    CONFIG_VOLUME,
    CONTAINER,
    LOG_PATH,
    LOG_VOLUME,
    RAY_UID,
    STATE_VOLUME,
    LogMount,
    sidecar,
    volume,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.instrument.lookups import Document
    from generator.instrument.positions import Path

VLLM_LABEL = "ai-ml-observability/vllm-metrics"
"""What the chart's vLLM monitor for Ray Serve selects by (monitors/ray-serve-vllm.yaml)."""

INTERVAL = "RAY_metrics_report_interval_ms"
"""How often Ray's processes hand their metrics to the node's agent (Ray 2.60 src/ray/common/ray_config_def.h); 10,000
unless it is set."""

_RAY = 0
"""KubeRay takes a pod's first container for Ray's (ray-project/kuberay feeaf72
ray-operator/controllers/ray/utils/constant.go, RayContainerIndex)."""

_METRIC_PORTS = {"as-metrics": 44217, "dash-metrics": 44227}
"""Ray 2.60 python/ray/autoscaler/_private/constants.py and python/ray/dashboard/consts.py. The names are shorter than
15 characters, as Kubernetes asks of a port's name."""

_DEFAULT_PORTS = {"gcs-server": 6379, "dashboard": 8265, "client": 10001, "serve": 8000}
"""What KubeRay's head Service offers as long as the head declares no port at all; with one port declared it offers that
one only, and workers no longer find the head (ray-project/kuberay feeaf72
ray-operator/controllers/ray/common/service.go, getServicePorts)."""


def sidecar_additions(document: Document, template: Path, image: str) -> Iterator[Addition]:
    """Yields what a head or worker group's pod template lacks for its log files to be read, inner additions first.

    Raises:
        InputError: the template is not one that KubeRay takes, or a name of ours has another meaning in it.
    """
    spec = (*template, "spec")
    containers = (*spec, "containers")
    names = document.named(containers, needed=True)
    ray = (*containers, _RAY)
    logs, mounted = _log_mount(document, spec)
    if not mounted:
        mount = {"mountPath": LOG_PATH, "name": logs.volume}
        yield _lengthened(document, ray, "volumeMounts", [mount])
    container = sidecar(image, logs, _uid(document, spec))
    if CONTAINER in document.named((*spec, "initContainers")):
        raise document.error(f"found an init container '{CONTAINER}', the sidecar's name", (*spec, "initContainers"))
    if CONTAINER in names:
        _check_sidecar(document, (*containers, names[CONTAINER]), container)
    else:
        yield _lengthened(document, spec, "containers", [container])
    lacking = [volume(name) for name in (logs.volume, CONFIG_VOLUME, STATE_VOLUME) if _lacks(document, spec, name)]
    if lacking:
        yield _lengthened(document, spec, "volumes", lacking)


def port_additions(document: Document, template: Path) -> Iterator[Addition]:
    """Yields the head's ports of the autoscaler's and the dashboard's metrics, if neither name nor number is declared.

    Raises:
        InputError: the container's ports are no list of mappings.
    """
    ray = (*template, "spec", "containers", _RAY)
    path = (*ray, "ports")
    declared = [document.mapping((*path, index)) for index, _ in enumerate(document.sequence(path))]
    taken = {port.get(key) for port in declared for key in ("name", "containerPort")}
    lacking = {name: port for name, port in _METRIC_PORTS.items() if not taken & {name, port}}
    if not declared:
        lacking = _DEFAULT_PORTS | lacking
    if lacking:
        ports = [{"containerPort": port, "name": name} for name, port in lacking.items()]
        yield _lengthened(document, ray, "ports", ports)


def label_additions(document: Document, template: Path) -> Iterator[Addition]:
    """Yields the label that asks for vLLM's metrics to be scraped.

    Raises:
        InputError: the label is there with another value, or the template's labels are no mapping.
    """
    metadata = (*template, "metadata")
    labels = (*metadata, "labels")
    value = document.mapping(labels).get(VLLM_LABEL)
    if value == "true":
        return
    if value is not None:
        hint = "put true in quotes, or leave the label out"
        raise document.error(f"found '{value}', expected the text \"true\"", (*labels, VLLM_LABEL), hint)
    if document.value(labels) is not None:
        yield Addition(labels, VLLM_LABEL, "true")
    elif document.value(metadata) is not None:
        yield Addition(metadata, "labels", {VLLM_LABEL: "true"})
    else:
        yield Addition(template, "metadata", {"labels": {VLLM_LABEL: "true"}})


def interval_additions(document: Document, template: Path, milliseconds: int) -> Iterator[Addition]:
    """Yields the variable that says how often Ray's processes report, for the group's Ray container.

    Ray shows a gauge for two such intervals after it was set (Ray 2.60
    python/ray/_private/telemetry/open_telemetry_metric_recorder.py). The raylet reads it when it starts, and hands it
    to its workers.

    Args:
        document: the manifest.
        template: the pod template.
        milliseconds: the interval.

    Raises:
        InputError: the variable is there with another value, or the environment is no list of named mappings.
    """
    ray = (*template, "spec", "containers", _RAY)
    path = (*ray, "env")
    names = document.named(path)
    if INTERVAL not in names:
        yield _lengthened(document, ray, "env", [{"name": INTERVAL, "value": str(milliseconds)}])
        return
    place = (*path, names[INTERVAL], "value")
    found = document.value(place)
    if found != str(milliseconds):
        shown = f"'{found}'" if found is not None else "no value"
        hint = f'write value: "{milliseconds}", or leave --report-interval out'
        raise document.error(f'found {shown} for {INTERVAL}, expected the text "{milliseconds}"', place, hint)


def _lengthened(document: Document, parent: Path, key: str, items: list[Any]) -> Addition:
    """Lengthens the list under ``key``; makes it where there is none."""
    path = (*parent, key)
    return Addition(parent, key, items) if document.value(path) is None else Addition(path, None, items)


def _log_mount(document: Document, spec: Path) -> tuple[LogMount, bool]:
    """Returns the volume with Ray's log files and whether the Ray container mounts it already."""
    path = (*spec, "containers", _RAY, "volumeMounts")
    volumes = document.named((*spec, "volumes"))
    for index, _ in enumerate(document.sequence(path)):
        mount = document.mapping((*path, index), needed=True)
        name, place = mount.get("name"), str(mount.get("mountPath")).rstrip("/")
        if place == LOG_PATH:
            if not isinstance(name, str) or (name not in volumes and name != LOG_VOLUME):
                raise document.error(f"found '{name}', expected the name of one of the pod's volumes", (*path, index))
            if mount.get("subPathExpr"):
                hint = "use subPath"
                raise document.error("found subPathExpr, which the sidecar cannot follow", (*path, index), hint)
            return LogMount(name, str(mount.get("subPath") or "")), True
        if name == LOG_VOLUME:
            raise document.error(
                f"found the volume '{LOG_VOLUME}' at '{place}', expected it at {LOG_PATH}",
                (*path, index),
                "give the volume another name",
            )
    if LOG_VOLUME in volumes:
        _check_volume(document, (*spec, "volumes", volumes[LOG_VOLUME]), LOG_VOLUME)
    return LogMount(), False


def _lacks(document: Document, spec: Path, name: str) -> bool:
    """Returns whether the pod lacks a volume; one of ours that is there must be what the sidecar expects."""
    volumes = document.named((*spec, "volumes"))
    if name in volumes and name != LOG_VOLUME:
        _check_volume(document, (*spec, "volumes", volumes[name]), name)
    return name not in volumes


def _check_volume(document: Document, path: Path, name: str) -> None:
    volume_source = document.mapping(path)
    if name == CONFIG_VOLUME:
        if (document.mapping((*path, "configMap"))).get("name") != CONFIG_MAP:
            message = f"found another volume '{name}', expected the ConfigMap {CONFIG_MAP}"
            raise document.error(message, path, "give that volume another name")
    elif name in (LOG_VOLUME, STATE_VOLUME) and "emptyDir" not in volume_source:
        message = f"found another volume '{name}', expected an emptyDir"
        raise document.error(message, path, "give that volume another name")


def _check_sidecar(document: Document, path: Path, expected: dict[str, Any]) -> None:
    """A sidecar of ours may run another image or ask for other resources; it must read the same files as the same pod.

    Raises:
        InputError: a container of that name lacks a variable or mounts something else.
    """
    names = set(document.named((*path, "env")))
    lacking = [env["name"] for env in expected["env"] if env["name"] not in names]
    mounts = {
        str(mount.get("mountPath")).rstrip("/"): (mount.get("name"), mount.get("subPath"))
        for mount in (
            document.mapping((*path, "volumeMounts", index))
            for index, _ in enumerate(document.sequence((*path, "volumeMounts")))
        )
    }
    for mount in expected["volumeMounts"]:
        if mounts.get(mount["mountPath"]) != (mount["name"], mount.get("subPath")):
            lacking.append(f"{mount['name']} at {mount['mountPath']}")
    if lacking:
        raise document.error(
            f"found a container '{CONTAINER}' of another make: it lacks {', '.join(lacking)}",
            path,
            "remove it, and what it alone uses, and instrument again",
        )


def _uid(document: Document, spec: Path) -> int:
    """Returns the user that the Ray container runs as, where the manifest names one that is not root."""
    for owner in ((*spec, "containers", _RAY), spec):
        uid = document.mapping((*owner, "securityContext")).get("runAsUser")
        if uid is not None:
            return uid if isinstance(uid, int) and uid > 0 else RAY_UID
    return RAY_UID


def refuse_other_log_path(document: Document, group: Path) -> None:
    """Ray's logs move with its temporary directory, and the links between them are absolute.

    Raises:
        InputError: the group's start parameters, environment or command name another temporary directory.
    """
    ray = (*group, "template", "spec", "containers", _RAY)
    hint = f"leave Ray's temporary directory at {LOG_PATH}"
    message = "found another temporary directory for Ray, whose logs the sidecar would not see"
    start = (*group, "rayStartParams")
    if str(document.mapping(start).get("temp-dir") or LOG_PATH).rstrip("/") != LOG_PATH:
        raise document.error(message, (*start, "temp-dir"), hint)
    env = document.named((*ray, "env"))
    if "RAY_TMPDIR" in env:
        raise document.error(message, (*ray, "env", env["RAY_TMPDIR"]), hint)
    for key in ("command", "args"):
        for index, word in enumerate(document.sequence((*ray, key))):
            if "--temp-dir" in str(word):
                raise document.error(message, (*ray, key, index), hint)

"""What the pod of a Ray group lacks: sidecar, volumes, mounts, ports, label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.instrument.log_folder import check_volume, log_mount
from generator.instrument.sidecars import check_sidecar, is_guides
from generator.instrument.splicing import Addition, Edit, Replacement
from generator.stack.fluent_bit.sidecar import (
    CONFIG_VOLUME,
    CONTAINER,
    GUIDE_CONFIG,
    LOG_VOLUME,
    RAY_UID,
    STATE_VOLUME,
    sidecar,
    volume,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.instrument.lookups import Document
    from generator.instrument.positions import Path
    from generator.instrument.resources import Pod

VLLM_LABEL = "ai-ml-observability/vllm-metrics"
"""What the chart's vLLM monitor for Ray Serve selects by (monitors/ray-serve-vllm.yaml)."""

INTERVAL = "RAY_metrics_report_interval_ms"
"""How often Ray's processes hand their metrics to the node's agent (Ray 2.60 src/ray/common/ray_config_def.h); 10,000
unless it is set."""

_METRIC_PORTS = {"as-metrics": 44217, "dash-metrics": 44227}
"""Ray 2.60 python/ray/autoscaler/_private/constants.py and python/ray/dashboard/consts.py. The names are shorter than
15 characters, as Kubernetes asks of a port's name."""

_DEFAULT_PORTS = {"gcs-server": 6379, "dashboard": 8265, "client": 10001, "serve": 8000}
"""What KubeRay's head Service offers as long as the head declares no port at all; with one port declared it offers that
one only, and workers no longer find the head (ray-project/kuberay feeaf72
ray-operator/controllers/ray/common/service.go, getServicePorts)."""


def sidecar_edits(document: Document, pod: Pod, image: str, folder: str) -> Iterator[Edit]:
    """Yields what a head's or worker group's pod lacks for its log files to be read, inner edits first.

    Args:
        document: the manifest.
        pod: where the pod's parts are.
        image: the sidecar's image.
        folder: Ray's temporary directory in this pod.

    Raises:
        InputError: the pod is not one that KubeRay takes, or a name of ours has another meaning in it.
    """
    containers = (*pod.spec, pod.containers)
    names = document.named(containers, needed=pod.whole)
    logs, mounted = log_mount(document, pod, folder)
    if not mounted:
        yield _lengthened(document, pod.ray, "volumeMounts", [{"mountPath": folder, "name": logs.volume}])
    container = sidecar(image, logs, _uid(document, pod))
    if CONTAINER in document.named((*pod.spec, "initContainers")):
        raise document.error(
            f"found an init container '{CONTAINER}', the sidecar's name", (*pod.spec, "initContainers")
        )
    volumes = document.named((*pod.spec, "volumes"))
    needed = [logs.volume, CONFIG_VOLUME, STATE_VOLUME]
    if CONTAINER not in names:
        yield _lengthened(document, pod.spec, pod.containers, [container])
    elif is_guides(document, (*containers, names[CONTAINER])):
        found = document.mapping((*containers, names[CONTAINER]))
        kept = {key: found[key] for key in ("imagePullPolicy", "resources") if key in found}
        yield Replacement((*containers, names[CONTAINER]), container | kept)
        if GUIDE_CONFIG in volumes and CONFIG_VOLUME not in volumes and not _mounted_elsewhere(document, pod):
            yield Replacement((*pod.spec, "volumes", volumes[GUIDE_CONFIG]), volume(CONFIG_VOLUME))
            needed.remove(CONFIG_VOLUME)
    else:
        check_sidecar(document, (*containers, names[CONTAINER]), container)
    lacking = [volume(name) for name in needed if _lacks(document, pod.spec, name)]
    if lacking:
        yield _lengthened(document, pod.spec, "volumes", lacking)


def _mounted_elsewhere(document: Document, pod: Pod) -> bool:
    """Returns whether anything but the sidecar mounts the volume of the guide's ConfigMap."""
    owners: list[Path] = [pod.ray]
    for key in (pod.containers, "initContainers"):
        path = (*pod.spec, key)
        owners += [(*path, index) for name, index in document.named(path).items() if name != CONTAINER]
    mounts = ((*owner, "volumeMounts") for owner in owners)
    return any(
        document.mapping((*path, index)).get("name") == GUIDE_CONFIG
        for path in mounts
        for index, _ in enumerate(document.sequence(path))
    )


def port_additions(document: Document, pod: Pod) -> Iterator[Addition]:
    """Yields the head's ports of the autoscaler's and the dashboard's metrics, if neither name nor number is declared.

    Raises:
        InputError: the container's ports are no list of mappings.
    """
    path = (*pod.ray, "ports")
    declared = [document.mapping((*path, index)) for index, _ in enumerate(document.sequence(path))]
    taken = {
        document.scalar((*path, index, key)) for index, _ in enumerate(declared) for key in ("name", "containerPort")
    }
    lacking = {name: port for name, port in _METRIC_PORTS.items() if not taken & {name, port}}
    if not declared:
        lacking = _DEFAULT_PORTS | lacking
    if lacking:
        ports = [{"containerPort": port, "name": name} for name, port in lacking.items()]
        yield _lengthened(document, pod.ray, "ports", ports)


def label_additions(document: Document, pod: Pod) -> Iterator[Addition]:
    """Yields the label that asks for vLLM's metrics to be scraped.

    Raises:
        InputError: the label is there with another value, or the template's labels are no mapping.
    """
    labels = pod.labels
    metadata = labels[:-1]
    value = document.mapping(labels).get(VLLM_LABEL)
    if value == "true":
        return
    if value is not None:
        hint = "put true in quotes, or leave the label out"
        raise document.error(f"found '{value}', expected the text \"true\"", (*labels, VLLM_LABEL), hint)
    if document.value(labels) is not None:
        yield Addition(labels, VLLM_LABEL, "true")
    elif document.value(metadata) is not None or not pod.whole:
        yield Addition(metadata, "labels", {VLLM_LABEL: "true"})
    else:
        yield Addition(metadata[:-1], "metadata", {"labels": {VLLM_LABEL: "true"}})


def interval_additions(document: Document, pod: Pod, milliseconds: int) -> Iterator[Addition]:
    """Yields the variable that says how often Ray's processes report, for the group's Ray container.

    Ray shows a gauge for two such intervals after it was set (Ray 2.60
    python/ray/_private/telemetry/open_telemetry_metric_recorder.py). The raylet reads it when it starts, and hands it
    to its workers.

    Args:
        document: the manifest.
        pod: where the pod's parts are.
        milliseconds: the interval.

    Raises:
        InputError: the variable is there with another value, or the environment is no list of named mappings.
    """
    path = (*pod.ray, pod.env)
    names = document.named(path)
    if INTERVAL not in names:
        yield _lengthened(document, pod.ray, pod.env, [{"name": INTERVAL, "value": str(milliseconds)}])
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


def _lacks(document: Document, spec: Path, name: str) -> bool:
    """Returns whether the pod lacks a volume; one of ours that is there must be what the sidecar expects."""
    volumes = document.named((*spec, "volumes"))
    if name in volumes and name != LOG_VOLUME:
        check_volume(document, (*spec, "volumes", volumes[name]), name)
    return name not in volumes


def _uid(document: Document, pod: Pod) -> int:
    """Returns the user that the Ray container runs as, where the manifest names one that is not root."""
    for context in pod.security:
        uid = document.mapping(context).get("runAsUser")
        if uid is not None:
            return uid if isinstance(uid, int) and uid > 0 else RAY_UID
    return RAY_UID

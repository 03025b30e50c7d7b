"""The multiplied cluster: every copy is the proof's cluster with names of its own, and joins within itself."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from generator.files import yamlfile
from tests.conftest import ROOT
from tests.cost.fleet import JOB, copies
from tests.signals import fleet
from tests.signals.motion import Stored


def of(nodes: int, **labels: str) -> list[dict[str, str]]:
    return [dict(found) for found in copies(Stored({"__name__": "m", **labels}, "gauge", 1.0), nodes)]


WORKER = fleet.RAY_TRAIN_WORKER
HEAD = fleet.RAY_TRAIN_HEAD


def test_what_stands_on_a_gpu_node_is_there_once_for_each_pair_of_nodes() -> None:
    found = of(100, node=fleet.GPU_NODES[0], pod="vllm-0")
    assert len(found) == 50
    assert found[0] == {"__name__": "m", "node": fleet.GPU_NODES[0], "pod": "vllm-0"}
    assert len({one["node"] for one in found}) == len({one["pod"] for one in found}) == 50


def test_what_runs_once_in_a_cluster_is_not_multiplied() -> None:
    assert len(of(100, pod="karpenter-0", namespace="karpenter")) == 1
    assert len(of(100, job="apiserver")) == 1


def test_a_pods_node_is_known_where_the_series_does_not_name_it() -> None:
    assert len(of(10, pod="vllm-0", job="kube-state-metrics")) == 5
    assert len(of(10, instance=f"{fleet.VLLM[0].ip}:8000")) == 5


@given(st.integers(min_value=2, max_value=500))
def test_each_worker_is_in_a_cluster_that_has_a_head(nodes: int) -> None:
    cluster = HEAD.labels["ray.io/cluster"]
    heads = [one["ray_io_cluster"] for one in of(nodes, pod=HEAD.name, node=HEAD.node, ray_io_cluster=cluster)]
    workers = [one["ray_io_cluster"] for one in of(nodes, pod=WORKER.name, node=WORKER.node, ray_io_cluster=cluster)]
    assert len(heads) == len(set(heads)) == -(-nodes // JOB)
    assert set(workers) == set(heads)
    assert max(workers.count(head) for head in heads) <= JOB // len(fleet.GPU_NODES)


def test_the_menu_of_jobs_cuts_kuberays_ending_off_the_copies_too() -> None:
    board = yamlfile.load_mapping(ROOT / "dashboards" / "gpu-training.yaml")
    (regex,) = (menu["regex"].strip("/") for menu in board["variables"] if menu["name"] == "job")
    found = of(60, pod=HEAD.name, ray_io_cluster="ray-train-x7b2k")
    jobs = [re.search(regex, one["ray_io_cluster"]) for one in found]
    assert [job and job[1] for job in jobs] == ["ray-train", "ray-train-1", "ray-train-2"]


def test_devices_of_different_nodes_have_different_names() -> None:
    found = of(8, Hostname=fleet.GPU_NODES[1], UUID="GPU-1", gpu="0")
    assert len({one["UUID"] for one in found}) == 4
    assert {one["gpu"] for one in found} == {"0"}

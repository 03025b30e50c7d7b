"""The chart's monitors find every pod of the examples, on the ports that count, and each target once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.examples.support import RAY_FILES, deployment_pod, file_objects, pods
from tests.monitors.prometheus import scraped

if TYPE_CHECKING:
    from tests.monitors.conftest import Rendered
    from tests.monitors.prometheus import Pod


def targets(monitors: Rendered, pod: Pod) -> list[tuple[str, str]]:
    """Returns job and address of what Prometheus scrapes on a pod."""
    return sorted(
        (target["job"], target["__address__"].removeprefix(pod.ip) + target["__metrics_path__"])
        for target in scraped(monitors.values(), [pod])
    )


HEAD = [("ray", ":44217/metrics"), ("ray", ":44227/metrics"), ("ray", ":8080/metrics")]


@pytest.mark.parametrize("file", RAY_FILES)
def test_a_head_is_scraped_on_its_three_ports_and_a_worker_on_one(file: str, render_all: Rendered) -> None:
    (resource,) = (one for one in file_objects(file) if one["apiVersion"] == "ray.io/v1")
    mounted = [("ray-serve-vllm", ":8000/metrics")] if "mounted" in file else []
    found = {group: targets(render_all, pod) for group, pod in pods(resource).items()}
    head = found.pop("headgroup")
    assert head == HEAD + mounted
    assert set(map(tuple, found.values())) == {(("ray", ":8080/metrics"),)}


def test_a_server_without_ray_is_scraped_on_its_port(render_all: Rendered) -> None:
    deployment, _ = file_objects("inference/vllm-serve/vllm.yaml")
    assert targets(render_all, deployment_pod(deployment)) == [("vllm", ":8000/metrics")]


def test_a_head_is_named_by_its_job_as_the_dashboard_shows_it(render_all: Rendered) -> None:
    (job,) = file_objects("training/base/rayjob.yaml")
    found = scraped(render_all.values(), [pods(job)["headgroup"]])
    assert {target["ray_io_cluster"] for target in found} == {"ray-train-b2c4d"}

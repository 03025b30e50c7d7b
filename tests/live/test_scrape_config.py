"""A Prometheus with static targets stores what one in the cluster would store."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.files import yamlfile
from tests.live.ray_cluster import CLUSTER, HEAD_IP, NAMESPACE, WORKER_IP, ray_pods
from tests.live.scrape_config import monitors_of, prometheus_config
from tests.monitors.prometheus import scraped
from tests.signals import server

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.build import Build
    from generator.build.sources import Sources
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api

ADDRESSES = {
    (HEAD_IP, 8080): "127.0.0.1:9",
    (HEAD_IP, 44217): "127.0.0.1:10",
    (HEAD_IP, 44227): "127.0.0.1:11",
    (WORKER_IP, 8080): "127.0.0.1:12",
}


def build_of(sources: Sources, choices: dict[str, Any] | None = None) -> Build:
    layers = [Layer("mine.yaml", choices)] if choices else []
    return fit(load_profile("standalone", sources, layers), sources)


def discovered_by(api: Api) -> list[dict[str, Any]]:
    """Returns the active targets; Prometheus takes static ones over five seconds after its start."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        active: list[dict[str, Any]] = api.get("targets", state="active")["data"]["activeTargets"]
        if active:
            return active
        time.sleep(0.1)
    pytest.fail("no targets after 30 s")


def test_each_endpoint_that_finds_a_pod_becomes_a_job(sources: Sources, tmp_path: Path) -> None:
    monitors = monitors_of(build_of(sources), tmp_path)
    config = prometheus_config(monitors, ray_pods(), ADDRESSES)
    assert [job["job_name"] for job in config["scrape_configs"]] == [
        f"podMonitor/monitoring/ray/{index}" for index in range(3)
    ]
    mounted = prometheus_config(monitors, ray_pods(mounted=True), {**ADDRESSES, (HEAD_IP, 8000): "127.0.0.1:13"})
    assert {job["job_name"] for job in mounted["scrape_configs"]} == {
        *(job["job_name"] for job in config["scrape_configs"]),
        "podMonitor/monitoring/ray-serve-vllm/0",
    }
    for job in config["scrape_configs"]:
        assert (job["scrape_interval"], job["sample_limit"], job["metrics_path"]) == ("30s", 100000, "/metrics")


def test_the_values_of_the_profile_count(sources: Sources, tmp_path: Path) -> None:
    build = build_of(sources, {"monitors": {"interval": "15s", "dropMetrics": ["ray_grpc_.*"], "sampleLimit": 7}})
    (job, *_) = prometheus_config(monitors_of(build, tmp_path), ray_pods(), ADDRESSES)["scrape_configs"]
    assert job["scrape_interval"] == "15s"
    assert "ray_grpc_.*" in str(job["metric_relabel_configs"])


def test_a_key_that_has_no_counterpart_is_refused(sources: Sources, tmp_path: Path) -> None:
    (shared,) = (each for each in monitors_of(build_of(sources), tmp_path) if each["metadata"]["name"] == "ray")
    monitor = copy.deepcopy(shared)
    monitor["spec"]["podMetricsEndpoints"][0]["proxyUrl"] = "http://proxy"
    with pytest.raises(ValueError, match="ray: no counterpart of the endpoint's proxyUrl"):
        prometheus_config([monitor], ray_pods(), ADDRESSES)


@pytest.mark.slow
def test_prometheus_makes_the_same_targets_of_it(sources: Sources, binaries: Binaries, tmp_path: Path) -> None:
    """The model of tests/monitors and Prometheus' own relabelling agree, and the address asked is the process'."""
    monitors = monitors_of(build_of(sources), tmp_path / "chart")
    config = tmp_path / "prometheus.yml"
    config.write_text(yamlfile.dump(prometheus_config(monitors, ray_pods(), ADDRESSES)), encoding="utf-8")
    with server.running(binaries, tmp_path / "data", config=config) as api:
        active = discovered_by(api)
    expected = [
        {name: value for name, value in target.items() if not name.startswith("__")}
        for target in scraped([each for each in monitors if each["metadata"]["name"] == "ray"], ray_pods())
    ]
    found = [target["labels"] for target in active]
    assert sorted(found, key=str) == sorted((dict(sorted(each.items())) for each in expected), key=str)
    assert {target["labels"]["ray_io_cluster"] for target in active} == {CLUSTER}
    assert {target["labels"]["namespace"] for target in active} == {NAMESPACE}
    assert sorted(target["scrapeUrl"] for target in active) == [
        f"http://{address}/metrics" for address in sorted(ADDRESSES.values())
    ]

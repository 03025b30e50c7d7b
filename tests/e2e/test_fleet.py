"""The fleet's sources, the pods that KubeRay would make, and what stands in for idle exporters."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import requests

from generator.catalogue.exposition import parse_exposition
from tests import helm
from tests.e2e import answers, fleet
from tests.e2e.fleet import SourceError, Workload
from tests.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path

CHART = {
    "chart/Chart.yaml": """
apiVersion: v2
name: c
version: 0.1.0
dependencies: [{name: d, version: 1.0.0, repository: ""}]
""",
    "chart/templates/all.yaml": """
kind: Deployment
apiVersion: apps/v1
metadata: {name: {{ .Values.name }}}
spec: {template: {spec: {nodeSelector: {gpu: "true"}, containers: [{name: a, resources: {limits: {gpu: 1}}}]}}}
---
kind: ServiceMonitor
apiVersion: v1
metadata: {name: m}
""",
}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A source with a chart in the cache; returns its commit."""
    monkeypatch.setattr("tests.helm.CACHE", tmp_path)
    folder = tmp_path / "fleet" / "them" / "it"
    for path, text in CHART.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "chart"]):
        subprocess.run(["git", "-C", folder, *words], check=True)
    return subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout[:40]


def workload(commit: str, **more: object) -> Workload:
    return Workload("w", [], {}, "them/it", commit, **{"chart": "chart", "values": {"name": "given"}, **more})  # type: ignore[arg-type]


@pytest.mark.skipif(helm.any_binary() is None, reason="no helm: install tests/helm-binaries.txt")
def test_a_chart_is_rendered_from_its_commit_without_what_needs_a_gpu(clone: str, tmp_path: Path) -> None:
    (found,) = fleet.rendered(workload(clone), tmp_path / "out")
    assert found["metadata"]["name"] == "given"
    assert found["spec"]["template"]["spec"] == {"containers": [{"name": "a"}]}


@pytest.mark.parametrize(
    ("repository", "commit", "message"),
    [
        ("them/other", "", r"git clone https://github.com/them/other \S+/fleet/them/other$"),
        ("them/it", "0" * 40, "does not have 000000000000: git -C .* fetch"),
    ],
)
@pytest.mark.usefixtures("clone")
def test_a_source_that_is_missing_is_named_with_the_command_that_gets_it(
    repository: str, commit: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        fleet.source(Workload("w", [], {}, repository, commit, chart="chart"))


def test_kuberay_gives_a_pod_its_labels_and_the_port_that_it_lacks() -> None:
    template = {"spec": {"containers": [{"name": "ray", "ports": [{"containerPort": 6379, "name": "gcs"}]}]}}
    own = {"spec": {"containers": [{"name": "ray", "ports": [{"containerPort": 9000, "name": "metrics"}]}]}}
    cluster = {
        "metadata": {"name": "c", "namespace": "ns"},
        "spec": {"headGroupSpec": {"template": template}, "workerGroupSpecs": [{"groupName": "g", "template": own}]},
    }
    head, worker = fleet.ray_pods(cluster)
    assert head["metadata"]["labels"]["ray.io/node-type"] == "head"
    assert [port["containerPort"] for port in head["spec"]["containers"][0]["ports"]] == [6379, 8080]
    assert worker["metadata"]["labels"]["ray.io/group"] == "g"
    assert [port["containerPort"] for port in worker["spec"]["containers"][0]["ports"]] == [9000]


def test_every_page_of_the_fleet_is_an_exposition_and_no_counter_of_the_catalogue_has_counted() -> None:
    for each in fleet.workloads():
        for answer in each.answers:
            assert parse_exposition(answers.page(answer.page), file=each.name)
    text = answers.page(["karpenter"])
    counters = {
        line.split()[2] for line in text.splitlines() if line.startswith("# TYPE") and line.endswith(" counter")
    }
    counted = [line for line in text.splitlines() if line.split("{")[0] in counters]
    assert counted
    assert all(line.endswith(" 0") for line in counted)


def test_a_gauge_that_is_healthy_only_above_zero_is() -> None:
    (line,) = [each for each in answers.page(["dcgm"]).splitlines() if each.startswith("DCGM_FI_DEV_GPU_TEMP{")]
    assert line.endswith(" 35")


def test_pages_are_served_at_their_path_alone() -> None:
    (port,) = free_ports(1)
    serving = answers.Answering()
    serving.serve("127.0.0.1", port, "/metrics", "a 1\n")
    serving.serve("127.0.0.1", port, "/other", "b 1\n")
    try:
        assert requests.get(f"http://127.0.0.1:{port}/metrics?x=1", timeout=5).text == "a 1\n"
        assert requests.get(f"http://127.0.0.1:{port}/other", timeout=5).text == "b 1\n"
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 404
    finally:
        serving.close()

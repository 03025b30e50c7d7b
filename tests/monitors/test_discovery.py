"""Every way of deploying in docs/workloads.md is a target of a real Prometheus, rightly labelled; nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.monitors import discovery
from tests.monitors.corpus import Entry, entries
from tests.monitors.kubernetes_api import api_server
from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.monitors.conftest import Rendered
    from tests.signals.binaries import Binaries

CORPUS = entries()


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an API server that has the corpus' pods, which serve metrics."""
    (port,) = free_ports(1)
    try:
        with discovery.serving(CORPUS, tmp_path_factory.mktemp("pods")), api_server([e.pod for e in CORPUS], port):
            yield f"http://127.0.0.1:{port}"
    except OSError as error:
        pytest.skip(f"no addresses of 127.0.0.0/8 to serve on: {error}")


def expected(pod: Entry) -> set[tuple[str, str, str]]:
    """Returns what is scraped on a pod: workload, endpoint, and where."""
    scheme = "https" if pod.tls else "http"
    return {
        (*target.split("/"), f"{scheme}://{pod.ip}:{address}")  # type: ignore[misc]
        for target, address in pod.targets.items()
    }


def found(target: Mapping[str, Any]) -> tuple[str, str, str]:
    labels = target["labels"]
    return labels["job"], labels["endpoint"], target["scrapeUrl"]


@pytest.fixture(params=["modelled", "written by the operator"])
def config(request: pytest.FixtureRequest, where: str, rendered: Rendered) -> dict[str, Any]:
    pods = [monitor for monitor in rendered.values() if monitor["kind"] == "PodMonitor"]
    if request.param == "modelled":
        return discovery.modelled(pods, where)
    program = discovery.operator_program()
    if program is None:
        pytest.skip("no operator-config: 'make operator-config' builds it, or name one with GEN_CHART_OPERATOR_CONFIG")
    return discovery.written_by_the_operator(program, pods, where)


@pytest.mark.slow
def test_each_way_of_deploying_is_a_target_that_is_up_and_nothing_else_is(
    binaries: Binaries, config: dict[str, Any], tmp_path: Path
) -> None:
    wanted = [target for pod in CORPUS for target in expected(pod)]
    with discovery.prometheus(binaries, config, tmp_path) as api:
        targets = discovery.settled(api, len(wanted))
    assert sorted(map(found, targets)) == sorted(wanted)
    assert [(found(target), target["lastError"]) for target in targets if target["health"] != "up"] == []
    by_address = {pod.ip: pod.pod for pod in CORPUS}
    for target in targets:
        labels, pod = target["labels"], by_address[str(urlsplit(target["scrapeUrl"]).hostname)]
        assert labels["node"] == "node-a"
        assert labels["instance"] == urlsplit(target["scrapeUrl"]).netloc
        if labels["job"] != "dcgm":  # the GPU's user names the pod
            assert labels["pod"] == pod["metadata"]["name"]
            assert labels["namespace"] == pod["metadata"]["namespace"]
        if "container" in labels:
            assert labels["container"] in [each["name"] for each in pod["spec"]["containers"]]


def test_each_way_that_the_page_calls_seen_has_a_pod_in_the_corpus(specs: Mapping[str, Mapping[str, Any]]) -> None:
    ways = {entry.way for entry in CORPUS if entry.way}
    for name in ("vllm", "sglang", "triton", "nim", "ray", "ray-serve-vllm", "dcgm", "neuron"):
        for example in specs[name]["examples"]:
            seen = any(pod["targets"] for pod in example["pods"]) and "values" not in example
            assert not seen or example.get("way") in {*ways, None}, example["way"]
    known = {example.get("way") for spec in specs.values() for example in spec["examples"]}
    assert ways <= known


def test_the_corpus_has_pods_that_must_be_left_alone() -> None:
    assert sum(not entry.targets for entry in CORPUS) >= 20
    assert len({entry.ip for entry in CORPUS}) == len(CORPUS)
    names = [(entry.pod["metadata"]["namespace"], entry.pod["metadata"]["name"]) for entry in CORPUS]
    assert len(set(names)) == len(names)

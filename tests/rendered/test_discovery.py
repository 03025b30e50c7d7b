"""With the rendered Prometheus, the operator's own code and a real Prometheus, the largest Service is found whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PROFILES, lineage
from tests.monitors import discovery
from tests.monitors.kubernetes_api import api_server, pod_object
from tests.ports import free_ports
from tests.rendered.test_chart import named, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.rendered.test_chart import Render
    from tests.signals.binaries import Binaries

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

NODE_EXPORTER = "kube-prometheus-stack-prometheus-node-exporter"
NODES = 1010
LARGEST = 1000
"""Addresses in an Endpoints object at most (Kubernetes 1.37, pkg/controller/endpoint maxCapacity)."""

SLICE = 100
"""Addresses in an EndpointSlice unless kube-controller-manager is told otherwise (--max-endpoints-per-slice)."""


def config(objects: Iterable[dict[str, Any]], api: str = "") -> dict[str, Any]:
    program = discovery.operator_program()
    if program is None:
        pytest.skip("no operator-config: 'make operator-config' builds it, or name one with GEN_CHART_OPERATOR_CONFIG")
    return discovery.written_by_the_operator(program, objects, api)


@pytest.mark.parametrize("profile", [name for name in PROFILES if "bring-your-own-prometheus" not in lineage(name)])
def test_the_operator_has_prometheus_discover_by_slices_and_makes_them_for_kubelets(
    rendered: Render, profile: str
) -> None:
    documents = rendered(profile)
    monitors = of_kind(documents, "ServiceMonitor")
    jobs = config([*of_kind(documents, "Prometheus"), *monitors])["scrape_configs"]
    assert len(jobs) >= len(monitors) > 5
    assert {entry["role"] for job in jobs for entry in job["kubernetes_sd_configs"]} == {"endpointslice"}
    # What another role discovers is empty here: a rule that reads it keeps nothing, or labels nothing.
    read = {name for job in jobs for rule in job["relabel_configs"] for name in rule.get("source_labels", ())}
    assert not [
        name for name in read if name.startswith(("__meta_kubernetes_endpoints_", "__meta_kubernetes_endpoint_"))
    ]

    operator = named(documents, "Deployment", "kube-prometheus-stack-operator")["spec"]["template"]["spec"]
    arguments = operator["containers"][0]["args"]
    assert "--kubelet-endpointslice=true" in arguments
    assert "--kubelet-endpoints=false" in arguments
    for name, verbs in (("prometheus", {"get", "list", "watch"}), ("operator", {"get", "create", "list", "update"})):
        rules = named(documents, "ClusterRole", f"kube-prometheus-stack-{name}")["rules"]
        (rule,) = [rule for rule in rules if "endpointslices" in rule.get("resources", ())]
        assert rule["apiGroups"] == ["discovery.k8s.io"]
        assert verbs <= set(rule["verbs"])


def test_more_nodes_than_endpoints_hold_are_all_targets(rendered: Render, binaries: Binaries, tmp_path: Path) -> None:
    documents = rendered("standalone")
    service, daemons = (named(documents, kind, NODE_EXPORTER) for kind in ("Service", "DaemonSet"))
    pods = [
        pod_object(
            {**daemons["spec"]["template"], "metadata": {
                "namespace": "monitoring", "name": f"{NODE_EXPORTER}-{index}",
                "labels": daemons["spec"]["template"]["metadata"]["labels"]}},
            f"127.77.{index // 250}.{1 + index % 250}",
            node=f"node-{index}",
        )
        for index in range(NODES)
    ]  # fmt: skip
    (port,) = free_ports(1)
    api = f"http://127.0.0.1:{port}"
    written = config([*of_kind(documents, "Prometheus"), named(documents, "ServiceMonitor", NODE_EXPORTER)], api)
    others = {"services": [service], "endpoints": [_endpoints(service, pods)], "endpointslices": _slices(service, pods)}
    with api_server(pods, port, others), discovery.prometheus(binaries, written, tmp_path, seconds=600) as prometheus:
        targets = discovery.discovered(prometheus, NODES)
    assert len(targets) == NODES
    assert {target["labels"]["node"] for target in targets} == {pod["spec"]["nodeName"] for pod in pods}
    assert {target["labels"]["job"] for target in targets} == {"node-exporter"}


def _endpoints(service: dict[str, Any], pods: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns what the endpoints controller makes of a Service: the first thousand of its pods."""
    (port,) = service["spec"]["ports"]
    addresses = [
        {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _reference(pod)}
        for pod in pods[:LARGEST]
    ]
    subset = {"addresses": addresses, "ports": [{"name": port["name"], "port": port["port"], "protocol": "TCP"}]}
    return {"metadata": {**_metadata(service), "name": service["metadata"]["name"]}, "subsets": [subset]}


def _slices(service: dict[str, Any], pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns what the EndpointSlice controller makes of a Service."""
    (port,) = service["spec"]["ports"]
    name = service["metadata"]["name"]
    return [
        {
            "metadata": {**_metadata(service), "name": f"{name}-{start}"},
            "addressType": "IPv4",
            "ports": [{"name": port["name"], "port": port["port"], "protocol": "TCP"}],
            "endpoints": [
                {
                    "addresses": [pod["status"]["podIP"]],
                    "conditions": {"ready": True},
                    "nodeName": pod["spec"]["nodeName"],
                    "targetRef": _reference(pod),
                }
                for pod in pods[start : start + SLICE]
            ],
        }
        for start in range(0, len(pods), SLICE)
    ]


def _metadata(service: dict[str, Any]) -> dict[str, Any]:
    labels = {**service["metadata"]["labels"], "kubernetes.io/service-name": service["metadata"]["name"]}
    return {"namespace": "monitoring", "labels": labels}


def _reference(pod: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}

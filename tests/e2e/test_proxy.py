"""What the proxy listens on, and whom it passes connections to."""

from __future__ import annotations

from typing import Any

from tests.e2e.kubelet import hosts
from tests.e2e.proxy import endpoints, wanted


def service(address: str, **port: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "n", "name": "s"}, "spec": {"clusterIP": address, "ports": [port]}}


def test_headless_services_and_udp_are_left_out() -> None:
    udp = service("10.96.0.6", port=53, protocol="UDP")
    every = [service("10.96.0.5", port=443, name="https"), service("None", port=80), udp]
    assert wanted(every) == {("10.96.0.5", 443): ("n", "s", "https")}


def test_only_ready_endpoints_of_the_port_are_taken() -> None:
    slice_ = {
        "metadata": {"namespace": "n", "labels": {"kubernetes.io/service-name": "s"}},
        "ports": [{"name": "https", "port": 10250}, {"name": "other", "port": 1}],
        "endpoints": [
            {"addresses": ["10.244.0.3"], "conditions": {"ready": True}},
            {"addresses": ["10.244.0.2"], "conditions": {}},
            {"addresses": ["10.244.0.9"], "conditions": {"ready": False}},
        ],
    }
    foreign = {**slice_, "metadata": {"namespace": "other", "labels": {"kubernetes.io/service-name": "s"}}}
    assert endpoints([slice_, foreign], "n", "s", "https") == [("10.244.0.2", 10250), ("10.244.0.3", 10250)]


def test_a_pod_knows_the_services_of_its_namespace_by_their_short_name_and_all_by_their_long_ones() -> None:
    found = hosts([service("10.96.0.5", port=1), service("None", port=2)], "n").splitlines()
    assert found[2:] == ["10.96.0.5 s s.n s.n.svc s.n.svc.cluster.local"]
    (line,) = hosts([service("10.96.0.5", port=1)], "other").splitlines()[2:]
    assert line == "10.96.0.5 s.n s.n.svc s.n.svc.cluster.local"

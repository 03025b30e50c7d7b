"""Which objects a Prometheus of the operator reads, by its selectors as the operator means them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.doctor.cluster import Cluster, Resource
from generator.doctor.kubernetes import containers_of

MONITOR = Resource("PodMonitor", "team", "vllm", {"release": "mine"})
EVERYWHERE: dict[str, Any] = {"podMonitorNamespaceSelector": {}}
SELECTORS: tuple[tuple[str, dict[str, Any], bool], ...] = (
    ("none selects nothing", {**EVERYWHERE}, False),
    ("an empty one selects everything", {**EVERYWHERE, "podMonitorSelector": {}}, True),
    ("a label that fits", {**EVERYWHERE, "podMonitorSelector": {"matchLabels": {"release": "mine"}}}, True),
    ("a label that does not", {**EVERYWHERE, "podMonitorSelector": {"matchLabels": {"release": "prom"}}}, False),
    ("an expression that fits", {**EVERYWHERE, "podMonitorSelector": {"matchExpressions": [
        {"key": "release", "operator": "In", "values": ["mine"]}, {"key": "old", "operator": "DoesNotExist"}]}}, True),
    ("an expression that does not", {**EVERYWHERE, "podMonitorSelector": {"matchExpressions": [
        {"key": "release", "operator": "NotIn", "values": ["mine"]}]}}, False),
    ("no selector of namespaces means its own", {"podMonitorSelector": {}}, False),
    ("one of namespaces that fits", {"podMonitorSelector": {}, "podMonitorNamespaceSelector": {
        "matchLabels": {"kind": "ml"}}}, True),
)  # fmt: skip


@pytest.mark.parametrize(("name", "spec", "read"), SELECTORS, ids=[one[0] for one in SELECTORS])
def test_a_prometheus_reads_what_its_selectors_fit(name: str, spec: dict[str, Any], read: bool) -> None:
    prometheus = Resource("Prometheus", "monitoring", "main", {}, spec)
    cluster = Cluster((), (MONITOR,), (), (prometheus,), {"team": {"kind": "ml"}, "monitoring": {}})
    assert cluster.selects(prometheus, MONITOR) is read
    assert [one.cause for one in cluster.of_monitor(MONITOR)] == ([] if read else ["monitor-not-selected"])
    refused = replace(MONITOR, refused="no such action")
    assert [one.cause for one in cluster.of_monitor(refused)] == ["monitor-refused"]


def test_a_pod_that_is_not_scheduled_says_why_and_one_that_has_ended_is_none() -> None:
    pod = {
        "metadata": {"name": "a", "namespace": "team"},
        "spec": {"containers": [{"name": "main", "image": "i", "ports": [{"containerPort": 1}, {"containerPort": 2,
                 "protocol": "UDP"}]}]},
        "status": {"phase": "Pending", "conditions": [{"status": "False", "message": "0/3 nodes are available"}]},
    }  # fmt: skip
    (found,) = containers_of(pod)
    assert (found.ready, found.reason, found.ports) == (False, "0/3 nodes are available", (("", 1),))
    assert list(containers_of({**pod, "status": {"phase": "Succeeded"}})) == []
    assert list(containers_of({"spec": {"containers": 7}, "status": []})) == []

"""kube-state-metrics and metrics-server: one of each in a cluster, with the labels and certificates it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[..., dict[str, Any]]


def test_kubernetes_labels_become_metric_labels_by_resource_in_a_fixed_order(values: Values) -> None:
    labels = {"pods": ["b", "a/c"], "nodes": ["z"], "jobs": []}
    found = values("standalone", {"components": {"kube-state-metrics": {"labels": labels}}})["kube-state-metrics"]
    assert found["metricLabelsAllowlist"] == ["nodes=[z]", "pods=[b,a/c]"]


def test_ray_clusters_and_node_pools_can_be_told_apart_in_every_profile(values: Values) -> None:
    text = " ".join(values("jark")["kube-state-metrics"]["metricLabelsAllowlist"])
    assert "ray.io/cluster" in text
    assert "karpenter.sh/nodepool" in text


def test_kube_state_metrics_is_scraped_once_and_names_the_objects_it_describes(values: Values) -> None:
    found = values()["kube-state-metrics"]
    assert found["prometheusScrape"] is False
    assert found["prometheus"]["monitor"] == {"enabled": True, "http": {"honorLabels": True}}


def test_kube_state_metrics_may_list_no_secrets(values: Values) -> None:
    assert values()["kube-state-metrics"]["collectorsExclude"] == ["secrets"]


def test_the_kubelets_certificates_are_verified_unless_the_profile_says_otherwise(values: Values) -> None:
    assert values("standalone")["metrics-server"]["args"] == []
    assert values("kind")["metrics-server"]["args"] == ["--kubelet-insecure-tls"]


def test_metrics_server_has_the_replicas_that_the_profile_names(values: Values) -> None:
    change = {"components": {"metrics-server": {"replicas": 2}}}
    assert values("standalone", change)["metrics-server"]["replicas"] == 2


def test_the_cluster_keeps_what_it_has_of_its_own(values: Values) -> None:
    assert values("jark")["metrics-server"]["enabled"] is False
    own = values("bring-your-own-prometheus")
    assert [name for name, found in own.items() if found["enabled"]] == ["opensearch", "fluent-bit"]

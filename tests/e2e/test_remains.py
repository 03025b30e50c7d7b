"""What may be left of a release, and what may not."""

from __future__ import annotations

import pytest

from tests.e2e.scenarios.remains import unexpected


@pytest.mark.parametrize(
    "line",
    [
        "Secret/monitoring/opensearch-node-tls is new",
        "PersistentVolumeClaim/monitoring/kube-prometheus-stack-grafana is new",
        "CustomResourceDefinition/prometheuses.monitoring.coreos.com is new",
        "Service/kube-system/kube-prometheus-stack-kubelet is new",
    ],
)
def test_what_the_docs_promise_may_stay(line: str) -> None:
    assert unexpected([line]) == []


@pytest.mark.parametrize(
    "line",
    [
        "ClusterRole/ai-ml-observability-fluent-bit is new",
        "Job/monitoring/ai-ml-observability-bootstrap-secrets is new",
        "Secret/other/opensearch-admin is new",
        "CustomResourceDefinition/rayclusters.ray.io is new",
        "ConfigMap/kube-system/coredns is gone",
        "Secret/monitoring/opensearch-ca changed: data",
    ],
)
def test_anything_else_is_named(line: str) -> None:
    assert unexpected([line]) == [line]

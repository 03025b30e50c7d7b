"""What `helm test` starts in each profile: which Pods, with which logins, and that they reach what they ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rendered.test_chart import of_kind
from tests.rendered.test_network_policies import WITH_STACK, admits, server

if TYPE_CHECKING:
    from collections.abc import Callable

    Render = Callable[..., list[dict[str, Any]]]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

PREFIX = "ai-ml-observability-test-"
LOGINS = {
    "alerts": {},
    "dashboards": {"grafana": "grafana-admin"},
    "document": {"reader": "opensearch-grafana", "writer": "opensearch-fluent-bit"},
    "line": {"reader": "opensearch-grafana"},
    "targets": {},
}
"""Question → where a login is mounted → its Secret."""


def pods_of(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns the Pods by their question."""
    return {pod["metadata"]["name"].removeprefix(PREFIX): pod for pod in of_kind(documents, "Pod")}


def plan(documents: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = (each for each in of_kind(documents, "ConfigMap") if each["metadata"]["name"] == PREFIX.rstrip("-"))
    assert "annotations" not in found["metadata"]  # a hook would be asked for its log
    read: dict[str, Any] = json.loads(found["data"]["plan.json"])
    return read


@pytest.mark.parametrize("profile", WITH_STACK)
def test_each_question_is_a_pod_that_helm_starts_with_no_right_and_the_logins_that_it_needs(
    rendered: Render, profile: str
) -> None:
    documents = rendered(profile)
    pods = pods_of(documents)
    assert pods.keys() == LOGINS.keys() == plan(documents)["questions"].keys()
    for question, pod in pods.items():
        assert pod["metadata"]["annotations"] == {
            "helm.sh/hook": "test",
            "helm.sh/hook-delete-policy": "before-hook-creation",
        }
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert "serviceAccountName" not in spec
        mounted = {each["name"]: each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each}
        mounted.pop("authority", None)
        wanted = LOGINS[question]
        if profile == "jark" and question == "dashboards":  # its password is in the values
            wanted = {"grafana": "kube-prometheus-stack-grafana"}
        assert mounted == wanted


def test_without_a_stack_opensearch_alone_is_asked(rendered: Render) -> None:
    documents = rendered("bring-your-own-prometheus")
    assert pods_of(documents).keys() == {"document", "line"}
    assert plan(documents)["questions"].keys() == {"document", "line"}


@pytest.mark.parametrize("profile", WITH_STACK)
def test_prometheus_is_asked_for_every_monitor_of_the_release(rendered: Render, profile: str) -> None:
    documents = rendered(profile)
    ours = {
        f"{kind[0].lower()}{kind[1:]}/monitoring/{each['metadata']['name']}"
        for kind in ("PodMonitor", "ServiceMonitor")
        for each in of_kind(documents, kind)
        if each["metadata"]["labels"].get("app.kubernetes.io/part-of") == "ai-ml-observability"
    }
    assert len(ours) > 10
    assert set(plan(documents)["monitors"]) == ours


def test_grafana_is_asked_for_every_dashboard_of_the_release(rendered: Render) -> None:
    documents = rendered("standalone")
    ours = {
        json.loads(text)["uid"]
        for each in of_kind(documents, "ConfigMap")
        if each["metadata"]["name"].startswith("ai-ml-observability-dashboard-")
        for text in each["data"].values()
    }
    assert set(plan(documents)["dashboards"].values()) == ours


def test_the_pods_reach_what_they_ask_and_nobody_reaches_them(render_overlay: Render) -> None:
    client = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    policies = {"values": {"networkPolicies": {"enabled": True, "grafanaClients": [client]}}}
    documents = render_overlay("standalone", policies)
    asks = {
        "targets": [("prometheus", 9090)],
        "alerts": [("prometheus", 9090), ("alertmanager", 9093)],
        "dashboards": [("grafana", 3000)],
        "document": [("opensearch", 9200)],
        "line": [("opensearch", 9200)],
    }
    for question, pod in pods_of(documents).items():
        me = ("monitoring", pod["metadata"]["labels"])
        for name, port in asks[question]:
            assert admits(documents, server(documents, name), port, me), (question, name)
        assert admits(documents, server(documents, "opensearch"), 9200, me) == (question in {"document", "line"})
        assert not admits(documents, pod["metadata"]["labels"], 80, me)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("off", "left"),
    [
        (
            {"values": {"kube-prometheus-stack": {"alertmanager": {"enabled": False}}}},
            {"dashboards", "document", "line", "targets"},
        ),
        ({"components": {"fluent-bit": {"enabled": False}}}, {"alerts", "dashboards", "document", "targets"}),
        (
            {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}},
            {"alerts", "dashboards", "targets"},
        ),
        (
            {"values": {"kube-prometheus-stack": {"grafana": {"enabled": False}}}},
            {"alerts", "document", "line", "targets"},
        ),
    ],
)
def test_what_is_off_is_not_asked(render_overlay: Render, off: dict[str, Any], left: set[str]) -> None:
    documents = render_overlay("standalone", off)
    assert pods_of(documents).keys() == left
    jobs = set(plan(documents)["jobs"])
    assert ("fluent-bit" in jobs) == ("line" in left)
    assert ("opensearch" in jobs) == ("document" in left)

"""Who reaches what through the rendered NetworkPolicies, decided as Kubernetes does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PROFILES, lineage
from tests.monitors.prometheus import selects
from tests.rendered.test_chart import of_kind
from tests.rendered.test_no_secrets import pod_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Objects = list[dict[str, Any]]
    Render = Callable[..., Objects]
    Pod = tuple[str, Mapping[str, str]]
    """Namespace and labels."""

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

WITH_STACK = [profile for profile in PROFILES if "bring-your-own-prometheus" not in lineage(profile)]
STACK = "kube-prometheus-stack"
ANYONE: Pod = ("team-a", {"app": "anything"})
BESIDE: Pod = ("monitoring", {"app.kubernetes.io/name": "grafana", "app.kubernetes.io/instance": "observability"})
THEIR_PROMETHEUS: Pod = ("elsewhere", {"app.kubernetes.io/name": "prometheus"})
RAY_HEAD: Pod = ("ray", {"ray.io/node-type": "head"})
RAY_WORKER: Pod = ("ray", {"ray.io/node-type": "worker"})
KEDA: Pod = ("keda", {"app.kubernetes.io/name": "keda-operator"})


def admits(documents: Objects, to: Mapping[str, str], port: int, who: Pod) -> bool:
    """Returns whether a pod of the release's namespace takes a connection (networking.k8s.io/v1 NetworkPolicy)."""
    policies = [
        each["spec"]
        for each in of_kind(documents, "NetworkPolicy")
        if each["metadata"].get("namespace") == "monitoring" and selects(each["spec"]["podSelector"], to)
    ]
    assert all(policy["policyTypes"] == ["Ingress"] for policy in policies)
    return not policies or any(
        (not rule.get("ports") or any(each["port"] == port for each in rule["ports"]))
        and (not rule.get("from") or any(_is(peer, who) for peer in rule["from"]))
        for policy in policies
        for rule in policy.get("ingress") or ()
    )


def _is(peer: Mapping[str, Any], who: Pod) -> bool:
    namespace, labels = who
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace}):
            return False
    elif namespace != "monitoring":
        return False
    return selects(peer.get("podSelector", {}), labels)


def server(documents: Objects, name: str) -> dict[str, str]:
    """Returns the labels of the pods of a server, those that the operator gives them included."""
    if name in ("prometheus", "alertmanager"):
        (custom,) = of_kind(documents, name.capitalize())
        # Prometheus operator v0.93 pkg/prometheus/common.go and pkg/alertmanager/statefulset.go.
        own = custom["metadata"]["name"]
        return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": own, name: own}
    return next(labels for labels in pods(documents) if labels.get("app.kubernetes.io/name") == name)


def pods(documents: Objects) -> list[dict[str, str]]:
    found = []
    for each in documents:
        if pod_spec(each) is not None:
            spec = each["spec"].get("jobTemplate", {}).get("spec", each["spec"])
            found.append(spec["template"]["metadata"]["labels"])
    return found


@pytest.mark.parametrize("profile", WITH_STACK)
def test_prometheus_and_alertmanager_answer_their_namespace_and_named_clients(rendered: Render, profile: str) -> None:
    documents = rendered(profile)
    prometheus, alertmanager = (server(documents, name) for name in ("prometheus", "alertmanager"))
    for who in (BESIDE, RAY_HEAD, KEDA):
        assert admits(documents, prometheus, 9090, who)
    for who in (ANYONE, RAY_WORKER, THEIR_PROMETHEUS):
        assert not admits(documents, prometheus, 9090, who)
    assert admits(documents, alertmanager, 9093, BESIDE)
    assert admits(documents, alertmanager, 9094, ("monitoring", alertmanager))
    for who in (ANYONE, RAY_HEAD):
        assert not admits(documents, alertmanager, 9093, who)
    assert admits(documents, server(documents, "grafana"), 3000, ANYONE)


@pytest.mark.parametrize("profile", PROFILES)
def test_exporters_answer_a_prometheus_wherever_it_runs_and_jobs_nobody(rendered: Render, profile: str) -> None:
    documents = rendered(profile)
    ours: Pod = ("monitoring", {"app.kubernetes.io/name": "prometheus"})
    for name, port in (("fluent-bit", 2020), ("opensearch-exporter", 9114)):
        assert admits(documents, server(documents, name), port, ours)
        assert admits(documents, server(documents, name), port, THEIR_PROMETHEUS)
        for who in (ANYONE, BESIDE):
            assert not admits(documents, server(documents, name), port, who)
    if profile in WITH_STACK:
        states = server(documents, "kube-state-metrics")
        assert [admits(documents, states, 8080, who) for who in (ours, THEIR_PROMETHEUS, ANYONE, BESIDE)] == [
            True, True, False, False,
        ]  # fmt: skip
    jobs = [labels for each in of_kind(documents, "Job", "CronJob") for labels in pods([each])]
    own = [labels for labels in jobs if labels.get("app.kubernetes.io/part-of") == "ai-ml-observability"]
    assert {labels["app.kubernetes.io/name"] for labels in own} == {
        "opensearch-setup", "secrets-bootstrap", "secrets-rotation", "certificates-renewal",
    }  # fmt: skip
    assert not any(admits(documents, labels, 80, who) for labels in own for who in (ANYONE, BESIDE, ours))


def test_clients_that_are_named_are_let_in_and_others_are_not(render_overlay: Render) -> None:
    ingress = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    named = {"prometheusClients": [ingress], "alertmanagerClients": [ingress], "grafanaClients": [ingress]}
    documents = render_overlay("standalone", {"values": {"networkPolicies": named}})
    controller: Pod = ("ingress-nginx", {"app": "controller"})
    for name, port in (("prometheus", 9090), ("alertmanager", 9093), ("grafana", 3000)):
        assert admits(documents, server(documents, name), port, controller)
        assert admits(documents, server(documents, name), port, BESIDE)
        assert not admits(documents, server(documents, name), port, ANYONE)


def test_without_policies_there_are_none(render_overlay: Render) -> None:
    assert of_kind(render_overlay("standalone", {"networkPolicies": False}), "NetworkPolicy") == []


def test_no_policy_has_an_empty_list_which_each_upgrade_would_write_anew(
    rendered: Callable[..., list[dict[str, Any]]],
) -> None:
    """Kubernetes stores none: the object that comes back differs from the rendered one, in ArgoCD for ever."""
    for policy in of_kind(rendered("standalone"), "NetworkPolicy"):
        assert policy["spec"].get("ingress") != [], policy["metadata"]["name"]

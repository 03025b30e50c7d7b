"""Every pod says what it needs and gives up what it does not; what there are several of survives the loss of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.stack.priorities import NODE_CLASS
from tests.conftest import PROFILES
from tests.rendered.test_chart import named, of_kind
from tests.rendered.test_no_secrets import pod_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Objects = list[dict[str, Any]]
    Render = Callable[..., Objects]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

WRITABLE = {
    "grafana": "13.2 replaces plugins of its image, and ends them before it finds that it cannot (grafana#132528)",
    "grafana-sc-dashboard": "not tried with a read-only root",
    "opensearch": "its start writes the keystore and settings beside the configuration",
    "configfile": "the same image, which copies the configuration",
}
"""Containers whose root file system is not read-only, and why."""

STACK = "kube-prometheus-stack"
SEVERAL = {
    "components": {
        STACK: {"prometheus": {"replicas": 2}, "alertmanager": {"replicas": 3}},
        "metrics-server": {"replicas": 2},
    },
    "priorityClasses": {"others": "high"},
}


def containers(documents: Objects) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yields (kind/name of the workload, its pods, a container of it), init containers too."""
    for each in documents:
        pod = pod_spec(each)
        if pod is not None:
            for container in (*pod.get("initContainers", ()), *pod["containers"]):
                yield f"{each['kind']}/{each['metadata']['name']}", pod, container


@pytest.mark.parametrize("profile", PROFILES)
def test_every_container_says_what_it_needs_and_cannot_take_more_memory(rendered: Render, profile: str) -> None:
    documents = rendered(profile)
    lacking = [
        (workload, container["name"], part)
        for workload, _, container in containers(documents)
        for part, key in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        if key not in (container.get("resources") or {}).get(part, {})
    ]
    assert lacking == []
    for custom in of_kind(documents, "Prometheus", "Alertmanager"):
        assert {"requests", "limits"} <= set(custom["spec"]["resources"])
    for operator in of_kind(documents, "Deployment"):
        if operator["metadata"]["name"] == f"{STACK}-operator":
            arguments = dict(each[2:].split("=", 1) for each in pod_spec(operator)["containers"][0]["args"])  # type: ignore[index]
            for what in ("cpu-request", "memory-request", "memory-limit"):
                assert arguments[f"config-reloader-{what}"] not in ("", "0")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_container_has_rights_that_it_does_not_need(rendered: Render, profile: str) -> None:
    writable = set()
    for workload, pod, container in containers(rendered(profile)):
        own, shared = container.get("securityContext") or {}, pod.get("securityContext") or {}
        where = f"{workload}: {container['name']}"
        assert own.get("allowPrivilegeEscalation") is False, where
        assert own.get("capabilities", {}).get("drop") == ["ALL"], where
        assert (own.get("seccompProfile") or shared.get("seccompProfile")) == {"type": "RuntimeDefault"}, where
        if own.get("readOnlyRootFilesystem") is not True:
            writable.add(container["name"])
    assert writable <= set(WRITABLE)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_not_the_containers_is_said_for_the_pod(rendered: Render, profile: str) -> None:
    """A container that others add to a pod of ours, such as a mesh's, has the pod's seccomp profile."""
    bare = {
        each["metadata"]["name"]
        for each in rendered(profile)
        if (pod := pod_spec(each)) is not None
        and (pod.get("securityContext") or {}).get("seccompProfile") != {"type": "RuntimeDefault"}
    }
    assert bare == set()


@pytest.mark.parametrize("profile", PROFILES)
def test_what_runs_on_every_node_goes_before_what_has_no_class(rendered: Render, profile: str) -> None:
    documents = rendered(profile)
    daemons = of_kind(documents, "DaemonSet")
    assert {each["spec"]["template"]["spec"]["priorityClassName"] for each in daemons} == {NODE_CLASS}
    made = named(documents, "PriorityClass", NODE_CLASS)
    assert 0 < made["value"] <= 1_000_000_000  # beyond it are Kubernetes' own
    assert not made.get("globalDefault")


def test_a_class_of_the_clusters_own_is_named_and_none_is_made(render_overlay: Render) -> None:
    documents = render_overlay("standalone", {"priorityClasses": {"daemonSets": "theirs", "others": None}})
    assert of_kind(documents, "PriorityClass") == []
    daemons = of_kind(documents, "DaemonSet")
    assert {each["spec"]["template"]["spec"]["priorityClassName"] for each in daemons} == {"theirs"}


def test_what_there_are_several_of_is_spread_and_not_drained_at_once(render_overlay: Render) -> None:
    documents = render_overlay("standalone", SEVERAL)
    budgets = [each["spec"]["selector"]["matchLabels"] for each in of_kind(documents, "PodDisruptionBudget")]
    several = 0
    for each in of_kind(documents, "Deployment", "StatefulSet", "Prometheus", "Alertmanager"):
        custom = each["kind"] in ("Prometheus", "Alertmanager")
        spec = each["spec"] if custom else each["spec"]["template"]["spec"]
        if each["metadata"]["name"] != "metrics-server":
            assert spec["priorityClassName"] == "high", each["metadata"]["name"]
        if each["spec"].get("replicas", 1) < 2:
            continue
        several += 1
        labels = {"app.kubernetes.io/name": each["kind"].lower(), each["kind"].lower(): each["metadata"]["name"]}
        labels = labels if custom else each["spec"]["template"]["metadata"]["labels"]
        assert any(
            all(labels.get(key) == value for key, value in selector.items() if key in labels)
            and selector.keys() & labels
            for selector in budgets
        ), each["metadata"]["name"]
        (constraint,) = spec["topologySpreadConstraints"]
        assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"  # or a zone that is gone would hold up the rest
    assert several == 4


def test_no_client_can_reload_end_or_empty_prometheus(rendered: Render) -> None:
    """With a reload by signal the operator leaves --web.enable-lifecycle out (0.93.1, pkg/prometheus/promcfg.go)."""
    (prometheus,) = of_kind(rendered("standalone"), "Prometheus")
    assert prometheus["spec"]["reloadStrategy"] == "ProcessSignal"
    assert prometheus["spec"]["enableAdminAPI"] is False

"""What the Kubernetes API tells the doctor, asked of a real API server; nothing runs on it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.doctor.causes import read_causes, said
from generator.doctor.expected import expected_of
from generator.doctor.kubernetes import open_cluster, read_cluster, read_release
from generator.doctor.release import of_secret, with_values
from generator.doctor.snapshot import ServerFacts, Snapshot
from generator.doctor.view import View
from generator.doctor.web import Limits, Load
from generator.doctor.workloads import unscraped
from generator.errors import InputError
from generator.files.location import sources_root
from tests import kubernetes
from tests.live.shipped import the_build
from tests.monitors.conftest import upstream_crds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.causes import Found
    from generator.doctor.cluster import Cluster
    from tests.kubernetes import ApiServer

pytest.importorskip("kubernetes", reason="the package kubernetes is not installed: pip install 'gen-chart[kubernetes]'")
pytestmark = [pytest.mark.slow, pytest.mark.thorough]

CAUSES = read_causes(sources_root())
KINDS = ("podmonitors", "servicemonitors", "prometheusrules", "prometheuses")
SELECTOR = {"matchLabels": {"release": "mine"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = upstream_crds()
    if folder is None:
        pytest.skip("no kube-prometheus-stack at hand for its CRDs: 'gen-chart vendor' fetches it")
    try:
        with kubernetes.api_server(tmp_path_factory.mktemp("api")) as found:
            for kind in KINDS:
                (path,) = folder.glob(f"crd-{kind}.yaml")
                found.apply(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader), "")
            found.create_namespace("team")
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
            found.apply(account, "team")
            _wait_for_kinds(found)
            yield found
    except kubernetes.NotFoundError as error:
        pytest.skip(str(error))


def _wait_for_kinds(server: ApiServer) -> None:
    import time

    until = time.monotonic() + 60
    while time.monotonic() < until:
        known = server.get("apis/monitoring.coreos.com/v1") or {"resources": []}
        if {each["name"] for each in known["resources"]} >= set(KINDS):
            return
        time.sleep(0.5)
    raise AssertionError("the API server does not serve the operator's kinds")


def read(server: ApiServer) -> tuple[Cluster, dict[str, str]]:
    unseen: dict[str, str] = {}
    return read_cluster(open_cluster(None, server.kubeconfig, Limits(), Load()), unseen), unseen


def put(server: ApiServer, kind: str, name: str, spec: dict[str, Any], **labels: str) -> None:
    metadata = {"name": name, "namespace": "team", "labels": labels}
    server.apply({"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": metadata, "spec": spec}, "team")


def remove(server: ApiServer, plural: str, name: str) -> None:
    server.ask("DELETE", f"apis/monitoring.coreos.com/v1/namespaces/team/{plural}/{name}").raise_for_status()


def prometheus(server: ApiServer, name: str, **spec: Any) -> None:
    everything: dict[str, Any] = {
        key: {} for begin in ("podMonitor", "serviceMonitor", "rule") for key in (f"{begin}NamespaceSelector",)
    }
    put(server, "Prometheus", name, {"podMonitorSelector": SELECTOR, "ruleSelector": SELECTOR, **everything, **spec})


def monitor(server: ApiServer, name: str = "vllm", **labels: str) -> None:
    put(server, "PodMonitor", name, {"selector": {}, "podMetricsEndpoints": [{"port": "http"}]}, **labels)


def pod(server: ApiServer, name: str, image: str, *, port: int = 8000, labels: dict[str, str] | None = None,
        state: dict[str, Any] | None = None, container: str = "main") -> None:  # fmt: skip
    spec = {"containers": [{"name": container, "image": image, "ports": [{"containerPort": port}]}]}
    metadata = {"name": name, "namespace": "team", "labels": labels or {"app": name}}
    server.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, "team")
    statuses = [{"name": container, "image": image, "imageID": "", "restartCount": 0, "ready": state is None,
                 "state": state or {"running": {}}}]  # fmt: skip
    body = {"status": {"phase": "Running", "containerStatuses": statuses}}
    path = f"api/v1/namespaces/team/pods/{name}/status"
    server.ask("PATCH", path, body, kind="application/merge-patch+json").raise_for_status()


def words(found: Found) -> str:
    cause = CAUSES[found.cause]
    return "\n".join(said(text, dict(found.facts)) for text in (cause.title, cause.means, cause.remedy, cause.overlay))


def causes(server: ApiServer, workload: str = "") -> dict[str, Found]:
    """Returns what is wrong with monitors and rules, or why a workload is not scraped, by the cause's name."""
    cluster, _ = read(server)
    facts = ServerFacts(targets=())
    snapshot = Snapshot(facts, containers=cluster.containers, cluster=cluster)
    view = View(snapshot, expected_of(the_build("standalone"), chosen=False), {})
    found = unscraped(view, workload) if workload else cluster.causes(view)
    return {one.cause: one for one in found}


def test_a_monitor_that_no_prometheus_selects_is_told_with_the_label_that_mends_it(server: ApiServer) -> None:
    prometheus(server, "mine")
    monitor(server)
    pod(server, "chat", "vllm/vllm-openai:v0.33.0")
    found = causes(server)["monitor-not-selected"]
    assert "release: mine" in words(found)
    assert "team/vllm" in words(found)
    assert "monitors.labels.release: mine" in words(found)
    # The pods of the workload have no other cause than that.
    assert list(causes(server, "vllm")) == ["monitor-not-selected"]
    monitor(server, release="mine")
    assert causes(server) == {}
    assert list(causes(server, "vllm")) == ["unscraped"]


def test_a_rule_that_no_prometheus_selects_is_told(server: ApiServer) -> None:
    prometheus(server, "mine")
    put(server, "PrometheusRule", "alerts", {"groups": []})
    assert "release: mine" in words(causes(server)["rule-not-selected"])
    put(server, "PrometheusRule", "alerts", {"groups": []}, release="mine")
    assert causes(server) == {}


def test_a_namespace_that_prometheus_does_not_look_into_is_told(server: ApiServer) -> None:
    prometheus(server, "mine", podMonitorNamespaceSelector={"matchLabels": {"team": "ml"}})
    monitor(server, release="mine")
    assert "namespace team" in words(causes(server)["monitor-not-selected"])
    prometheus(server, "mine")
    assert causes(server) == {}


def test_a_second_prometheus_that_reads_the_same_monitors_is_told(server: ApiServer) -> None:
    prometheus(server, "mine")
    monitor(server, release="mine")
    prometheus(server, "another")
    found = causes(server)["two-prometheus"]
    assert "team/another" in words(found)
    assert "2 Prometheus servers" in words(found)
    remove(server, "prometheuses", "another")
    assert causes(server) == {}


def test_monitors_without_any_prometheus_of_the_operator_are_told(server: ApiServer) -> None:
    monitor(server, release="mine")
    remove(server, "prometheuses", "mine")
    assert list(causes(server)) == ["operator-missing"]
    prometheus(server, "mine")
    assert causes(server) == {}


def test_what_the_operator_refuses_is_told_in_its_own_words(server: ApiServer) -> None:
    monitor(server, release="mine")
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "vllm.1", "namespace": "team"},
        "type": "Warning", "reason": "InvalidConfiguration", "message": "unknown relabeling action",
        "involvedObject": {"kind": "PodMonitor", "namespace": "team", "name": "vllm"},
    }  # fmt: skip
    server.apply(event, "team")
    assert "unknown relabeling action" in words(causes(server)["monitor-refused"])
    server.ask("DELETE", "api/v1/namespaces/team/events/vllm.1").raise_for_status()
    assert causes(server) == {}


def test_a_workload_without_a_monitor_is_told(server: ApiServer) -> None:
    pod(server, "triton", "nvcr.io/nvidia/tritonserver:25.10-py3", port=8002)
    assert "monitors.triton.enabled: true" in words(causes(server, "triton")["monitor-not-there"])


def test_a_port_that_is_not_looked_for_is_told(server: ApiServer) -> None:
    monitor(server, release="mine")
    pod(server, "odd", "vllm/vllm-openai:v0.33.0", port=5000)
    found = causes(server, "vllm")["port-undeclared"]
    assert "5000" in words(found)
    assert "8000" in words(found)
    assert "monitors.vllm.endpoints.api.ports: [5000]" in words(found)


def test_a_container_that_does_not_run_is_told_in_kubernetes_words(server: ApiServer) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    pod(server, "pulled", "vllm/vllm-openai:v9", state=waiting)
    assert "ImagePullBackOff: no such image" in words(causes(server, "vllm")["pod-not-running"])


def test_pods_without_the_label_that_a_monitor_selects_are_told(server: ApiServer) -> None:
    monitor(server, "ray", release="mine")
    pod(server, "head", "rayproject/ray:2.60.0", port=8080, container="ray-head", labels={"ray.io/cluster": "mine"})
    assert "ray.io/node-type" in words(causes(server, "ray")["label-differs"])


def test_what_the_login_may_not_list_is_said_and_left_out(server: ApiServer) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "pods-only"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}  # fmt: skip
    server.apply(role, "")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "pods-only"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods-only"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "team"}],
    }  # fmt: skip
    server.apply(binding, "")
    text = server.kubeconfig.read_text("utf-8").replace(server.token, server.token_of("team", "default"))
    limited = server.kubeconfig.with_name("limited")
    limited.write_text(text, "utf-8")
    unseen: dict[str, str] = {}
    cluster = read_cluster(open_cluster(None, limited, Limits(), Load()), unseen)
    assert cluster.containers
    assert cluster.monitors == ()
    assert unseen["podmonitors"] == "podmonitors: the login may not list them"


def test_a_context_that_is_not_there_is_one_line(server: ApiServer) -> None:
    with pytest.raises(InputError, match="nowhere"):
        open_cluster("nowhere", server.kubeconfig, Limits(), Load())


def test_the_release_in_the_cluster_says_what_should_be_there(server: ApiServer) -> None:
    release = {
        "chart": {"metadata": {"name": "ai-ml-observability"}, "values": {"monitors": {"vllm": {"enabled": True}}}},
        "config": {"monitors": {"vllm": {"enabled": False}}},
    }
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode())).decode()
    labels = {"owner": "helm", "status": "deployed", "name": "mine"}
    server.apply(
        {
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "stringData": {"release": packed},
            "metadata": {"name": "sh.helm.release.v1.mine.v1", "namespace": "team", "labels": labels},
        },
        "team",
    )  # fmt: skip
    own = {"app.kubernetes.io/part-of": "ai-ml-observability", "app.kubernetes.io/instance": "mine"}
    monitor(server, "sglang", release="mine", **own)
    cluster, _ = read(server)
    api = open_cluster(None, server.kubeconfig, Limits(), Load())
    values = read_release(api, cluster, {})
    assert values == {"monitors": {"vllm": {"enabled": False}}}
    build = with_values(the_build("standalone"), values)
    assert expected_of(build, chosen=True).monitors["vllm"] is False
    assert expected_of(build, chosen=True).monitors["sglang"] is True
    unseen: dict[str, str] = {}
    (server.kubeconfig.with_name("nobody")).write_text(
        server.kubeconfig.read_text("utf-8").replace(server.token, server.token_of("team", "default")), "utf-8"
    )
    nobody = open_cluster(None, server.kubeconfig.with_name("nobody"), Limits(), Load())
    assert read_release(nobody, cluster, unseen) is None
    assert "may not list" in unseen["the release's Secret"]


@pytest.mark.parametrize("text", ["", "e30=", "!", base64.b64encode(base64.b64encode(b"{}")).decode()])
def test_a_secret_that_is_no_release_of_this_chart_says_nothing(text: str) -> None:
    assert of_secret(text) is None

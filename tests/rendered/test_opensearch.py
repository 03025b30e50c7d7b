"""OpenSearch as the real upstream chart and this chart's templates render it together."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from tests import libyaml

if TYPE_CHECKING:
    from collections.abc import Callable

    Render = Callable[..., list[dict[str, Any]]]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

HOME = "/usr/share/opensearch/config"
SETUP = "ai-ml-observability-opensearch-setup"


def found(objects: list[dict[str, Any]], kind: str, name: str) -> Any:
    (one,) = [each for each in objects if each["kind"] == kind and each["metadata"]["name"].startswith(name)]
    return one


def pod_of(objects: list[dict[str, Any]]) -> Any:
    return found(objects, "StatefulSet", "opensearch-cluster-master")["spec"]["template"]["spec"]


def test_what_opensearch_reads_is_mounted_where_its_configuration_says(rendered: Render) -> None:
    objects = rendered("standalone")
    (container,) = pod_of(objects)["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    text = found(objects, "ConfigMap", "opensearch-cluster-master-config")["data"]["opensearch.yml"]
    for key, value in libyaml.load(text).items():
        if key.endswith("_filepath"):
            folder, _, _name = value.rpartition("/")
            assert "subPath" not in mounts[f"{HOME}/{folder}"], key
    volumes = {volume["name"]: volume for volume in pod_of(objects)["volumes"]}
    initial = volumes[mounts[f"{HOME}/opensearch-security"]["name"]]["configMap"]["name"]
    files = found(objects, "ConfigMap", initial)["data"]
    assert list(libyaml.load(files["internal_users.yml"])) == ["_meta"]
    assert {"config.yml", "roles.yml", "roles_mapping.yml", "action_groups.yml", "tenants.yml"} < set(files)


@pytest.mark.parametrize(("profile", "schedule"), [("standalone", "23 * * * *"), ("kind", "*/5 * * * *")])
def test_the_set_up_is_quiet_where_opensearch_keeps_what_it_has(rendered: Render, profile: str, schedule: str) -> None:
    assert found(rendered(profile), "CronJob", SETUP)["spec"]["schedule"] == schedule


@pytest.mark.parametrize("profile", ["kind", "standalone"])
def test_its_pods_keep_to_the_restricted_standard(rendered: Render, profile: str) -> None:
    objects = rendered(profile)
    pods = [
        pod_of(objects),
        found(objects, "Job", f"{SETUP}-")["spec"]["template"]["spec"],
        found(objects, "CronJob", SETUP)["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    ]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"] + pod.get("initContainers", []):
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_one_node_is_drained_at_a_time_and_nodes_spread_over_machines(rendered: Render) -> None:
    objects = rendered("standalone")
    assert found(objects, "PodDisruptionBudget", "opensearch")["spec"]["maxUnavailable"] == 1
    terms = pod_of(objects)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert [term["podAffinityTerm"]["topologyKey"] for term in terms] == ["kubernetes.io/hostname"]


def test_the_probes_need_neither_certificate_nor_login(rendered: Render) -> None:
    (container,) = pod_of(rendered("standalone"))["containers"]
    assert all("tcpSocket" in container[f"{kind}Probe"] for kind in ("readiness", "startup"))


def test_the_set_ups_program_is_whole_and_its_job_has_a_new_name_for_a_new_content(rendered: Render) -> None:
    first, again = rendered("standalone"), rendered("standalone", "observability", "monitoring")
    files = found(first, "ConfigMap", SETUP)["data"]
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)
            nodes = ast.walk(ast.parse(text))
            imported = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level]
            assert all(f"{module}.py" in files for module in imported), name
    names = [found(objects, "Job", f"{SETUP}-")["metadata"]["name"] for objects in (first, again)]
    changed = rendered("standalone", "observability", "monitoring", "--set", "secrets.job.image=other:1")
    other = found(changed, "Job", f"{SETUP}-")["metadata"]["name"]
    assert names[0] == names[1] != other


def test_the_login_of_opensearch_dashboards_is_mounted_only_where_it_is_on(rendered: Render) -> None:
    on = ("--set", "opensearch-dashboards.enabled=true")
    for options, there in (((), False), (on, True)):
        job = found(rendered("standalone", "observability", "monitoring", *options), "Job", f"{SETUP}-")
        volumes = [volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]]
        assert ("opensearchdashboards" in volumes) is there


def test_nothing_of_it_is_left_where_it_is_off(rendered: Render) -> None:
    off = "opensearch.enabled=false,fluent-bit.enabled=false,kube-prometheus-stack.grafana.enabled=false"
    objects = rendered("standalone", "observability", "monitoring", "--set", off)
    names = [each["metadata"]["name"] for each in objects if each["kind"] != "PrometheusRule"]
    assert [name for name in names if "opensearch-setup" in name or "opensearch-security" in name] == []

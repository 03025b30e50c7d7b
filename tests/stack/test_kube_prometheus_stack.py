"""Prometheus that never fills its volume, a control plane that is whole or gone, one login."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.stack.component import mebibytes
from generator.stack.kube_prometheus_stack.component import retention_size
from tests.conftest import PROFILES, lineage

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[..., dict[str, Any]]

NAME = "kube-prometheus-stack"
SIZES = st.builds(lambda number, unit: f"{number}{unit}", st.integers(1, 10**6), st.sampled_from(["Mi", "Gi", "Ti"]))

# kube-prometheus-stack 88.5.3 values.yaml: the key of each part's monitor, and the groups of its rules.
PARTS = {
    "controllerManager": ("kubeControllerManager", {"kubeControllerManager"}),
    "etcd": ("kubeEtcd", {"etcd"}),
    "proxy": ("kubeProxy", {"kubeProxy"}),
    "scheduler": ("kubeScheduler", {"kubeSchedulerAlerting", "kubeSchedulerRecording"}),
}

IN_SIGHT = dict.fromkeys(PARTS, True)


@given(SIZES)
def test_retention_by_size_fits_the_volume_whatever_its_size(volume: str) -> None:
    kept = retention_size(volume)
    # The ByteSize of operator v0.93.1.
    assert re.fullmatch(r"(0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)", kept)
    share = int(kept.removesuffix("MiB")) / mebibytes(volume)
    assert share <= 0.85 or volume == "1Mi"
    assert share > 0.84 or mebibytes(volume) < 100


def test_the_smallest_volume_still_has_a_limit() -> None:
    assert retention_size("1Mi") == "1MiB"


@pytest.mark.parametrize(("size", "mib"), [("512Mi", 512), ("2Gi", 2048), ("1Ti", 1048576)])
def test_sizes_are_binary(size: str, mib: int) -> None:
    assert mebibytes(size) == mib


def test_without_volumes_the_limit_is_the_empty_directorys(values: Values) -> None:
    spec = values("kind")[NAME]["prometheus"]["prometheusSpec"]
    assert spec["storageSpec"] == {"emptyDir": {"sizeLimit": "2Gi"}}
    assert spec["retentionSize"] == retention_size("2Gi")


@pytest.mark.parametrize("part", PARTS)
def test_a_hidden_part_of_the_control_plane_loses_its_monitor_and_its_rules_and_nothing_else(
    values: Values, part: str
) -> None:
    hidden_part = {"cluster": {"controlPlane": IN_SIGHT | {part: False}}}
    shown, hidden = (
        values("standalone", change)[NAME] for change in ({"cluster": {"controlPlane": IN_SIGHT}}, hidden_part)
    )
    monitor, groups = PARTS[part]
    rules = shown["defaultRules"] | {"rules": shown["defaultRules"]["rules"] | dict.fromkeys(groups, False)}
    assert hidden == shown | {monitor: {"enabled": False}, "defaultRules": rules}


def test_a_control_plane_in_sight_is_watched(values: Values) -> None:
    found = values("standalone", {"cluster": {"controlPlane": IN_SIGHT}})[NAME]
    assert all(found[monitor] == {"enabled": True} for monitor, _ in PARTS.values())
    assert set(found["defaultRules"]["rules"].values()) == {True}


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_watches_what_most_clusters_hide(values: Values, profile: str) -> None:
    found = values(profile)[NAME]
    assert all(found[monitor] == {"enabled": False} for monitor, _ in PARTS.values())
    assert set(found["defaultRules"]["rules"]) == set().union(*(groups for _, groups in PARTS.values()))


def test_jark_has_the_documented_login_and_no_secret_to_make(values: Values) -> None:
    grafana = values("jark")[NAME]["grafana"]
    assert grafana["adminPassword"] == "prom-operator"
    assert grafana["admin"] == {"existingSecret": ""}


@pytest.mark.parametrize("profile", [name for name in PROFILES if "jark" not in lineage(name)])
def test_every_other_profile_takes_the_login_from_a_secret_and_holds_no_password(values: Values, profile: str) -> None:
    grafana = values(profile)[NAME]["grafana"]
    assert grafana["admin"] == {"existingSecret": "grafana-admin"}
    assert grafana["adminPassword"] == ""


def test_null_takes_the_password_away_again(values: Values) -> None:
    change = {
        "components": {NAME: {"grafana": {"adminPassword": None}}},
        "secrets": {"existing": {"grafanaAdmin": "mine"}},
    }
    grafana = values("jark", change)[NAME]["grafana"]
    assert grafana["admin"] == {"existingSecret": "mine"}
    assert grafana["adminPassword"] == ""


@pytest.mark.parametrize("profile", PROFILES)
def test_prometheus_selects_monitors_and_rules_of_any_release(values: Values, profile: str) -> None:
    spec = values(profile)[NAME]["prometheus"]["prometheusSpec"]
    kinds = ("podMonitor", "serviceMonitor", "rule", "probe", "scrapeConfig")
    assert [spec[f"{kind}SelectorNilUsesHelmValues"] for kind in kinds] == [False] * 5


@pytest.mark.parametrize("profile", PROFILES)
def test_it_brings_no_second_kube_state_metrics(values: Values, profile: str) -> None:
    assert values(profile)[NAME]["kubeStateMetrics"] == {"enabled": False}


def test_names_do_not_depend_on_the_release(values: Values) -> None:
    found = values()[NAME]
    assert found["fullnameOverride"] == NAME
    assert found["grafana"]["fullnameOverride"] == f"{NAME}-grafana"
    assert found["prometheus-node-exporter"]["fullnameOverride"] == f"{NAME}-prometheus-node-exporter"


def test_a_grafana_with_a_volume_is_never_rolled_over_two_pods_at_once(values: Values) -> None:
    assert values("standalone")[NAME]["grafana"]["deploymentStrategy"] == {"type": "Recreate"}
    assert values("kind")[NAME]["grafana"]["deploymentStrategy"] == {"type": "RollingUpdate"}


def test_replicas_and_retention_are_the_profiles(values: Values) -> None:
    change = {"prometheus": {"replicas": 2, "retention": "90d"}, "alertmanager": {"replicas": 3}}
    found = values("standalone", {"components": {NAME: change}})[NAME]
    assert found["prometheus"]["prometheusSpec"]["replicas"] == 2
    assert found["prometheus"]["prometheusSpec"]["retention"] == "90d"
    assert found["alertmanager"]["alertmanagerSpec"]["replicas"] == 3


def test_grafana_reports_to_no_one_and_reads_no_secrets(values: Values) -> None:
    grafana: dict[str, Any] = values()[NAME]["grafana"]
    assert set(grafana["grafana.ini"]["analytics"].values()) == {False}
    assert grafana["sidecar"]["dashboards"]["resource"] == "configmap"
    assert grafana["sidecar"]["datasources"] == {"enabled": False}
    assert grafana["rbac"] == {"namespaced": True, "namespaces": [], "useExistingRole": "ai-ml-observability-grafana"}


def test_a_grafana_with_other_data_sources_is_another_pod(values: Values) -> None:
    marks = [
        values(profile, change)[NAME]["grafana"]["podAnnotations"]["ai-ml-observability/data-sources"]
        for profile, change in (
            ("standalone", {}),
            ("standalone", {"secrets": {"existing": {"opensearchGrafana": "mine"}}}),
            ("standalone", {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}}),
        )
    ]
    assert len(set(marks)) == 3


@pytest.mark.parametrize(
    ("monitors", "own", "told"),
    [
        ({"interval": "15s"}, "", None),
        ({"interval": "1m"}, "", "1m"),
        ({"interval": "1m", "ray": {"interval": "90s"}}, "", "90s"),
        ({"interval": "1m"}, "2m", None),
        ({"interval": "5m"}, "2m", "5m"),
    ],
)
def test_grafanas_rate_interval_follows_a_longer_interval_of_scrapes(
    values: Values, monitors: dict[str, Any], own: str, told: str | None
) -> None:
    mine = {NAME: {"prometheus": {"prometheusSpec": {"scrapeInterval": own}}}} if own else {}
    sidecar = values("standalone", {"monitors": monitors, "values": mine})[NAME]["grafana"]["sidecar"]
    assert sidecar["datasources"].get("defaultDatasourceScrapeInterval") == told

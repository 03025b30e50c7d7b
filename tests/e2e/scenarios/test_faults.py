"""The checks see faults: each is put into a chart that works, and has to make a check of test_life fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import helm
from tests.e2e import charts, configuration
from tests.e2e.client import MERGE
from tests.e2e.cluster import WaitError, wait
from tests.e2e.scenarios.conftest import interrupted
from tests.e2e.scenarios.release import MARK, PATIENCE, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.cluster import Cluster
    from tests.e2e.report import Report

LIBRARY = "charts/ai-ml-observability-library/templates"
SOON = 45.0
"""Seconds that a check has to stay red: the operator writes and Prometheus reads anew within twenty."""

ROLES = "apis/rbac.authorization.k8s.io/v1/clusterroles"


@pytest.fixture(scope="module")
def release(cluster: Cluster, vendored: Callable[[str], Path]) -> Iterator[Release]:
    """A release that works."""
    binary = helm.any_binary()
    assert binary is not None
    made = Release(cluster, binary)
    made.upgrade(vendored("jark"))
    made.wait_ready()
    wait(PATIENCE, made.unconfigured)
    wait(PATIENCE, made.unreached)
    yield made
    if not interrupted.is_set():
        made.uninstall(check=False)
        made.clear()


def test_a_wrong_name_of_a_port(
    release: Release, report: Report, vendored: Callable[[str], Path], tmp_path: Path
) -> None:
    file = f"{LIBRARY}/monitors/_fluent-bit.tpl"
    release.upgrade(charts.changed(vendored("jark"), tmp_path, file, "port: http", "port: htpp"))
    wait(PATIENCE, lambda: [] if release.unreached() else ["the check sees nothing"])
    with pytest.raises(WaitError, match="no target has the job fluent-bit"):
        wait(SOON, release.unreached)
    release.upgrade(vendored("jark"))
    wait(PATIENCE, release.unreached)
    report.add("seeded faults", "a monitor with a wrong port name", "seen: no target has the job")


def test_a_rule_that_the_webhook_refuses(
    release: Release, report: Report, vendored: Callable[[str], Path], tmp_path: Path
) -> None:
    sum_ = "expr: avg by (modelName) (DCGM_FI_DEV_GPU_TEMP)"
    broken = charts.changed(vendored("jark"), tmp_path, f"{LIBRARY}/rules/_gpu.tpl", sum_, f"{sum_})")
    with pytest.raises(AssertionError, match=r"denied the request"):
        release.upgrade(broken)
    release.upgrade(vendored("jark"))
    release.wait_ready()
    report.add("seeded faults", "a rule that is no PromQL", "seen: the operator's webhook refuses the upgrade")


@pytest.mark.own_cluster
def test_a_missing_rule_of_a_cluster_role(release: Release, report: Report) -> None:
    client = release.cluster.client
    path = f"{ROLES}/kube-prometheus-stack-prometheus"
    role = client.do("GET", path)
    before = set(release.cluster.refused())
    lesser = [rule for rule in role["rules"] if "pods" not in rule.get("resources", ())]
    assert len(lesser) < len(role["rules"])
    client.do("PUT", path, {**role, "rules": lesser})
    home = f"api/v1/namespaces/{release.namespace}/pods"
    client.do("DELETE", f"{home}/prometheus-kube-prometheus-stack-prometheus-0")
    wait(PATIENCE, lambda: [] if set(release.cluster.refused()) - before else ["no request was refused"])
    new = sorted(set(release.cluster.refused()) - before)
    assert any("prometheus list pods" in line for line in new), new
    client.do("PUT", path, {**client.do("GET", path), "rules": role["rules"]})
    wait(PATIENCE, release.unreached)
    report.add("seeded faults", "a ClusterRole without a rule", "seen: requests of the ServiceAccount are refused")


def test_rules_that_the_webhook_has_not_seen(release: Release, report: Report, vendored: Callable[[str], Path]) -> None:
    """Its failure policy is Ignore: what is stored while the operator is away is marked by a later upgrade."""
    client, home = release.cluster.client, f"namespaces/{release.namespace}"
    operator = f"apis/apps/v1/{home}/deployments/kube-prometheus-stack-operator"
    client.do("PATCH", operator, {"spec": {"replicas": 0}}, kind=MERGE)
    wait(PATIENCE, lambda: [pod for pod in release.pods() if "-operator-" in pod["metadata"]["name"]])
    rules = client.items(f"{configuration.GROUP}/{home}/prometheusrules")
    for rule in rules:
        path = f"{configuration.GROUP}/{home}/prometheusrules/{rule['metadata']['name']}"
        client.do("PATCH", path, {"metadata": {"annotations": {MARK: None}}}, kind=MERGE)
    assert len(release.unvalidated()) == len(rules)
    # Scaled otherwise than the chart says, Helm 4 would refuse the upgrade: the number would be somebody else's.
    client.do("PATCH", operator, {"spec": {"replicas": 1}}, kind=MERGE)
    wait(PATIENCE, lambda: [pod for pod in release.pods() if "-operator-" in pod["metadata"]["name"]] == [])
    release.wait_ready()
    release.upgrade_until_validated(vendored("jark"))
    report.add("the operator's webhook is away", "later upgrades", f"all {len(rules)} rules are seen by it")

"""`KUBECONFIG=FILE make e2e`, on this run's own control plane as if it were somebody's cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import namespaces
from tests.e2e.scenarios.release import NAMESPACE

if TYPE_CHECKING:
    from tests.e2e.cluster import Cluster
    from tests.e2e.report import Report

pytestmark = pytest.mark.own_cluster

ROOT = Path(__file__).parents[3]
CHOSEN = "test_a_release_lives and jark and 3.17"
"""A scenario that asks nothing of pods without a process."""


def run(cluster: Cluster, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in os.environ.items() if key not in {namespaces.INNER, "GEN_CHART_E2E"}}
    variables["KUBECONFIG"] = str(cluster.client.kubeconfig)
    command = [sys.executable, "-m", "tests.e2e", "-k", CHOSEN, f"--basetemp={folder}"]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_a_cluster_that_has_what_scenarios_delete_is_refused_and_left_alone(
    cluster: Cluster, report: Report, tmp_path: Path
) -> None:
    cluster.client.create_namespace(NAMESPACE)
    try:
        done = run(cluster, tmp_path / "run")
        assert done.returncode == 1, done.stdout
        assert f"the cluster has a namespace {NAMESPACE}, which the scenarios make and delete" in done.stdout
        assert cluster.client.get(f"api/v1/namespaces/{NAMESPACE}")["status"]["phase"] == "Active"
    finally:
        cluster.client.do("DELETE", f"api/v1/namespaces/{NAMESPACE}")
        cluster.kubectl("wait", "--for=delete", f"namespace/{NAMESPACE}", "--timeout=60s")
    report.add("the cluster of KUBECONFIG", "with a namespace of that name", "refused, nothing of it touched")


def test_scenarios_run_on_the_cluster_of_a_kubeconfig(cluster: Cluster, report: Report, tmp_path: Path) -> None:
    done = run(cluster, tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout, done.stdout
    report.add("the cluster of KUBECONFIG", "jark, Helm 3.17", "lives as on a cluster of the run's own")

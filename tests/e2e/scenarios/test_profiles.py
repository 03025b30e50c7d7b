"""From one profile to another and back, and beside a Prometheus that the cluster has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import helm
from tests.e2e import configuration
from tests.e2e.cluster import wait
from tests.e2e.scenarios.release import NAMESPACE, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.cluster import Cluster
    from tests.e2e.report import Report
    from tests.e2e.scenarios.release import Release

THEIRS = "prom"
"""Release and namespace of a kube-prometheus-stack that was there before."""


@pytest.fixture
def newest_helm() -> Path:
    """The newest helm."""
    found = helm.any_binary()
    assert found is not None
    return found


def test_from_jark_to_standalone_and_back(
    make_release: Callable[..., Release], report: Report, vendored: Callable[[str], Path], newest_helm: Path
) -> None:
    release = make_release(newest_helm)
    release.upgrade(vendored("jark"))
    release.wait_ready()
    before = {key for key in release.snapshot() if key[0] != "Pod"}
    release.upgrade(vendored("standalone"))
    release.wait_ready()
    wait(PATIENCE, release.unconfigured)
    wait(PATIENCE, release.unreached)
    report.add("a change of profile", "jark to standalone", "every pod ready, every monitor and rule configured")
    release.rollback()
    release.wait_ready()
    wait(PATIENCE, release.unconfigured)
    after = {key for key in release.snapshot() if key[0] != "Pod"}
    extra = sorted("/".join(filter(None, key)) for key in after - before if key[0] != "ReplicaSet")
    gone = sorted("/".join(filter(None, key)) for key in before - after if key[0] != "ReplicaSet")
    report.add("a change of profile", "rollback to jark", f"stays: {', '.join(extra) or 'nothing'}")
    assert gone == []


def test_beside_a_kube_prometheus_stack(
    cluster: Cluster,
    make_release: Callable[..., Release],
    report: Report,
    vendored: Callable[[str], Path],
    write_chart: Callable[..., Path],
    upstream_charts: Path,
    newest_helm: Path,
    tmp_path: Path,
) -> None:
    theirs = make_release(newest_helm, THEIRS, THEIRS)
    (stack,) = upstream_charts.glob("kube-prometheus-stack-*.tgz")
    theirs.upgrade(stack)
    theirs.wait_ready()
    ours = make_release(newest_helm)

    def unselected() -> list[str]:
        found = theirs.prometheus()
        return configuration.missing(cluster.client, found, [NAMESPACE]) if found else ["no Prometheus"]

    jobs, files = configuration.wanted(cluster.client, [NAMESPACE])
    assert not jobs | files
    ours.upgrade(vendored("bring-your-own-prometheus"))
    ours.wait_ready()
    jobs, files = configuration.wanted(cluster.client, [NAMESPACE])
    assert len(unselected()) == len(jobs | files)
    scenario = "bring-your-own-prometheus beside a kube-prometheus-stack"
    report.add(scenario, "without labels", f"0 of {len(jobs)} endpoints, 0 of {len(files)} rules, as NOTES.txt says")
    labels = {kind: {"labels": {"release": THEIRS}} for kind in ("monitors", "rules")}
    labelled = write_chart(tmp_path / "labelled", "bring-your-own-prometheus", labels)
    helm.add_archives(labelled, upstream_charts)
    ours.upgrade(labelled)
    ours.wait_ready()
    wait(PATIENCE, unselected)
    report.add(
        scenario, "with the README's two options", f"{len(jobs)} of {len(jobs)} endpoints, all {len(files)} rules"
    )

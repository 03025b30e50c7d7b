"""The life of a release, from its first installation to what stays of it.

The older helm is asked what depends on it alone: hooks, upgrades and an uninstallation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import helm, install
from tests.e2e import configuration, snapshots
from tests.e2e.cluster import wait
from tests.e2e.scenarios.release import NAMESPACE, PATIENCE
from tests.e2e.scenarios.remains import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.cluster import Cluster
    from tests.e2e.report import Report
    from tests.e2e.scenarios.release import Release


@pytest.mark.parametrize("profile", ["jark", "standalone", "kind"])
def test_a_release_lives(
    cluster: Cluster,
    make_release: Callable[..., Release],
    report: Report,
    vendored: Callable[[str], Path],
    helm_binary: Path,
    helm_version: str,
    profile: str,
) -> None:
    release = make_release(helm_binary)
    chart = vendored(profile)

    def held(step: str, result: str) -> None:
        report.add(f"{profile}, Helm {helm_version}", step, result)

    bare = release.snapshot()
    refused = set(cluster.refused())
    notes = release.upgrade(chart)
    release.wait_ready()
    if profile == "kind":  # whose Secrets tests.install knows
        assert list(install.unmade(release.secrets())) == []
    held("install with hooks", "deployed, every pod ready, every Job done")

    wait(PATIENCE, release.unconfigured)
    jobs, files = configuration.wanted(cluster.client, [NAMESPACE])
    held("the operator's configuration", f"all {len(jobs)} endpoints, all {len(files)} files of rules")

    if helm_binary == helm.any_binary():
        wait(PATIENCE, release.unevaluated)
        wait(PATIENCE, release.unreached)
        held("Prometheus", "loads it; every rule evaluated, no error; our programs' targets up")
        for command in release.commands(notes):
            assert cluster.shell(command).strip(), command
        held("NOTES.txt", "its commands print what they promise")

    release.upgrade_until_validated(chart)
    before = release.snapshot()
    release.upgrade(chart)
    release.wait_ready()
    assert snapshots.differences(before, release.snapshot()) == []
    held("upgrade with nothing changed", "0 objects changed")

    if helm_binary == helm.any_binary():
        rendered = helm.documents(cluster.helm(helm_binary, "template", release.name, chart, "-n", NAMESPACE).stdout)
        release.apply(rendered)
        assert snapshots.differences(before, release.snapshot()) == []
        release.apply(rendered)
        assert snapshots.differences(before, release.snapshot()) == []
        held("server-side apply by another manager, twice", "0 objects changed")

    # While it is uninstalled the operator still runs and its rights are gone.
    assert sorted(set(cluster.refused()) - refused) == []
    held("rights", "no request of a ServiceAccount was refused")

    release.uninstall()
    wait(PATIENCE, release.pods)
    assert unexpected(snapshots.differences(bare, release.snapshot())) == []
    held("uninstall", "what docs/uninstall.md says stays")
    release.clear()
    assert snapshots.differences(bare, release.snapshot()) == []

"""Clusters that are not as the chart would like them, and installations that are cut off."""

from __future__ import annotations

import re
import tarfile
import threading
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests import helm
from tests.e2e.client import MERGE
from tests.e2e.cluster import wait
from tests.e2e.scenarios.release import NAMESPACE, PATIENCE
from tests.e2e.storage import CLASS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.cluster import Cluster
    from tests.e2e.report import Report
    from tests.e2e.scenarios.release import Release

KINDS = "apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLASSES = "apis/storage.k8s.io/v1/storageclasses"
LEVEL = "pod-security.kubernetes.io/enforce"


@pytest.fixture
def release(make_release: Callable[..., Release]) -> Release:
    """A release that is not there yet."""
    return make_release(helm.any_binary())


def set_default_class(cluster: Cluster, *, default: bool) -> None:
    mark = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    cluster.client.do("PATCH", f"{CLASSES}/{CLASS}", {"metadata": {"annotations": mark}}, kind=MERGE)


@pytest.mark.own_cluster
def test_no_default_storage_class(release: Release, report: Report, vendored: Callable[[str], Path]) -> None:
    set_default_class(release.cluster, default=False)
    scenario = "no default StorageClass"
    try:
        with pytest.raises(AssertionError, match=r"(?i)failed"):
            release.upgrade(vendored("jark"))
        log = release.cluster.kubectl("-n", NAMESPACE, "logs", "job/ai-ml-observability-bootstrap-secrets")
        assert "no StorageClass is the default one" in log
        report.add(scenario, "install", "the Job's log says which choice to make")
        release.upgrade(vendored("jark"), "--set", "secrets.checks.storageClass=false")
        wait(PATIENCE, lambda: [] if release.pending() else ["no pod waits"])
        waiting = re.compile(r"opensearch|grafana|prometheus-kube-prometheus-stack|alertmanager")
        wait(PATIENCE, lambda: [line for line in release.unready() if "pod" in line and not waiting.search(line)])
        pending = release.pending()
        report.add(scenario, "install all the same", f"deployed; {len(pending)} pods wait for their volumes")
    finally:
        set_default_class(release.cluster, default=True)
    release.wait_ready()
    report.add(scenario, "a class is made the default later", "every pod ready")


def test_a_second_release(
    release: Release, make_release: Callable[..., Release], report: Report, vendored: Callable[[str], Path]
) -> None:
    release.upgrade(vendored("jark"))
    second = make_release(release.helm, "second", "second")
    with pytest.raises(AssertionError, match=r"exists and cannot be imported"):
        second.upgrade(vendored("jark"))
    release.wait_ready()
    report.add(
        "a second release", "install in another namespace", "refused: the cluster-wide objects are the first one's"
    )


def test_a_first_install_that_fails(release: Release, report: Report, vendored: Callable[[str], Path]) -> None:
    """With a Secret of a person's own that lacks a key: the bootstrap refuses, and says so in the Job's log."""
    client = release.cluster.client
    client.do("POST", "api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    incomplete = {"metadata": {"name": "opensearch-admin"}, "data": {"username": "YWRtaW4="}}
    client.do("POST", f"api/v1/namespaces/{NAMESPACE}/secrets", incomplete)
    with pytest.raises(AssertionError, match=r"(?i)failed"):
        release.upgrade(vendored("jark"))
    log = release.cluster.kubectl("-n", NAMESPACE, "logs", "job/ai-ml-observability-bootstrap-secrets")
    assert "opensearch-admin" in log
    assert "password" in log
    report.add("a first install that fails", "helm upgrade --install", "the Job's log names the Secret and the key")
    client.do("DELETE", f"api/v1/namespaces/{NAMESPACE}/secrets/opensearch-admin")
    release.upgrade(vendored("jark"))
    release.wait_ready()
    report.add("a first install that fails", "the same command after the repair", "deployed, every pod ready")


@pytest.mark.own_cluster
def test_the_api_server_restarts_in_mid_install(
    release: Release, report: Report, vendored: Callable[[str], Path]
) -> None:
    said: list[str] = []

    def install() -> None:
        try:
            said.append(release.upgrade(vendored("jark")))
        except AssertionError as error:
            said.append(str(error))

    thread = threading.Thread(target=install)
    thread.start()
    wait(PATIENCE, lambda: [] if release.secrets() else ["nothing is made yet"], every=0.1)
    plane = release.cluster.control_plane
    assert plane is not None
    plane.stop_api_server()
    time.sleep(2)
    plane.start_api_server()
    thread.join()
    scenario = "the API server restarts in mid-install"
    if "STATUS: deployed" not in said[0]:
        with pytest.raises(AssertionError, match="another operation"):
            release.upgrade(vendored("jark"))
        release.uninstall()
        release.upgrade(vendored("jark"))
    release.wait_ready()
    wait(PATIENCE, release.unconfigured)
    report.add(
        scenario, "the same command, after helm uninstall if another operation is in progress", "deployed, all ready"
    )


@pytest.mark.parametrize("profile", ["jark", "standalone"])
def test_pod_security(
    cluster: Cluster, report: Report, rendered: Callable[[str], list[dict[str, Any]]], profile: str
) -> None:
    client = cluster.client
    refused: dict[str, list[str]] = {}
    for level in ("baseline", "restricted"):
        name = f"{level}-{profile}"
        client.do("POST", "api/v1/namespaces", {"metadata": {"name": name, "labels": {LEVEL: level}}})
        cluster.kubectl("wait", "--for=create", "serviceaccount/default", "-n", name)
        refused[level] = []
        for workload, spec in templates(rendered(profile)):
            answer = client.ask("POST", f"api/v1/namespaces/{name}/pods?dryRun=All", pod(spec))
            assert answer.ok or "violates PodSecurity" in answer.text, f"{workload}: {answer.text}"
            if not answer.ok:
                refused[level].append(workload)
        refused[level].sort()
        client.do("DELETE", f"api/v1/namespaces/{name}")
    allowed = ["ai-ml-observability-fluent-bit", "kube-prometheus-stack-prometheus-node-exporter"]
    assert refused["baseline"] == allowed
    assert refused["restricted"] == allowed
    report.add(
        f"Pod Security, {profile}", "restricted", f"refused: {', '.join(refused['restricted'])}; the others pass"
    )


def templates(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the name and the pod spec of each workload, folders in the place of claims."""
    for item in objects:
        if item["kind"] in {"Deployment", "DaemonSet", "StatefulSet", "Job"}:
            spec = item["spec"]["template"]["spec"]
            claims = [each["metadata"]["name"] for each in item["spec"].get("volumeClaimTemplates", ())]
            folders = [{"name": name, "emptyDir": {}} for name in claims]
            yield item["metadata"]["name"], {**spec, "volumes": [*spec.get("volumes", ()), *folders]}
        elif item["kind"] == "CronJob":
            yield item["metadata"]["name"], item["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def pod(spec: dict[str, Any]) -> dict[str, Any]:
    """Returns a pod with a spec, under an account that every namespace has, and without the chart's priority class."""
    kept = {key: value for key, value in spec.items() if key != "priorityClassName"}
    return {"metadata": {"generateName": "pod-"}, "spec": {**kept, "serviceAccountName": "default"}}


@pytest.mark.own_cluster
def test_kinds_that_somebody_else_has_installed(
    release: Release, report: Report, vendored: Callable[[str], Path]
) -> None:
    client = release.cluster.client
    theirs = kinds(vendored("jark"))
    assert len(theirs) > 5
    for crd in theirs:
        crd["metadata"].setdefault("annotations", {})["example.com/owner"] = "somebody else"
        client.apply(crd, NAMESPACE, manager="somebody-else")
    before = {crd["metadata"]["name"]: client.get(f"{KINDS}/{crd['metadata']['name']}")["metadata"] for crd in theirs}
    release.upgrade(vendored("jark"))
    release.wait_ready()
    wait(PATIENCE, release.unconfigured)
    release.uninstall()
    for name, meta in before.items():
        now = client.get(f"{KINDS}/{name}")["metadata"]
        assert (now["uid"], now["generation"]) == (meta["uid"], meta["generation"]), name
        assert now["annotations"]["example.com/owner"] == "somebody else"
    report.add("kinds of somebody else's operator", "install, uninstall", "deployed, every monitor and rule configured")
    report.add("kinds of somebody else's operator", "the kinds", "as they were")


def kinds(chart: Path) -> list[dict[str, Any]]:
    """Returns the kinds of the operator that kube-prometheus-stack brings, from its archive in a chart."""
    (archive,) = (chart / "charts").glob("kube-prometheus-stack-*.tgz")
    with tarfile.open(archive) as packed:
        names = [each.name for each in packed if re.search(r"/crds/crds/[^/]+\.yaml$", each.name)]
        texts = [packed.extractfile(name) for name in names]
        return [deepcopy(crd) for text in texts if text for crd in helm.documents(text.read().decode())]

"""The release finds what upstream's own charts run, shows it, and says nothing while all of it is well."""

from __future__ import annotations

import json
import os
import ssl
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from generator.cluster.certificates import Subject, issue, make_authority
from tests import helm
from tests.e2e import answers, configuration, fleet, targets
from tests.e2e.client import MERGE
from tests.e2e.cluster import wait
from tests.e2e.scenarios.conftest import interrupted
from tests.e2e.scenarios.release import NAME_OF_TESTS, NAMESPACE, PATIENCE, Release
from tests.signals import grafana, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.e2e.cluster import Cluster
    from tests.e2e.fleet import Workload
    from tests.e2e.report import Report

pytestmark = pytest.mark.own_cluster

QUIET = 60 * float(os.environ.get("GEN_CHART_E2E_QUIET_MINUTES", "20"))
"""Seconds in which no alert may fire."""

ALWAYS = {"Watchdog", "InfoInhibitor"}
"""Alerts of kube-prometheus-stack that fire for others' sake."""

OF_THIS_MACHINE = {"NodeClockNotSynchronising", "NodeClockSkewDetected", "NodeSystemSaturation", "NodeCPUHighUsage"}
"""What the node exporters say of the machine that runs the tests: its clock and its load are none of the fleet's."""


@pytest.fixture(scope="module")
def workloads() -> list[Workload]:
    """The fleet; skips where a source is missing, and says how to get it."""
    found = fleet.workloads()
    missing = []
    for each in found:
        try:
            if each.repository:
                fleet.source(each)
        except fleet.SourceError as error:
            missing.append(str(error))
    if missing:
        pytest.skip("; ".join(dict.fromkeys(missing)))
    return found


def context(folder: Path) -> ssl.SSLContext:
    """Returns what servers with TLS show; nobody verifies it."""
    now = datetime.now(UTC) - timedelta(minutes=5)
    authority = make_authority("fleet", now)
    pair = issue(authority, Subject("fleet", ("fleet",), server=True), now)
    (folder / "tls.crt").write_bytes(pair.certificate)
    (folder / "tls.key").write_bytes(pair.key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return made


@pytest.fixture(scope="module")
def release(
    cluster: Cluster,
    workloads: list[Workload],
    vendored: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Release]:
    """A release among the fleet, which answers."""
    binary = helm.any_binary()
    assert binary is not None
    made = Release(cluster, binary)
    made.upgrade(vendored("standalone"))
    made.wait_ready()
    for each in workloads:
        if each.repository:
            install(cluster, each, tmp_path_factory.mktemp(each.name))
    wait(PATIENCE, lambda: unready(cluster, workloads))
    answering = answers.Answering(context(tmp_path_factory.mktemp("tls")))
    serve(cluster, workloads, answering)
    yield made
    answering.close()
    if not interrupted.is_set():
        made.uninstall(check=False)
        for each in workloads:
            if each.repository:
                cluster.client.ask("DELETE", f"api/v1/namespaces/{each.name}")
        made.clear()


def install(cluster: Cluster, workload: Workload, folder: Path) -> None:
    """Applies what a chart makes, in a namespace of its name."""
    client = cluster.client
    client.create_namespace(workload.name)
    cluster.kubectl("wait", "--for=create", "serviceaccount/default", "-n", workload.name)
    for item in fleet.rendered(workload, folder):
        client.apply(item, workload.name)


def unready(cluster: Cluster, workloads: Sequence[Workload]) -> list[str]:
    """Returns the pods of the fleet that are not there or not ready."""
    lines = []
    for each in workloads:
        for kind in ("deployments", "statefulsets", "daemonsets"):
            for item in cluster.client.items(f"apis/apps/v1/namespaces/{each.name}/{kind}"):
                status = item.get("status", {})
                wanted = status.get("desiredNumberScheduled", item["spec"].get("replicas", 0))
                there = status.get("numberReady", status.get("readyReplicas", 0))
                if there < wanted or status.get("observedGeneration", 0) < item["metadata"]["generation"]:
                    lines.append(f"{each.name}: {item['metadata']['name']} has {there} of {wanted} pods")
    return lines


def pods_of(cluster: Cluster, workload: Workload) -> list[dict[str, Any]]:
    namespace = workload.name if workload.repository else NAMESPACE
    return cluster.client.items(f"api/v1/namespaces/{namespace}/pods")


def serve(cluster: Cluster, workloads: Sequence[Workload], answering: answers.Answering) -> None:
    """Answers in the place of the fleet's pods."""
    for each in workloads:
        pods = pods_of(cluster, each)
        for answer in each.answers:
            chosen = [pod for pod in pods if answer.labels.items() <= pod["metadata"].get("labels", {}).items()]
            assert chosen, f"{each.name}: no pod has the labels {answer.labels}"
            text = answers.page(answer.page)
            for pod in chosen:
                answering.serve(pod["status"]["podIP"], answer.port, answer.path, text, tls=answer.tls)


def found(release: Release, workload: Workload) -> list[dict[str, Any]]:
    """Returns the targets at the pods of a workload."""
    addresses = {pod["status"]["podIP"] for pod in pods_of(release.cluster, workload)}
    if not workload.repository:
        jobs = workload.targets.keys()
        return [dict(each) for each in targets.active(release.cluster, NAMESPACE) if each["labels"]["job"] in jobs]
    return [
        dict(each)
        for each in targets.active(release.cluster, NAMESPACE)
        if each["scrapeUrl"].split("//")[1].rsplit(":", 1)[0] in addresses
    ]


def lacking(release: Release, workload: Workload) -> list[str]:
    """Returns what Prometheus has not found of a workload, or found twice, or not reached."""
    active = found(release, workload)
    lines = [
        f"{each['scrapeUrl']} is {each['health']} {each['lastError']}" for each in active if each["health"] != "up"
    ]
    counts: dict[str, int] = {}
    for each in active:
        counts[each["labels"]["job"]] = counts.get(each["labels"]["job"], 0) + 1
    if counts != dict(workload.targets):
        lines.append(f"{workload.name}: found {counts}, expected {dict(workload.targets)}")
    urls = [each["scrapeUrl"] for each in active]
    lines += [f"{url} is a target {urls.count(url)} times" for url in sorted(set(urls)) if urls.count(url) > 1]
    return lines


def test_every_workload_is_found_once_and_reached(release: Release, workloads: list[Workload], report: Report) -> None:
    wait(PATIENCE, release.unreached)
    for each in workloads:
        wait(PATIENCE, partial(lacking, release, each))
        active = found(release, each)
        labels = set.intersection(*(set(target["labels"]) for target in active))
        assert "job" in labels, each.name
        if each.repository:
            assert "node" in labels, f"{each.name}: {sorted(labels)}"
        jobs = ", ".join(f"{count} as `{job}`" for job, count in sorted(each.targets.items()))
        shown = ", ".join(sorted(labels - {"job"}))
        report.add("the fleet of upstream's charts", each.name, f"{jobs}, up, none twice; labels {shown}")


def test_helm_test_says_that_targets_are_up(release: Release, report: Report) -> None:
    said = release.test("targets")
    assert said.count("\nyes\n") == 1, said
    report.add("helm test", "targets", "yes")


def test_helm_test_says_whether_alerts_come_through(release: Release, report: Report) -> None:
    said = release.test("alerts")
    assert said.count("\nyes\n") == 1, said
    report.add("helm test", "alerts", "yes")
    client = release.cluster.client
    config = f"api/v1/namespaces/{NAMESPACE}/configmaps/{NAME_OF_TESTS}"
    data = client.do("GET", config)["data"]
    impatient = json.dumps({**json.loads(data["plan.json"]), "seconds": 10})
    client.do("PATCH", config, {"data": {"plan.json": impatient}}, kind=MERGE)
    manager = f"{configuration.GROUP}/namespaces/{NAMESPACE}/alertmanagers/kube-prometheus-stack-alertmanager"
    client.do("PATCH", manager, {"spec": {"replicas": 0}}, kind=MERGE)
    wait(PATIENCE, lambda: [pod for pod in release.pods() if pod["metadata"]["name"].startswith("alertmanager-")])
    said = release.test("alerts", check=False)
    assert "Phase:          Failed" in said, said
    assert "alertmanager:9093/api/v2/status: " in said, said
    report.add("helm test", "alerts, without an Alertmanager", "failed; the log says that nothing answers")
    client.do("PATCH", manager, {"spec": {"replicas": 1}}, kind=MERGE)
    client.do("PATCH", config, {"data": data}, kind=MERGE)
    release.wait_ready()
    assert release.test("alerts").count("\nyes\n") == 1


def test_no_alert_fires_while_the_fleet_is_well(release: Release, report: Report) -> None:
    wait(PATIENCE, release.unevaluated)
    end = time.monotonic() + QUIET
    while time.monotonic() < end:
        answer = release.cluster.service(NAMESPACE, targets.SERVICE, targets.PORT, "api/v1/alerts")
        firing = [
            each["labels"]
            for each in answer["data"]["alerts"]
            if each["state"] == "firing" and each["labels"]["alertname"] not in ALWAYS | OF_THIS_MACHINE
        ]
        assert firing == [], json.dumps(firing, indent=1)
        time.sleep(15)
    minutes = f"{QUIET / 60:g} minutes"
    report.add("the fleet of upstream's charts", "alerts", f"none fires in {minutes} but {', '.join(sorted(ALWAYS))}")


def test_dashboards_ask_nothing_that_is_refused(release: Release, report: Report) -> None:
    (pod,) = [each for each in release.pods() if each["metadata"]["name"] == f"prometheus-{targets.SERVICE}-0"]
    api = server.Api(f"http://{pod['status']['podIP']}:{targets.PORT}", requests.Session())
    refused, answering, asked = [], 0, 0
    for board in boards(release):
        now = time.time()
        window = grafana.Window(now - 900, now)
        choice = grafana.first_choice(board, api, window)
        for target in board.targets:
            expr = grafana.filled(target.expr, choice, window, target.interval)
            asked += 1
            try:
                answering += api.instant(expr, now).answers
            except server.QueryError as error:
                refused.append(f"{board.name}, {target.panel} {target.ref}: {error}")
    assert refused == []
    assert answering > asked / 3, f"{answering} of {asked}"
    report.add("the fleet of upstream's charts", "dashboards", f"{asked} queries, none refused")
    report.tell(f"{answering} of {asked} queries of dashboards answer")


def boards(release: Release) -> list[grafana.Board]:
    """Returns the dashboards of the release as they are in the cluster."""
    maps = release.cluster.client.items(f"api/v1/namespaces/{NAMESPACE}/configmaps")
    ours = [each for each in maps if each["metadata"]["name"].startswith("ai-ml-observability-dashboard-")]
    assert ours
    return [
        grafana.board(name.removesuffix(".json"), text) for each in ours for name, text in sorted(each["data"].items())
    ]

"""What each look at the cluster says of an answer of the API, and what it does not say of one that differs a little.

test_cluster_checks.py asks a real API server, with the rights of the bootstrap's account; this needs none.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from generator.cluster.cluster_checks import check_cluster
from generator.cluster.kubernetes_api import connect
from generator.cluster.program import Failure
from tests.cluster.json_server import JsonHandler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.cluster.kubernetes_api import Api

HERE, THERE = "monitoring", "theirs"
DEPLOYMENTS, DAEMON_SETS = "/apis/apps/v1/deployments", "/apis/apps/v1/daemonsets"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
CLAIM = f"/api/v1/namespaces/{HERE}/persistentvolumeclaims/grafana"
NAMESPACE = f"/api/v1/namespaces/{HERE}"
SECRET = f"{NAMESPACE}/secrets/grafana-admin"
OPERATOR = "quay.io/prometheus-operator/prometheus-operator:v0.93.1"

CHECKS: dict[str, Any] = {
    "prometheusOperator": {"name": "our-operator"},
    "nodeExporterPort": {"name": "our-exporter", "port": 9100},
    "storageClass": [{"claim": "grafana", "class": ""}],
    "podSecurity": ["Fluent Bit"],
    "grafanaVolume": {
        **{"claim": "grafana", "secret": "grafana-admin", "earlier": "before", "user": "user", "password": "password"},
    },
}


def workload(name: str, namespace: str, container: dict[str, Any], release: str = "", **pod: Any) -> dict[str, Any]:
    annotations = {"meta.helm.sh/release-name": release} if release else {}
    return {
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"template": {"spec": {"containers": [container], **pod}}},
    }


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {}, "items": list(items)}


def storage(name: str, default: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}}}


def operator(name: str, namespace: str, image: str = OPERATOR, release: str = "") -> dict[str, Any]:
    return listed(workload(name, namespace, {"name": "a", "image": image}, release))


def exporter(port: dict[str, Any], **pod: Any) -> dict[str, Any]:
    return listed(workload("their-exporter", THERE, {"name": "a", "image": "a", "ports": [port]}, **pod))


@contextmanager
def answering(objects: dict[str, Any]) -> Iterator[Api]:
    """An API that has these objects by path, lists of a path in as many pages as ``continue`` names, and no others."""

    class Handler(JsonHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            after = dict(word.split("=") for word in query.split("&") if word).get("continue", "")
            found = objects.get(f"{path}#{after}" if after else path)
            self.reply(200 if found is not None else 404, found if found is not None else {"code": 404})

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield connect(f"http://127.0.0.1:{server.server_port}", "token", HERE, ca=False, backoff=0)
        server.shutdown()


def said(tmp_path: Path, objects: dict[str, Any], *names: str) -> list[str]:
    """What the looks of these names say; [] if they find nothing."""
    file = tmp_path / "checks.json"
    file.write_text(json.dumps({"release": "obs", **{name: CHECKS[name] for name in names}}), encoding="utf-8")
    with answering(objects) as api:
        try:
            check_cluster(api, file)
        except Failure as failure:
            return list(failure.lines)
    return []


RUNS = "a Prometheus operator runs already, the Deployment"
TAKEN = "port 9100 of the nodes is taken by the DaemonSet 'their-exporter'"
ENFORCE = "pod-security.kubernetes.io/enforce"


def level(name: str) -> dict[str, Any]:
    return {NAMESPACE: {"metadata": {"labels": {ENFORCE: name}}}}


FOUND: list[tuple[str, dict[str, Any], str]] = [
    ("prometheusOperator", {DEPLOYMENTS: operator("theirs", THERE)}, f"{RUNS} 'theirs'"),
    ("prometheusOperator", {DEPLOYMENTS: operator("our-operator", HERE, release="prom")}, f"{RUNS} 'our-operator'"),
    ("nodeExporterPort", {DAEMON_SETS: exporter({"containerPort": 9100}, hostNetwork=True)}, TAKEN),
    ("nodeExporterPort", {DAEMON_SETS: exporter({"containerPort": 1, "hostPort": 9100})}, TAKEN),
    ("storageClass", {CLASSES: listed(storage("gp3"))}, "no StorageClass is the default one (found: gp3)"),
    ("storageClass", {CLASSES: listed()}, "no StorageClass is the default one (found: none)"),
    ("podSecurity", level("baseline"), f"the namespace 'monitoring' has {ENFORCE}=baseline"),
    ("grafanaVolume", {CLAIM: {}}, "the volume 'grafana' of an earlier Grafana knows a login that no Secret has"),
]
"""A look, what the cluster has, and how the line begins that says so."""

SILENT: list[tuple[str, dict[str, Any]]] = [
    ("prometheusOperator", {DEPLOYMENTS: operator("our-operator", HERE, release="obs")}),
    ("prometheusOperator", {DEPLOYMENTS: operator("ui", THERE, image="registry.example/prometheus-operator-ui:1")}),
    ("prometheusOperator", {}),
    ("nodeExporterPort", {DAEMON_SETS: exporter({"containerPort": 9100})}),
    ("nodeExporterPort", {DAEMON_SETS: exporter({"containerPort": 9101}, hostNetwork=True)}),
    ("storageClass", {CLASSES: listed(storage("gp2"), storage("gp3", "true"))}),
    ("storageClass", {CLASSES: listed(), CLAIM: {}}),
    ("podSecurity", level("privileged")),
    ("podSecurity", {NAMESPACE: {"metadata": {}}}),
    ("grafanaVolume", {CLAIM: {}, SECRET: {"data": {}}}),
    ("grafanaVolume", {}),
]
"""A look, and what the cluster has that is no obstacle."""


@pytest.mark.parametrize(("name", "objects", "begins"), FOUND)
def test_what_would_break_an_installation_is_said_with_what_to_choose(
    tmp_path: Path, name: str, objects: dict[str, Any], begins: str
) -> None:
    (line,) = said(tmp_path, objects, name)
    assert line.startswith(begins)
    assert line.endswith(f"; to install all the same: --set secrets.checks.{name}=false")


@pytest.mark.parametrize(("name", "objects"), SILENT)
def test_what_is_no_obstacle_is_not_said(tmp_path: Path, name: str, objects: dict[str, Any]) -> None:
    assert said(tmp_path, objects, name) == []


def test_all_that_is_found_is_said_at_once_and_nothing_that_is_switched_off(tmp_path: Path) -> None:
    objects = {DEPLOYMENTS: operator("theirs", THERE), CLASSES: listed(), CLAIM: {}}
    assert len(said(tmp_path, objects, *CHECKS)) == 2
    assert len(said(tmp_path, objects, "prometheusOperator")) == 1
    assert said(tmp_path, objects) == []


def test_a_list_is_read_to_its_last_page(tmp_path: Path) -> None:
    first = {"metadata": {"continue": "more"}, "items": []}
    (line,) = said(
        tmp_path, {DEPLOYMENTS: first, f"{DEPLOYMENTS}#more": operator("theirs", THERE)}, "prometheusOperator"
    )
    assert "'theirs'" in line

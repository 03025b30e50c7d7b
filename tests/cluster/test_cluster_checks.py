"""What the bootstrap finds in a cluster before it makes anything: on a real API server, with its account's rights."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.test_secrets_on_kubernetes import Release, run_bootstrap
from tests.kubernetes import ApiServer, NotFoundError, api_server
from tests.secret_chart import BOOTSTRAP, write_chart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from generator.build.sources import Sources

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

CHECKS = "ai-ml-observability-bootstrap-checks"
CLASSES = "apis/storage.k8s.io/v1/storageclasses"
DEFAULT = "storageclass.kubernetes.io/is-default-class"
GRAFANA = "kube-prometheus-stack-grafana"


_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server of its own: what lies in one namespace is found from another."""
    try:
        with api_server(tmp_path_factory.mktemp("kubernetes")) as running:
            yield running
    except NotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture
def storage_class(server: ApiServer) -> Iterator[None]:
    metadata = {"name": "gp3", "annotations": {DEFAULT: "true"}}
    body = {"metadata": metadata, "provisioner": "ebs.example"}
    server.ask("POST", CLASSES, body).raise_for_status()
    yield
    server.ask("DELETE", f"{CLASSES}/gp3").raise_for_status()


@pytest.fixture
def install(server: ApiServer, sources: Sources, tmp_path: Path) -> Callable[..., Release]:
    def call(**choices: Any) -> Release:
        return Release(server, write_chart(tmp_path / "chart", sources, "standalone", choices or None), tmp_path)

    return call


def workload(kind: str, name: str, pod: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def operator(name: str, image: str = "quay.io/prometheus-operator/prometheus-operator:v0.93.1", **metadata: Any) -> Any:
    return workload("Deployment", name, {"containers": [{"name": "operator", "image": image}]}, **metadata)


def exporter(**pod: Any) -> Any:
    port = {"containerPort": 9100, **({} if pod else {"hostPort": 9100})}
    return workload(
        "DaemonSet", "their-exporter", {**pod, "containers": [{"name": "a", "image": "a", "ports": [port]}]}
    )


@pytest.fixture
def elsewhere(server: ApiServer) -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def put(each: dict[str, Any], namespace: str = "") -> str:
        if not namespace:
            namespace = f"their-{next(_numbers)}-{each['metadata']['name']}"
            server.create_namespace(namespace)
        server.apply(each, namespace)
        path = f"apis/apps/v1/namespaces/{namespace}/{each['kind'].lower()}s/{each['metadata']['name']}"
        made.append(path)
        return namespace

    yield put
    for path in made:
        server.ask("DELETE", path).raise_for_status()


def claim(server: ApiServer, release: Release, name: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body = {"metadata": {"name": name}, "spec": spec}
    server.ask("POST", f"api/v1/namespaces/{release.namespace}/persistentvolumeclaims", body).raise_for_status()


def refused(release: Release) -> list[str]:
    """Returns what a run says that fails and makes nothing."""
    before = set(release.found())
    code, said = run_bootstrap(release)
    assert code == 1, said
    assert set(release.found()) == before
    return [line.removeprefix("error: ") for line in said.splitlines()]


def test_a_cluster_that_lacks_nothing_is_installed_into(install: Callable[..., Release], storage_class: None) -> None:
    code, said = run_bootstrap(install())
    assert code == 0, said
    assert "warning" not in said


def test_another_operator_and_another_node_exporter_are_named_with_what_to_choose(
    install: Callable[..., Release],
    elsewhere: Callable[..., str],
    storage_class: None,
) -> None:
    first = elsewhere(operator("their-operator"))
    second = elsewhere(exporter(hostNetwork=True))
    elsewhere(operator("no-operator", "registry.example/prometheus-operator-ui:1"))
    lines = refused(install())
    assert len(lines) == 2, lines
    assert f"the Deployment 'their-operator' in the namespace '{first}'" in lines[0]
    assert "gen-chart --profile bring-your-own-prometheus" in lines[0]
    assert f"port 9100 of the nodes is taken by the DaemonSet 'their-exporter' in the namespace '{second}'" in lines[1]
    assert "prometheus-node-exporter.service.port=9101" in lines[1]
    for line, name in zip(lines, ("prometheusOperator", "nodeExporterPort"), strict=True):
        assert line.endswith(f"; to install all the same: --set secrets.checks.{name}=false")


def test_a_port_of_the_host_is_taken_too_and_a_pods_own_is_not(
    install: Callable[..., Release], elsewhere: Callable[..., str], storage_class: None
) -> None:
    elsewhere(exporter(hostNetwork=False))
    release = install()
    assert run_bootstrap(release)[0] == 0
    elsewhere(exporter())
    (line,) = refused(release)
    assert line.startswith("port 9100 of the nodes is taken")


def test_what_this_release_runs_already_is_no_obstacle_and_another_release_of_that_name_is(
    elsewhere: Callable[..., str], install: Callable[..., Release], storage_class: None
) -> None:
    release = install()
    own = operator("kube-prometheus-stack-operator", annotations={"meta.helm.sh/release-name": "prom"})
    elsewhere(own, release.namespace)
    (line,) = refused(release)
    assert f"'kube-prometheus-stack-operator' in the namespace '{release.namespace}'" in line
    own["metadata"]["annotations"]["meta.helm.sh/release-name"] = "observability"
    release.server.apply(own, release.namespace)
    assert run_bootstrap(release)[0] == 0


def test_beside_a_running_release_another_operator_is_a_warning(
    install: Callable[..., Release],
    elsewhere: Callable[..., str],
    storage_class: None,
) -> None:
    release = install()
    elsewhere(operator("kube-prometheus-stack-operator"), release.namespace)
    elsewhere(operator("their-operator"))
    code, said = run_bootstrap(release)
    assert code == 0, said
    assert "warning: a Prometheus operator runs already, the Deployment 'their-operator'" in said


def test_without_a_default_storage_class_volumes_that_are_not_there_yet_would_wait(
    server: ApiServer, install: Callable[..., Release]
) -> None:
    release = install()
    (line,) = refused(release)
    assert line.startswith("no StorageClass is the default one (found: none), and volumes wait for it")
    assert "--set storage.className=NAME" in line
    for volume in release.checks()["storageClass"]:
        claim(server, release, volume["claim"])
    claimed = [line for line in refused(release) if "StorageClass" in line]
    assert claimed == [], "Grafana's volume alone is asked about"


def test_a_named_storage_class_has_to_be_there(install: Callable[..., Release], storage_class: None) -> None:
    (line,) = refused(install(storage={"className": "gp4"}))
    assert line.startswith("the StorageClass 'gp4' is not there (found: gp3)")


@pytest.mark.parametrize("level", ["baseline", "restricted", "privileged"])
def test_a_pod_security_level_that_refuses_what_reads_the_nodes_is_named(
    server: ApiServer, install: Callable[..., Release], storage_class: None, level: str
) -> None:
    release = install()
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}}
    path = f"api/v1/namespaces/{release.namespace}"
    server.ask("PATCH", path, label, kind="application/merge-patch+json").raise_for_status()
    if level == "privileged":
        assert run_bootstrap(release)[0] == 0
        return
    (line,) = refused(release)
    assert f"enforce={level}, which refuses Fluent Bit and the node exporter" in line
    assert f"kubectl label namespace {release.namespace} --overwrite" in line


def test_a_volume_of_an_earlier_grafana_needs_the_login_that_it_knows(
    server: ApiServer, install: Callable[..., Release], storage_class: None
) -> None:
    release = install()
    claim(server, release, GRAFANA)
    (line,) = refused(release)
    assert line.startswith(f"the volume '{GRAFANA}' of an earlier Grafana knows a login that no Secret has")
    server.ask(
        "POST",
        release.secrets,
        {"metadata": {"name": "grafana-admin"}, "stringData": {"admin-user": "admin", "admin-password": "known"}},
    ).raise_for_status()
    code, said = run_bootstrap(release)
    assert code == 0, said


def test_each_check_can_be_switched_off_and_takes_its_right_along(
    install: Callable[..., Release], elsewhere: Callable[..., str]
) -> None:
    elsewhere(operator("their-operator"))
    elsewhere(exporter())
    off = dict.fromkeys(("nodeExporterPort", "prometheusOperator", "storageClass"), False)
    release = install(values={"secrets": {"checks": off}})
    code, said = run_bootstrap(release)
    assert code == 0, said
    rules = release.objects["ClusterRole", CHECKS]["rules"]
    assert [rule["resources"] for rule in rules] == [["namespaces"], ["persistentvolumeclaims"]]


def test_a_cluster_that_refuses_the_looks_is_installed_into_all_the_same(
    server: ApiServer, install: Callable[..., Release]
) -> None:
    release = install()
    path = f"apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{CHECKS}"
    server.ask("DELETE", path).raise_for_status()
    code, said = run_bootstrap(release)
    assert code == 0, said
    assert said.count("were not looked at: the API server answered 403") == 3


def test_the_account_may_look_and_nothing_else(server: ApiServer, install: Callable[..., Release]) -> None:
    release = install()
    token = server.token_of(release.namespace, BOOTSTRAP)

    def status(method: str, path: str) -> int:
        return server.ask(method, path, {} if method != "GET" else None, token=token).status_code

    claims = f"api/v1/namespaces/{release.namespace}/persistentvolumeclaims"
    for path in (
        "apis/apps/v1/deployments",
        "apis/apps/v1/daemonsets",
        CLASSES,
        f"api/v1/namespaces/{release.namespace}",
    ):
        assert status("GET", path) == 200, path
    for path in (
        "api/v1/namespaces",
        "api/v1/namespaces/kube-system",
        "api/v1/pods",
        claims,
        f"{claims}/other",
        "api/v1/secrets",
    ):
        assert status("GET", path) == 403, path
    assert status("GET", f"{CLASSES}?watch=1") == 403
    assert status("POST", CLASSES) == 403

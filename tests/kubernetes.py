"""A real Kubernetes API server with its etcd, on free loopback ports, for tests that have to know what Kubernetes does.

There is no controller, scheduler or kubelet: objects are stored, defaulted, validated and guarded by RBAC; nothing
runs.
"""

from __future__ import annotations

import contextlib
import csv
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests import libyaml
from tests.e2e import programs
from tests.e2e.client import Client
from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = 90.0
"""Seconds that the API server may take to be ready; six on an idle machine."""


class NotFoundError(Exception):
    """A program is missing; its text says which and how to name it."""


@dataclass(frozen=True)
class ApiServer(Client):
    """A running API server, asked as a user in system:masters.

    Attributes:
        host: the address without the scheme and the port.
        port: its port.
    """

    host: str = ""
    port: int = 0


@contextlib.contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """Runs an API server with RBAC and its etcd; all of their files lie in ``folder``.

    Raises:
        NotFoundError: a program is not at hand.
    """
    binaries = find("etcd", "GEN_CHART_ETCD"), find("kube-apiserver", "GEN_CHART_KUBE_APISERVER")
    etcd, peer, port = free_ports(3)
    server = _files(folder, port)
    commands = (
        (
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        ),
        (
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=192.0.2.1",  # a loopback address is refused; nobody is told, see the next line
            "--endpoint-reconciler-type=none",
            f"--secure-port={port}",
            f"--cert-dir={folder / 'certificates'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={folder / 'accounts.key'}",
            f"--service-account-key-file={folder / 'accounts.key'}",
        ),
    )
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(_running(program, arguments, folder))
            for program, arguments in zip(binaries, commands, strict=True)
        ]
        _wait(server, running, folder)
        yield server


def find(name: str, variable: str) -> Path:
    """Returns a program named by an environment variable, else found on PATH, else built by ``make e2e``.

    Raises:
        NotFoundError: it is in none of these places.
    """
    found = os.environ.get(variable) or shutil.which(name) or programs.located().get(name)
    if found and os.access(found, os.X_OK):
        return Path(found)
    raise NotFoundError(f"no {name}: 'make e2e' builds it; or put it on PATH, or name it in {variable}")


def _files(folder: Path, port: int) -> ApiServer:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    text = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "accounts.key").write_bytes(text)
    server = ApiServer(
        url=f"https://127.0.0.1:{port}",
        host="127.0.0.1",
        port=port,
        ca=folder / "certificates" / "apiserver.crt",  # the API server makes it, with its CA in it
        token=secrets.token_hex(16),
        kubeconfig=folder / "kubeconfig",
    )
    with (folder / "tokens.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerow([server.token, "administrator", "1", "system:masters"])
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "tests", "cluster": {"server": server.url, "certificate-authority": str(server.ca)}},
        ],
        "users": [{"name": "administrator", "user": {"token": server.token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "administrator"}}],
        "current-context": "tests",
    }
    server.kubeconfig.write_text(libyaml.dump(config), encoding="utf-8")
    server.kubeconfig.chmod(0o600)
    return server


@contextlib.contextmanager
def _running(program: Path, arguments: tuple[str, ...], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program until the block ends; what it says goes to a file of its name."""
    with (
        (folder / f"{program.name}.log").open("wb") as log,
        subprocess.Popen([program, *arguments], stdout=log, stderr=log, cwd=folder) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(server: ApiServer, running: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Asks until the server is ready; its certificate is there only then, so it is not looked at yet."""
    import warnings

    tries = Retry(
        int(_START),
        backoff_factor=0.1,
        backoff_max=1.0,
        status_forcelist=(401, 403, 404, 500, 503),
        raise_on_status=False,
    )
    with requests.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.mount("https://", HTTPAdapter(max_retries=tries))
        session.verify = False
        session.trust_env = False
        try:
            answer = session.get(
                f"{server.url}/readyz?verbose", headers={"Authorization": f"Bearer {server.token}"}, timeout=5
            )
            said, ready = answer.text, answer.ok
        except requests.RequestException as error:
            said, ready = str(error), False
    if not ready or any(process.poll() is not None for process in running):
        logs = [path.read_text(encoding="utf-8", errors="replace")[-2000:] for path in sorted(folder.glob("*.log"))]
        raise AssertionError("\n".join(["the API server did not start", said, *logs]))

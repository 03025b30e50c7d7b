"""etcd, the API server, the controller manager and the scheduler, as processes at the control plane's address."""

from __future__ import annotations

import contextlib
import csv
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import requests
import yaml

from generator.cluster.certificates import Subject, issue, make_authority
from tests.e2e.client import Client
from tests.e2e.network import CONTROL_PLANE, KUBERNETES_SERVICE, SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.live.processes import Processes

PORT = 6443
HOSTS = (str(CONTROL_PLANE), str(KUBERNETES_SERVICE), "kubernetes.default.svc")

START = 240.0
"""Seconds that each may take to be ready; five on an idle machine."""


class ControlPlane:
    """A control plane whose files lie in one folder."""

    def __init__(
        self, folder: Path, programs: Mapping[str, Path], processes: Processes, nodes: Mapping[str, str]
    ) -> None:
        """Takes the folder, the programs by name, who starts and ends them, and the nodes' addresses.

        The nodes' kubelets get certificates of the cluster's authority: ``NAME.crt`` and ``NAME.key``.
        """
        self.folder, self._programs, self._processes = folder, programs, processes
        self._kubelets = [Subject(name, (name, address), server=True) for name, address in nodes.items()]
        self.client = Client(
            url=f"https://{CONTROL_PLANE}:{PORT}",
            ca=folder / "ca.crt",
            token=secrets.token_hex(16),
            kubeconfig=folder / "kubeconfig",
        )

    def start(self) -> None:
        """Starts all four and waits until the API server is ready and the first accounts are made."""
        self._write_files()
        self._processes.start("etcd", [self._programs["etcd"], *_etcd(self.folder)])
        self.start_api_server()
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._processes.start(name, [self._programs[name], *self._follower(name)])
        # Pods are refused before the account that they run as is there.
        self._processes.wait_until(
            "kube-controller-manager",
            lambda: self.client.get("api/v1/namespaces/default/serviceaccounts/default") is not None,
            START,
        )

    def start_api_server(self) -> None:
        """Starts the API server, which may have been stopped, and waits until it is ready."""
        self._processes.start("kube-apiserver", [self._programs["kube-apiserver"], *_api_server(self.folder)])
        self._processes.wait_until("kube-apiserver", self._ready, START)

    def stop_api_server(self) -> None:
        """Ends the API server, as a restart of its node would."""
        self._processes.stop("kube-apiserver")

    def _ready(self) -> bool:
        with contextlib.suppress(requests.RequestException, OSError):
            return self.client.ask("GET", "readyz").ok
        return False

    def _write_files(self) -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(65537, 2048)
        form = serialization.PrivateFormat.TraditionalOpenSSL
        text = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        (self.folder / "accounts.key").write_bytes(text)
        self._issue("ca", Subject("apiserver", HOSTS, server=True), *self._kubelets)
        self._issue("front-proxy-ca", Subject("front-proxy-client"))
        with (self.folder / "tokens.csv").open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerow([self.client.token, "administrator", "1", "system:masters"])
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "e2e", "cluster": {"server": self.client.url, "certificate-authority": str(self.client.ca)}}
            ],
            "users": [{"name": "administrator", "user": {"token": self.client.token}}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "administrator"}}],
            "current-context": "e2e",
        }
        self.client.kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
        self.client.kubeconfig.chmod(0o600)

    def _issue(self, authority: str, *subjects: Subject) -> None:
        """Makes an authority and certificates, each a file of its name."""
        now = datetime.now(UTC) - timedelta(minutes=5)
        signer = make_authority(authority, now)
        (self.folder / f"{authority}.crt").write_bytes(signer.certificate)
        for subject in subjects:
            pair = issue(signer, subject, now)
            (self.folder / f"{subject.common_name}.crt").write_bytes(pair.certificate)
            (self.folder / f"{subject.common_name}.key").write_bytes(pair.key)

    def _follower(self, name: str) -> list[str]:
        config = str(self.client.kubeconfig)
        common = [
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--bind-address={CONTROL_PLANE}",
            "--leader-elect=false",
        ]
        if name == "kube-scheduler":
            return common
        return [
            *common,
            f"--root-ca-file={self.client.ca}",
            f"--service-account-private-key-file={self.folder / 'accounts.key'}",
            "--use-service-account-credentials=true",
        ]


def _etcd(folder: Path) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=default=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
    ]


def _api_server(folder: Path) -> list[str]:
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        f"--bind-address={CONTROL_PLANE}",
        f"--advertise-address={CONTROL_PLANE}",
        f"--secure-port={PORT}",
        f"--tls-cert-file={folder / 'apiserver.crt'}",
        f"--tls-private-key-file={folder / 'apiserver.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",  # as everywhere; the GPU operator's pods are
        "--kubelet-preferred-address-types=InternalIP",  # nothing resolves names
        f"--service-cluster-ip-range={SERVICES}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--requestheader-client-ca-file={folder / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={folder / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={folder / 'front-proxy-client.key'}",
        # Who asked what, and what was refused.
        f"--audit-policy-file={_audit_policy(folder)}",
        f"--audit-log-path={folder / 'audit.log'}",
    ]


def _audit_policy(folder: Path) -> Path:
    path = folder / "audit-policy.yaml"
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }
    path.write_text(yaml.safe_dump(policy), encoding="utf-8")
    return path

"""What kube-webhook-certgen does, with its arguments and the rights of its pod's ServiceAccount.

``create`` makes a Secret with an authority (``ca``) and a certificate for the webhook's hosts (``cert``, ``key``),
unless it is there. ``patch`` puts that authority into the webhook configurations.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from generator.cluster.certificates import Subject, issue, make_authority

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
GROUP = "apis/admissionregistration.k8s.io/v1"


def ask(method: str, path: str, body: Any = None, kind: str = "application/json") -> requests.Response:
    """Asks the API server with the pod's token."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}", "Content-Type": kind}
    return requests.request(
        method, f"https://{host}:{port}/{path}", json=body, headers=headers, verify=str(ACCOUNT / "ca.crt"), timeout=30
    )


def create(arguments: argparse.Namespace) -> None:
    """Makes the Secret unless it is there."""
    path = f"api/v1/namespaces/{arguments.namespace}/secrets"
    if ask("GET", f"{path}/{arguments.secret_name}").ok:
        return
    now = datetime.now(UTC) - timedelta(minutes=5)
    authority = make_authority("webhook-ca", now)
    leaf = issue(authority, Subject("webhook", tuple(arguments.host.split(",")), server=True), now)
    data = {"ca": authority.certificate, "cert": leaf.certificate, "key": leaf.key}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": arguments.secret_name},
        "data": {key: base64.b64encode(text).decode() for key, text in data.items()},
    }
    ask("POST", path, secret).raise_for_status()


def patch(arguments: argparse.Namespace) -> None:
    """Puts the authority into the webhook configurations; the failure policy only where one is named."""
    found = ask("GET", f"api/v1/namespaces/{arguments.namespace}/secrets/{arguments.secret_name}")
    found.raise_for_status()
    authority = found.json()["data"]["ca"]
    for kind, wanted in (("mutating", arguments.patch_mutating), ("validating", arguments.patch_validating)):
        if wanted == "false":
            continue
        path = f"{GROUP}/{kind}webhookconfigurations/{arguments.webhook_name}"
        answer = ask("GET", path)
        answer.raise_for_status()
        configuration = answer.json()
        for webhook in configuration["webhooks"]:
            webhook["clientConfig"]["caBundle"] = authority
            if arguments.patch_failure_policy:
                webhook["failurePolicy"] = arguments.patch_failure_policy
        ask("PUT", path, configuration).raise_for_status()


def main() -> None:
    """Does what the first argument says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=("create", "patch"))
    for name in ("--host", "--namespace", "--secret-name", "--webhook-name", "--patch-failure-policy"):
        parser.add_argument(name, default="")
    for name in ("--patch-mutating", "--patch-validating"):
        parser.add_argument(name, default="true")
    arguments = parser.parse_args()
    {"create": create, "patch": patch}[arguments.work](arguments)
    sys.stdout.write(f"{arguments.work}: done\n")


if __name__ == "__main__":
    main()

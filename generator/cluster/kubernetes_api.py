"""The few calls to the Kubernetes API that these programs make, with ``requests``.

The Kubernetes client library would take a second and 60 MiB to import for three requests.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from .program import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

Manifest: TypeAlias = "dict[str, Any]"
"""An object of the Kubernetes API as JSON."""

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts a pod's token, the cluster's CA and the namespace."""

_ATTEMPTS = 7
_BACKOFF = 0.5
"""Seconds; the waits between attempts are 0, 1, 2, 4, 8 and 16 s: an API server that restarts is waited for."""
_TIMEOUT = (5.0, 30.0)
"""Seconds to connect and to wait for an answer."""


@dataclass(frozen=True)
class Api:
    """One namespace of a Kubernetes API server.

    Attributes:
        session: carries the token, the CA and the retries.
        url: the server, without a slash at its end.
        namespace: where every object lies.
    """

    session: requests.Session
    url: str
    namespace: str

    def secret(self, name: str) -> Manifest | None:
        """Returns a Secret, None if there is none of that name.

        Raises:
            Failure: the server did not answer or refused.
        """
        answer = self.call("GET", f"api/v1/namespaces/{self.namespace}/secrets/{quote(name, safe='')}")
        if answer.status_code == requests.codes.not_found:
            return None
        return _object(_accepted(answer, f"read the Secret '{name}'"), f"read the Secret '{name}'")

    def create_secret(self, secret: Mapping[str, Any]) -> bool:
        """Creates a Secret; False if one of that name is there already, which is then left as it is.

        Raises:
            Failure: the server did not answer or refused.
        """
        name = secret["metadata"]["name"]
        answer = self.call("POST", f"api/v1/namespaces/{self.namespace}/secrets", secret)
        if answer.status_code == requests.codes.conflict:
            return False
        _accepted(answer, f"create the Secret '{name}'")
        return True

    def patch_secret(self, name: str, patch: Mapping[str, Any]) -> bool:
        """Merges a patch into a Secret; False if it has changed since ``patch``'s metadata.resourceVersion.

        Raises:
            Failure: the server did not answer or refused.
        """
        path = f"api/v1/namespaces/{self.namespace}/secrets/{quote(name, safe='')}"
        answer = self.call("PATCH", path, patch)
        if answer.status_code == requests.codes.conflict:
            return False
        _accepted(answer, f"change the Secret '{name}'")
        return True

    def patch_workload(self, kind: str, name: str, patch: Mapping[str, Any]) -> bool:
        """Merges a patch into a Deployment, DaemonSet or StatefulSet; False if there is none of that name.

        Raises:
            Failure: the server did not answer or refused.
        """
        path = f"apis/apps/v1/namespaces/{self.namespace}/{kind.lower()}s/{quote(name, safe='')}"
        answer = self.call("PATCH", path, patch)
        if answer.status_code == requests.codes.not_found:
            return False
        _accepted(answer, f"restart the {kind} '{name}'")
        return True

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """Returns the server's answer, whatever it is.

        Raises:
            Failure: the server did not answer.
        """
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            return self.session.request(
                method,
                f"{self.url}/{path}",
                json=body,
                headers={"Content-Type": kind, "Accept": "application/json"},
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Failure(f"the Kubernetes API at {self.url} cannot be reached: {_root(error)}") from None


def _root(error: BaseException) -> str:
    """Returns the words of the innermost cause: urllib3 and requests wrap them in their own."""
    reason = error.args[0] if error.args else error
    inner = getattr(reason, "reason", None)
    return str(inner or reason)


def _accepted(answer: requests.Response, what: str) -> requests.Response:
    if answer.ok and not answer.is_redirect:
        return answer
    message = f"{answer.status_code} {answer.reason}"
    try:
        status = answer.json()
    except requests.JSONDecodeError:
        status = None
    if isinstance(status, dict) and status.get("message"):
        message = str(status["message"])
    raise Failure(f"the Kubernetes API would not {what}: {message}")


def _object(answer: requests.Response, what: str) -> Manifest:
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Failure(f"the Kubernetes API would not {what}: its answer is no JSON object")
    return found


def connect(url: str, token: str, namespace: str, *, ca: str | bool, backoff: float = _BACKOFF) -> Api:
    """Returns the API of one namespace.

    A refused connection, a timeout, 429 and 5xx are tried again. That is safe for every call here: a creation that
    went through unnoticed is found as 409 the next time, a patch to the same content changes nothing.

    Args:
        url: the server.
        token: a service account's.
        namespace: where every object lies.
        ca: file of the server's CA.
        backoff: see urllib3's Retry; seconds.
    """
    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc stands between a pod and its own API server
    session.verify = ca
    session.headers["Authorization"] = f"Bearer {token}"
    retry = Retry(
        _ATTEMPTS - 1,
        backoff_factor=backoff,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return Api(session, url.rstrip("/"), namespace)


def in_cluster(account: Path = ACCOUNT, environment: Mapping[str, str] = os.environ) -> Api:
    """Returns the API of the namespace that this pod runs in.

    Raises:
        Failure: this is no pod, or its service account's token is not mounted.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise Failure("KUBERNETES_SERVICE_HOST is not set: this program runs in a pod")
    try:
        token, namespace = ((account / name).read_text(encoding="utf-8").strip() for name in ("token", "namespace"))
    except OSError as error:
        raise Failure(f"the service account's token cannot be read: {error}") from None
    address = f"[{host}]" if ":" in host else host
    return connect(f"https://{address}:{port}", token, namespace, ca=str(account / "ca.crt"))


def data_of(secret: Mapping[str, Any]) -> dict[str, bytes]:
    """Returns a Secret's keys with their contents; the API server keeps nothing but base64."""
    found: dict[str, bytes] = {}
    for key, text in (secret.get("data") or {}).items():
        try:
            found[key] = base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise Failure(f"the Kubernetes API gave a Secret whose key '{key}' is not base64") from None
    return found


def encoded(data: Mapping[str, bytes | None]) -> dict[str, str | None]:
    """Returns what a Secret's ``data`` takes; None removes a key where it is merged."""
    return {key: None if value is None else base64.b64encode(value).decode() for key, value in data.items()}

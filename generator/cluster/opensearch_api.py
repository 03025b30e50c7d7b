"""A small client of OpenSearch's REST API that the admin certificate lets in, or a login of another one's."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from .program import Failure, innermost

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = (5, 60)
"""Seconds to connect and to wait for an answer; putting a template waits for the cluster's manager."""

LONGEST_PAUSE = 15.0
"""Seconds between two looks whether the cluster is there."""

_LATER = (429, 502, 503, 504)
"""What OpenSearch answers while it forms a cluster, elects a manager or reads its security configuration."""

_ROTATED = "rotated"
"""Attribute of a user that says since when its password is the one; see secrets_plan.ROTATED."""

_USERS = "/_plugins/_security/api/internalusers"


class NotReadyError(Exception):
    """OpenSearch cannot be reached or is not ready; it may be later."""


@dataclass(frozen=True)
class Api:
    """A connection as the owner of the admin certificate, or as a user.

    Attributes:
        url: OpenSearch's URL, without a slash at its end.
        ca: path of the PEM certificates that sign OpenSearch's; True for the public authorities.
        session: carries the certificate, or the login.
        health: the paths that answer once OpenSearch is ready.
        refused: what a person mends where OpenSearch takes the certificate, or the login, not.
    """

    url: str
    ca: str | bool
    session: requests.Session
    health: tuple[str, ...]
    refused: str

    def get(self, path: str) -> Any:
        """Returns the answer; None if there is no such thing.

        Raises:
            Failure: OpenSearch cannot be reached or refuses.
        """
        return self.ask("GET", path)

    def put(self, path: str, body: Any) -> Any:
        """Stores something; see get."""
        return self.ask("PUT", path, body)

    def post(self, path: str, body: Any = None) -> Any:
        """Has something done; see get."""
        return self.ask("POST", path, body)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the answer to a request; None if what it asks for is not there.

        Raises:
            Failure: OpenSearch cannot be reached or refuses.
        """
        try:
            answer = self._send(method, path, body)
        except NotReadyError as error:
            raise Failure(f"{method} {self.url}{path}: {error}") from None
        if answer.status_code == 404 and method == "GET":
            return None
        if answer.status_code >= 400:
            raise Failure(f"{method} {self.url}{path}: {_reason(answer)}")
        return _body(answer)

    def wait(
        self,
        seconds: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Waits until the cluster has a manager and knows its security configuration.

        Args:
            seconds: how long.
            sleep: waits so many seconds.
            clock: gives seconds that only grow.

        Raises:
            Failure: it is not there in time, or it is and does not accept the certificate.
        """
        end = clock() + seconds
        pause = 1.0
        while True:
            missing = self._missing()
            if not missing:
                return
            left = end - clock()
            if left <= 0:
                raise Failure(f"{self.url} is not ready after {seconds:g} s: {missing}")
            sleep(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _missing(self) -> str:
        """Returns what keeps OpenSearch from being ready; "" if nothing does."""
        for path in self.health:
            try:
                answer = self._send("GET", path)
            except NotReadyError as error:
                return str(error)
            if answer.status_code in (401, 403):
                raise Failure(f"{self.url} does not take {self.refused.format(_reason(answer))}")
            if answer.status_code >= 400:
                return _reason(answer)
        return ""

    def accepts(self, user: str, password: str) -> bool:
        """Returns whether a user can log in.

        Raises:
            Failure: OpenSearch cannot be reached or cannot tell.
        """
        path = "/_plugins/_security/authinfo"
        try:
            headers = {"Authorization": _basic(user, password)}
            with _session(self.ca) as plain:
                answer = plain.get(f"{self.url}{path}", headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise Failure(f"GET {self.url}{path}: {innermost(error)}") from None
        if answer.status_code not in (200, 401):
            raise Failure(f"GET {self.url}{path} as {user}: {_reason(answer)}")
        return answer.status_code == 200

    def _send(self, method: str, path: str, body: Any = None) -> requests.Response:
        try:
            answer = self.session.request(method, f"{self.url}{path}", json=body, timeout=TIMEOUT)
        except requests.exceptions.SSLError as error:
            raise Failure(f"{self.url}: TLS: {innermost(error)}") from None
        except OSError as error:  # also what requests raises, and a file of the certificate that is not there
            raise NotReadyError(innermost(error)) from None
        if answer.status_code in _LATER:
            raise NotReadyError(_reason(answer))
        return answer


def connect(url: str, *, ca: str, cert: str, key: str) -> Api:
    """Prepares a connection; nothing is sent yet.

    Args:
        url: OpenSearch's URL.
        ca: path of the PEM certificates that sign OpenSearch's.
        cert: path of the admin's PEM certificate.
        key: path of its key.
    """
    session = _session(ca)
    session.cert = (cert, key)
    refused = (
        "the admin certificate: {}; its subject must be the one in plugins.security.authcz.admin_dn and its issuer "
        "that of OpenSearch's certificate"
    )
    return Api(url.rstrip("/"), ca, session, ("/_cluster/health", "/_plugins/_security/health"), refused)


def log_in(url: str, *, ca: str | bool, user: str, password: str) -> Api:
    """Prepares a connection to an OpenSearch of somebody else, as one of its users; nothing is sent yet.

    Args:
        url: OpenSearch's URL.
        ca: path of the PEM certificates that sign its own; True for the public authorities.
        user: the user.
        password: the user's password.
    """
    session = _session(ca)
    session.headers["Authorization"] = _basic(user, password)
    refused = f"the user '{user}': {{}}; look at the Secret and at the user's rights"
    return Api(url.rstrip("/"), ca, session, ("/_cluster/health",), refused)


def _basic(user: str, password: str) -> str:
    """Returns a login's header. Not requests' own: it would write a name as Latin-1, where OpenSearch reads UTF-8."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _session(ca: str | bool) -> requests.Session:
    """Returns a session that trusts ``ca`` alone, and no proxy or netrc of its surroundings."""
    session = requests.Session()
    session.trust_env = False
    session.verify = ca
    return session


def set_password(api: Api, user: str, password: str, description: str = "", rotated: str = "") -> None:
    """Sets a user's password; makes the user if there is none.

    Args:
        api: an OpenSearch.
        user: the user.
        password: the password.
        description: who uses it, for a new user.
        rotated: since when this is the password, ISO 8601 in UTC; "" if nobody knows. It stands among the user's
            attributes then.

    Raises:
        Failure: OpenSearch cannot be reached or refuses, as it does a password that is too weak.
    """
    path = f"{_USERS}/{quote(user, safe='')}"
    attributes = {_ROTATED: rotated} if rotated else {}
    found = api.get(path)
    if found is None:
        api.put(path, {"password": password, "description": description, "attributes": attributes})
        return
    changes: list[dict[str, Any]] = [{"op": "add", "path": "/password", "value": password}]
    if attributes:
        kept = found[user].get("attributes") or {}
        changes.append({"op": "add", "path": "/attributes", "value": {**kept, **attributes}})
    api.ask("PATCH", path, changes)


def find_user(api: Api, user: str) -> str | None:
    """Returns since when a user has its password, "" if that is not known; None if OpenSearch knows no such user.

    Raises:
        Failure: OpenSearch cannot be reached or refuses.
    """
    found = api.get(f"{_USERS}/{quote(user, safe='')}")
    return None if found is None else str((found[user].get("attributes") or {}).get(_ROTATED, ""))


def _body(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _reason(answer: requests.Response) -> str:
    """Returns the status and the reason that OpenSearch gives, in one of the forms that it and its plugins have."""
    body = _body(answer)
    found: Any = body
    if isinstance(body, dict):
        error = body.get("error")
        found = error.get("reason") if isinstance(error, dict) else error
        found = found or body.get("message") or body.get("reason") or body
    return f"HTTP {answer.status_code}: {str(found).strip()[:400]}"

"""Asks an API server, and follows what changes there."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

JSON = "application/json"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"

_local = threading.local()


class ApiError(Exception):
    """The API server refused; the text has the request, the status and its reason."""

    def __init__(self, status: int, text: str) -> None:
        """Takes the HTTP status and what to say."""
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Client:
    """A client of the API server.

    Attributes:
        url: https address.
        ca: file of the CA that signed its certificate.
        token: whose rights it has; empty where something between adds them.
        kubeconfig: file for helm and kubectl with the same rights.
    """

    url: str
    ca: Path
    token: str
    kubeconfig: Path

    def ask(
        self, method: str, path: str, body: Any = None, *, kind: str = JSON, stream: bool = False, token: str = ""
    ) -> requests.Response:
        """Sends a request; the answer may be a refusal. Each thread has a connection of its own.

        Args:
            method: HTTP's.
            path: below the server's address.
            body: an object.
            kind: its content type.
            stream: whether the answer is read as it comes.
            token: whose rights to ask with, "" for the client's own.
        """
        session = getattr(_local, "session", None)
        if session is None:
            session = _local.session = requests.Session()
            session.trust_env = False  # neither a proxy nor another CA bundle
            # A kind that is new is answered so for a moment, "storage is (re)initializing"; client-go asks again too.
            again = Retry(20, backoff_factor=0.1, status_forcelist=(429,), allowed_methods=None, raise_on_status=False)
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=again))
        who = token or self.token
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {who}"} if who else {})
        data = None if body is None else json.dumps(body)
        address = f"{self.url}/{path.lstrip('/')}"
        answer: requests.Response = session.request(
            method, address, data=data, headers=headers, verify=str(self.ca), timeout=60, stream=stream
        )
        return answer

    def do(self, method: str, path: str, body: Any = None, *, kind: str = JSON) -> Any:
        """Sends a request and returns the answer's object.

        Raises:
            ApiError: the server refuses.
        """
        answer = self.ask(method, path, body, kind=kind)
        if not answer.ok:
            raise ApiError(answer.status_code, f"{method} {path}: {answer.status_code} {answer.text[:600]}")
        return answer.json()

    def get(self, path: str) -> Any:
        """Returns an object; None if there is none."""
        answer = self.ask("GET", path)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        return answer.json()

    def items(self, path: str) -> list[dict[str, Any]]:
        """Returns the objects of a list."""
        found: list[dict[str, Any]] = self.do("GET", path)["items"]
        return found

    def create_namespace(self, name: str) -> None:
        """Creates a namespace."""
        self.do("POST", "api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def apply(self, item: Mapping[str, Any], namespace: str, *, manager: str = "tests") -> Any:
        """Applies an object on the server, by force, and returns what became of it.

        Args:
            item: the object.
            namespace: its own where it names none.
            manager: who applies it.

        Raises:
            ApiError: the server refuses.
        """
        return self.do("PATCH", f"{self.path(item, namespace)}?fieldManager={manager}&force=true", item, kind=APPLY)

    def path(self, item: Mapping[str, Any], namespace: str) -> str:
        """Returns an object's path in the API; ``namespace`` is its own where it names none."""
        version, kind = item["apiVersion"], item["kind"]
        group = f"apis/{version}" if "/" in version else f"api/{version}"
        known = {each["kind"]: each for each in self.do("GET", group)["resources"] if "/" not in each["name"]}
        place = f"namespaces/{item['metadata'].get('namespace', namespace)}/" if known[kind]["namespaced"] else ""
        return f"{group}/{place}{known[kind]['name']}/{item['metadata']['name']}"

    def token_of(self, namespace: str, account: str, body: Mapping[str, Any] | None = None) -> str:
        """Returns a token of a ServiceAccount, as the kubelet asks for one; ``body`` is the request's ``spec``."""
        spec = {"expirationSeconds": 3600} if body is None else dict(body)
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = self.do("POST", f"api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", request)
        return str(answer["status"]["token"])


class Informer:
    """A copy of all objects of one kind that follows the server, in a thread of its own."""

    def __init__(self, client: Client, path: str, told: Callable[[str, dict[str, Any]], object] | None = None) -> None:
        """Takes the list's path, as ``api/v1/pods``, and who is told of each event (ADDED, MODIFIED, DELETED)."""
        self._client, self._path, self._told = client, path, told
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._ended = threading.Event()
        self.synced = threading.Event()
        self._thread = threading.Thread(target=self._run, name=path, daemon=True)

    def start(self) -> None:
        """Starts to follow and waits for the first list."""
        self._thread.start()
        self.synced.wait(30)

    def stop(self) -> None:
        """Stops at the next event."""
        self._ended.set()

    def all(self) -> list[dict[str, Any]]:
        """Returns the objects."""
        return list(self._objects.values())

    def find(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Returns an object, None if there is none."""
        return self._objects.get((namespace, name))

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow(self._list())
            except (requests.RequestException, ApiError, json.JSONDecodeError):
                # The API server restarts, or the version is too old: list again.
                time.sleep(0.5)

    def _list(self) -> str:
        listed = self._client.do("GET", self._path)
        found = {_key(item): item for item in listed["items"]}
        for key in self._objects.keys() - found.keys():
            self._tell("DELETED", self._objects.pop(key))
        for item in found.values():
            self._tell("ADDED", item)
        self.synced.set()
        return str(listed["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> None:
        path = f"{self._path}?watch=true&timeoutSeconds=50&allowWatchBookmarks=true&resourceVersion={version}"
        with self._client.ask("GET", path, stream=True) as answer:
            if not answer.ok:
                raise ApiError(answer.status_code, path)
            for line in answer.iter_lines():
                if self._ended.is_set():
                    return
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", 500), str(event["object"].get("message")))
                if event["type"] != "BOOKMARK":
                    self._tell(event["type"], event["object"])

    def _tell(self, kind: str, item: dict[str, Any]) -> None:
        if kind == "DELETED":
            self._objects.pop(_key(item), None)
        else:
            before = self._objects.get(_key(item))
            if before and before["metadata"]["resourceVersion"] == item["metadata"]["resourceVersion"]:
                return
            self._objects[_key(item)] = item
        if self._told:
            self._told(kind, item)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]

"""An HTTP server in this process that keeps Secrets as the Kubernetes API does, and fails when it is told to.

It is for what a real API server does not do on demand; tests/cluster/test_secrets_on_kubernetes.py uses a real one.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from generator.cluster.kubernetes_api import Api, connect
from tests.cluster.json_server import JsonHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/api/v1/namespaces/monitoring/secrets"


@dataclass
class Store:
    """What the server has and what it was asked.

    Attributes:
        secrets: by name, with uid-like resource versions that grow.
        asked: method and path of every request, in order.
        faults: what is answered instead, first things first: a status, or a function that gets the handler.
        lost: method and name of requests that are done but answered with 503, once each.
        before: called before each request is looked at, with method and name.
        workloads: patches by path.
        missing: paths of workloads that are not there.
    """

    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: list[int | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda _method, _name: None
    workloads: dict[str, list[Any]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    version: int = 0

    def put(self, secret: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        stored: dict[str, Any] = json.loads(json.dumps(secret))
        stored["metadata"]["resourceVersion"] = str(self.version)
        self.secrets[stored["metadata"]["name"]] = stored
        return stored

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.asked if method != "GET"]


class _Handler(JsonHandler, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for the acknowledgement of its headers
    store: Store
    lock: threading.Lock
    losing = False

    def do_GET(self) -> None:
        self._answer(lambda name, _body: self._found(name))

    def do_POST(self) -> None:
        self._answer(self._create)

    def do_PATCH(self) -> None:
        self._answer(self._patch)

    def _answer(self, work: Callable[[str, Any], None]) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.removeprefix(PATH).lstrip("/")
        with self.lock:
            self.store.before(self.command, name)
            self.store.asked.append((self.command, self.path))
            fault = self.store.faults.pop(0) if self.store.faults else None
            self.losing = (self.command, name) in self.store.lost
            if self.losing:
                self.store.lost.remove((self.command, name))
            if callable(fault):
                fault(self)
            elif fault is not None:
                self.reply(fault, {"kind": "Status", "message": f"told to answer {fault}"})
            else:
                work(name, json.loads(body) if body else None)

    def _found(self, name: str) -> None:
        found = self.store.secrets.get(name)
        self.reply(200, found) if found else self.reply(404, {"message": f'secrets "{name}" not found'})

    def _create(self, _name: str, body: Any) -> None:
        name = body["metadata"]["name"]
        if name in self.store.secrets:
            self.reply(409, {"message": f'secrets "{name}" already exists'})
        else:
            self.reply(201, self.store.put(body))

    def _patch(self, name: str, body: Any) -> None:
        if not self.path.startswith(PATH):
            if self.path in self.store.missing:
                self.reply(404, {"message": "not found"})
            else:
                self.store.workloads.setdefault(self.path, []).append(body)
                self.reply(200, {})
            return
        found = self.store.secrets.get(name)
        if found is None:
            self.reply(404, {"message": f'secrets "{name}" not found'})
        elif (
            body.get("metadata", {}).get("resourceVersion", found["metadata"]["resourceVersion"])
            != (found["metadata"]["resourceVersion"])
        ):
            self.reply(409, {"message": "the object has been modified"})
        else:
            data = {**found["data"], **body.get("data", {})}
            found["data"] = {key: value for key, value in data.items() if value is not None}
            notes = {**(found["metadata"].get("annotations") or {}), **body.get("metadata", {}).get("annotations", {})}
            if notes:
                found["metadata"]["annotations"] = {key: value for key, value in notes.items() if value is not None}
            self.reply(200, self.store.put(found))

    def reply(self, status: int, body: Any) -> None:
        status, body = (503, {"message": "lost"}) if self.losing else (status, body)
        super().reply(status, body)


@contextlib.contextmanager
def secret_server() -> Iterator[tuple[Store, Api]]:
    """Provides a store that is served on a loopback port, and a client of it that does not wait between attempts."""
    store = Store()
    handler = type("Handler", (_Handler,), {"store": store, "lock": threading.Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        api = connect(f"http://127.0.0.1:{server.server_port}", "token", "monitoring", ca=False, backoff=0)
        try:
            yield store, api
        finally:
            api.session.close()
            server.shutdown()

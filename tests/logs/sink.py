"""Loopback servers with what Fluent Bit needs of two others: OpenSearch's _bulk, over TLS, and Kubernetes' pods."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

LABELS = {"app": "demo", "app.kubernetes.io/name": "demo"}
"""The labels of a pod; the first is a string where the second, with dots, would make an object."""


@dataclass
class Sink:
    """Keeps what it was sent, refuses when told to, and answers as OpenSearch does.

    Attributes:
        refusal: the status of every answer while it is not None.
        unacceptable: a document whose log is this is refused every time, as one that conflicts with the mapping is.
        item_refusal: the status of every document while it is not None, in an answer of status 200.
        login: (user, password) that a request must bring; None lets all in.
        labels: the labels of pods, by name.
        documents: what was indexed: (index, id) → the document.
        sent: how many documents came in requests that were not refused, repeated ones too.
        repeated: of these, how many had the index and id of one that was there.
        refused: how many requests were refused, by status.
    """

    refusal: int | None = None
    unacceptable: str | None = None
    item_refusal: int | None = None
    login: tuple[str, str] | None = None
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    documents: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    sent: int = 0
    repeated: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, authorization: str | None, body: bytes) -> tuple[int, dict[str, Any]]:
        """Lets a request in or not, then indexes it."""
        known = self.login and "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
        if known and authorization != known:
            return self._refuse(401)
        return self.bulk(body)

    def _refuse(self, status: int) -> tuple[int, dict[str, Any]]:
        with self.changed:
            self.refused[status] = self.refused.get(status, 0) + 1
            self.changed.notify_all()
        return status, {"error": {"type": "unavailable"}, "status": status}

    def bulk(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Indexes a bulk body; gives the status and OpenSearch's answer."""
        if self.refusal is not None:
            return self._refuse(self.refusal)
        with self.changed:
            items = [self._index(action, document) for action, document in _pairs(body)]
            self.changed.notify_all()
        return 200, {"took": 1, "errors": any(item["create"]["status"] >= 300 for item in items), "items": items}

    def _index(self, action: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        (target,) = action.values()
        place = (target["_index"], target.get("_id", f"generated-{self.sent}"))
        self.sent += 1
        if self.item_refusal is not None:
            self.refused[self.item_refusal] = self.refused.get(self.item_refusal, 0) + 1
            return {"create": {"_id": place[1], "status": self.item_refusal, "error": {"type": "refused"}}}
        if self.unacceptable is not None and document["log"] == self.unacceptable:
            return {"create": {"_id": place[1], "status": 400, "error": {"type": "mapper_parsing_exception"}}}
        if place in self.documents:
            self.repeated += 1
            # A real answer to a repeated document is this long; the limit on what Fluent Bit reads must bear it.
            return {"create": {"_id": place[1], "status": 409, "error": {"reason": "x" * 200}}}
        self.documents[place] = document
        return {"create": {"_id": place[1], "status": 201}}

    def wait(self, until: Callable[..., bool], seconds: float) -> bool:
        """Waits until ``until(self)`` holds, at most ``seconds``; gives whether it does."""
        with self.changed:
            return self.changed.wait_for(lambda: until(self), timeout=seconds)

    def logs(self) -> list[dict[str, Any]]:
        """Returns the documents, in the order of arrival."""
        with self.changed:
            return list(self.documents.values())


def _pairs(body: bytes) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    lines = [json.loads(line) for line in body.decode("utf-8").split("\n") if line]
    return zip(lines[::2], lines[1::2], strict=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a Fluent Bit that was killed while it was answered."""
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


def _handler(post: Callable[..., Any] | None, get: Callable[[str], Any] | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*(post(self.headers["Authorization"], body) if post else (405, {})))

        def do_GET(self) -> None:
            self._answer(*(get(self.path) if get else (405, {})))

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keeps quiet: the test's output is for the test."""

    return Handler


def certify(folder: Path, name: str) -> tuple[Path, Path]:
    """Makes an authority and a certificate for a host's name.

    Returns:
        The authority's certificate; the host's certificate and key in one file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority, both = folder / "ca.crt", folder / "server.pem"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    signed: list[str | Path] = ["-CA", authority, "-CAkey", folder / "ca.key", "-addext", f"subjectAltName=DNS:{name}"]
    commands: tuple[list[str | Path], ...] = (
        [*new, "-subj", "/CN=test-authority", "-keyout", folder / "ca.key", "-out", authority],
        [*new, "-subj", "/CN=opensearch-node", "-keyout", folder / "key", "-out", folder / "crt", *signed],
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    both.write_bytes((folder / "crt").read_bytes() + (folder / "key").read_bytes())
    return authority, both


class Server:
    """Serves a sink and pods' metadata on free ports of the loopback interface for the length of a ``with``.

    Attributes:
        sink: what the lines become.
        authority: the certificate that a client must trust.
        port: the sink's.
        pods_port: Kubernetes'.
    """

    def __init__(self, certificates: tuple[Path, Path]) -> None:
        self.sink = Sink()
        self.authority, both = certificates
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        bulk = _Server(("127.0.0.1", 0), _handler(self.sink.answer, None))
        bulk.socket = context.wrap_socket(bulk.socket, server_side=True, do_handshake_on_connect=False)
        pods = _Server(("127.0.0.1", 0), _handler(None, self._pod))
        self._servers = (bulk, pods)
        self.port: int = bulk.server_address[1]
        self.pods_port: int = pods.server_address[1]

    def _pod(self, path: str) -> tuple[int, dict[str, Any]]:
        parts = path.strip("/").split("/")
        if len(parts) != 6 or parts[4] != "pods":
            return 404, {}
        labels = self.sink.labels.get(parts[5], LABELS)
        metadata = {"name": parts[5], "namespace": parts[3], "uid": "u", "labels": labels}
        return 200, {"metadata": metadata, "spec": {"nodeName": "node-1"}, "status": {}}

    def __enter__(self) -> Server:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

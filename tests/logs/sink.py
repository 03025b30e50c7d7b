"""A loopback server that speaks what Fluent Bit needs of two others: OpenSearch's _bulk and Kubernetes' pods."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

LABELS = {"app": "demo", "app.kubernetes.io/name": "demo"}
"""The labels of every pod; the first is a string where the second, with dots, would make an object."""


@dataclass
class Sink:
    """Keeps what it was sent, refuses when told to, and answers as OpenSearch does.

    Attributes:
        refusal: the status of every answer while it is not None.
        unacceptable: a document whose log is this is refused every time, as one that conflicts with the mapping is.
        documents: what was indexed: (index, id) → the document.
        sent: how many documents came in requests that were not refused, repeated ones too.
        repeated: of these, how many had the index and id of one that was there.
        refused: how many requests were refused, by status.
    """

    refusal: int | None = None
    unacceptable: str | None = None
    documents: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    sent: int = 0
    repeated: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def bulk(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Indexes a bulk body; gives the status and OpenSearch's answer."""
        with self.changed:
            if self.refusal is not None:
                self.refused[self.refusal] = self.refused.get(self.refusal, 0) + 1
                self.changed.notify_all()
                return self.refusal, {"error": {"type": "unavailable"}, "status": self.refusal}
            items = [self._index(action, document) for action, document in _pairs(body)]
            self.changed.notify_all()
        return 200, {"took": 1, "errors": any(item["create"]["status"] >= 300 for item in items), "items": items}

    def _index(self, action: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        (target,) = action.values()
        place = (target["_index"], target.get("_id", f"generated-{self.sent}"))
        self.sent += 1
        if self.unacceptable is not None and document["log"] == self.unacceptable:
            return {"create": {"_id": place[1], "status": 400, "error": {"type": "mapper_parsing_exception"}}}
        if place in self.documents:
            self.repeated += 1
            # A real answer to a repeated document is this long; the limit on what Fluent Bit reads must bear it.
            return {"create": {"_id": place[1], "status": 409, "error": {"reason": "x" * 200}}}
        self.documents[place] = document
        return {"create": {"_id": place[1], "status": 201}}

    def wait(self, until: Any, seconds: float) -> bool:
        """Waits until ``until(self)`` holds, at most ``seconds``; gives whether it does."""
        with self.changed:
            return self.changed.wait_for(lambda: until(self), timeout=seconds)

    def logs(self) -> list[dict[str, Any]]:
        """Gives the documents, in the order of arrival."""
        with self.changed:
            return list(self.documents.values())


def _pairs(body: bytes) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    lines = [json.loads(line) for line in body.decode("utf-8").split("\n") if line]
    return zip(lines[::2], lines[1::2], strict=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a Fluent Bit that was killed while it was answered."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """Serves a sink on a free port of the loopback interface for the length of a ``with``."""

    def __init__(self) -> None:
        self.sink = sink = Sink()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._answer(*sink.bulk(self.rfile.read(int(self.headers["Content-Length"]))))

            def do_GET(self) -> None:
                parts = self.path.strip("/").split("/")
                if len(parts) != 6 or parts[4] != "pods":
                    self._answer(404, {})
                    return
                metadata = {"name": parts[5], "namespace": parts[3], "uid": "u", "labels": LABELS}
                self._answer(200, {"metadata": metadata, "spec": {"nodeName": "node-1"}, "status": {}})

            def _answer(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Keeps quiet: the test's output is for the test."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Server:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

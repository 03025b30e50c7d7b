"""A real HTTP server on loopback whose answers a test decides path by path."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from .charts import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Route = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """The server: its address, what it answers by path, and what it was asked."""

    url: str
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _headers in self.asked]

    def headers_of(self, path: str) -> list[dict[str, str]]:
        return [headers for asked, headers in self.asked if asked == path]


@contextlib.contextmanager
def running(tls: tuple[Path, Path] | None = None) -> Iterator[Web]:
    """Runs a server; ``tls`` is the certificate and the key to speak https with."""
    web = Web("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            web.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
            with contextlib.suppress(ConnectionError):  # a client that was interrupted hangs up
                web.routes.get(path, status(404))(self)

        def log_message(self, *_arguments: Any) -> None:
            """Keeps the test output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        web.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield web
        server.shutdown()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, code: int, body: bytes, **headers: str) -> None:
    handler.send_response(code)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str) -> Route:
    return lambda handler: answer(handler, code, b"", **headers)


def content(body: bytes, **headers: str) -> Route:
    """Answers with a file, like a server that knows no ranges."""
    return lambda handler: answer(handler, 200, body, **headers)


def ranged(body: bytes, etag: str | None = '"one"', *, cut: int | None = None) -> Route:
    """Answers with a file as RFC 9110 says about Range and If-Range; hangs up ``cut`` bytes into each body."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        extra = {"ETag": etag} if etag else {}
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        same = handler.headers.get("If-Range") in (None, etag)
        start = int(wanted[1]) if wanted and same else 0
        if wanted and same and start >= len(body):
            answer(handler, 416, b"", Content_Range=f"bytes */{len(body)}")
            return
        handler.send_response(206 if start else 200)
        rest = body[start:]
        if start:
            extra["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        for name, value in {"Content-Length": str(len(rest)), **extra}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(rest if cut is None else rest[:cut])

    return route


def one_after_another(*routes: Route) -> Route:
    """Answers with the first route, then the second, and so on; the last one stays."""
    left = list(routes)

    def route(handler: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return route


def endless(body: bytes) -> Route:
    """Answers with a file without saying how long it is."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)

    return route


def registry(web: Web, repository: str, tag: str, archive: bytes, *, login: str | None = None) -> None:
    """Lets the server be an OCI registry with one chart, that wants a token for it, and a login for the token."""
    digest = f"sha256:{sha256(archive)}"
    manifest = {
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2},
        "layers": [
            {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "digest": digest,
                "size": len(archive),
            }
        ],
    }
    scope = f"repository:{repository}:pull"
    challenge = f'Bearer realm="{web.url}/token",service="a registry",scope="{scope}"'

    def guarded(route: Route) -> Route:
        def guard(handler: BaseHTTPRequestHandler) -> None:
            if handler.headers.get("Authorization") == "Bearer good":
                route(handler)
            else:
                answer(handler, 401, b"{}", WWW_Authenticate=challenge)

        return guard

    def token(handler: BaseHTTPRequestHandler) -> None:
        basic = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None
        good = f"service=a+registry&scope={scope.replace(':', '%3A').replace('/', '%2F')}" in handler.path
        granted = "good" if good and handler.headers.get("Authorization") == basic else "bad"
        answer(handler, 200, json.dumps({"token": granted}).encode())

    web.routes["/token"] = token
    web.routes[f"/v2/{repository}/manifests/{tag}"] = guarded(content(json.dumps(manifest).encode()))
    web.routes[f"/v2/{repository}/blobs/{digest}"] = guarded(ranged(archive))

"""Serves the runbooks: a page for each alert, as text that a browser shows.

Only files of the folder itself whose names end in ``.md`` are given, whatever a request asks for.
"""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FIRST = "README.md"
"""The page of ``/``: the list of all."""


class Server(ThreadingHTTPServer):
    """Listens on every address, of both families where the machine has both."""

    daemon_threads = True
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def server_bind(self) -> None:
        """Binds; without this a socket of IPv6 takes no IPv4."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    """Returns what answers a request with a page of the folder."""

    class Pages(BaseHTTPRequestHandler):
        timeout = 10  # seconds for a request's lines, so that a client that says nothing holds no thread

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def answer(self, *, with_body: bool) -> None:
            name = self.path.partition("?")[0].partition("#")[0].removeprefix("/") or FIRST
            page = next((path for path in folder.glob("*.md") if path.name == name), None)
            body = page.read_bytes() if page else b"There is no such runbook. / lists all.\n"
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of what it stands in for
            """Is silent: a line for each probe would say nothing."""

    return Pages


def main() -> None:
    """Serves the folder that the first argument names on the port of the second until it is ended."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    Server(("", port), handler(folder)).serve_forever()


if __name__ == "__main__":
    main()

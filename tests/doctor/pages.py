"""Small HTTP servers that play the pods of a cluster: what each page serves can be changed while Prometheus scrapes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.monitors.discovery import self_signed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Place = tuple[str, int]
"""Address and port."""


@dataclass(frozen=True)
class Page:
    """What a port serves.

    Attributes:
        text: of its metrics; @now is the second in which it is asked, for a counter that grows.
        path: where they are.
        status: of the answer.
        key: what a client has to send as a bearer, "" for nothing.
        tls: whether the port speaks TLS.
        delay: seconds before the answer.
        kind: the content type.
    """

    text: str
    path: str = "/metrics"
    status: str = "200 OK"
    key: str = ""
    tls: bool = False
    delay: float = 0.0
    kind: str = "text/plain; version=0.0.4"


class Servers:
    """The ports that are open; what they serve follows ``pages``."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: dict[Place, tuple[bool, asyncio.Server]] = {}
        self._pages: Mapping[Place, Page] = {}
        self._thread.start()

    def serve(self, pages: Mapping[Place, Page]) -> None:
        """Opens and closes ports until they are those of the pages."""
        self._pages = dict(pages)
        asyncio.run_coroutine_threadsafe(self._arrange(), self._loop).result(30)

    def close(self) -> None:
        self.serve({})
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _arrange(self) -> None:
        for place, (tls, server) in list(self._open.items()):
            if place not in self._pages or self._pages[place].tls != tls:
                server.close()
                del self._open[place]
        for place, page in self._pages.items():
            if place not in self._open:
                tls_context = self._context if page.tls else None
                server = await asyncio.start_server(self._answer(place, page.tls), *place, ssl=tls_context)
                self._open[place] = (page.tls, server)

    def _answer(self, place: Place, tls: bool) -> Any:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while True:
                    first = await reader.readexactly(1)
                    if first == b"\x16":  # a greeting of TLS, to which servers of HTTP answer so
                        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                        await writer.drain()
                        break
                    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    page = self._pages.get(place)
                    if page is None or page.tls != tls:
                        break  # the connection is of before the change
                    await asyncio.sleep(page.delay)
                    status, text = page.status, page.text.replace("@now", str(int(time.time())))
                    if page.key and f"bearer {page.key}" not in head:
                        status, text = "401 Unauthorized", ""
                    elif head.split(" ", 2)[1] != page.path:
                        status, text = "404 Not Found", ""
                    body = text.encode()
                    head = f"HTTP/1.1 {status}\r\nContent-Type: {page.kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                    writer.write(head.encode() + body)
                    await writer.drain()
            writer.close()

        return answer


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Servers]:
    """Returns servers, which are closed at the end."""
    servers = Servers(self_signed(folder))
    try:
        yield servers
    finally:
        servers.close()

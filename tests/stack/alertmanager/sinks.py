"""Servers on loopback that take a message as the real service does, and refuse what that would refuse.

What each answers is from the services' own documentation; to Alertmanager, Slack's ``ok`` alone is a delivery.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import queue
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass
class Sink:
    """What has arrived.

    Attributes:
        taken: what the service has accepted, each by the service's name: its content, parsed.
        refused: why something was not accepted.
    """

    taken: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    refused: list[str] = field(default_factory=list)
    url: str = ""


Answer = tuple[int, str, str]
"""Status, type and body."""


def slack(path: str, _headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """An incoming webhook: the address is the secret."""
    if path != "/services/T0/B0/hook":
        return (403, "text/plain", "invalid_token"), None
    return (200, "text/plain", "ok"), json.loads(body)


def pagerduty(_path: str, _headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """The Events API v2: a routing key of 32 letters and digits, and a payload with summary, source and severity."""
    event = json.loads(body)
    wrong = []
    if not re.fullmatch(r"[0-9a-z]{32}", event.get("routing_key", "")):
        wrong.append("routing_key")
    if event["event_action"] == "trigger":
        payload = event.get("payload", {})
        wrong += [key for key in ("summary", "source") if not payload.get(key)]
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            wrong.append("severity")
    if wrong:
        return (400, "application/json", json.dumps({"status": "invalid event", "errors": wrong})), None
    answer = {"status": "success", "message": "Event processed", "dedup_key": event.get("dedup_key")}
    return (202, "application/json", json.dumps(answer)), event


def opsgenie(_path: str, headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """The Alert API: the key is in a header."""
    if headers.get("Authorization") != "GenieKey an-api-key":
        return (401, "application/json", '{"message": "Could not authenticate"}'), None
    return (202, "application/json", '{"result": "Request will be processed"}'), json.loads(body)


def msteams(path: str, _headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """A workflow's webhook: an adaptive card in a message, answered with 202 and nothing."""
    message = json.loads(body)
    card = message.get("attachments", [{}])[0]
    if path != "/workflows/one?sig=secret" or message.get("type") != "message":
        return (400, "application/json", '{"error": {"code": "TriggerInputSchemaMismatch"}}'), None
    if card.get("contentType") != "application/vnd.microsoft.card.adaptive":
        return (400, "application/json", '{"error": {"code": "TriggerInputSchemaMismatch"}}'), None
    return (202, "text/plain", ""), message


def sns(_path: str, headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """Publish of the Query API: signed with the key of the credentials' file."""
    fields = {key: values[0] for key, values in parse_qs(body.decode()).items()}
    signed = headers.get("Authorization", "")
    if "Credential=AKIDEXAMPLE/" not in signed or "/eu-central-1/sns/aws4_request" not in signed:
        return (
            403,
            "text/xml",
            "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>",
        ), None
    text = (
        '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
        "</PublishResult><ResponseMetadata><RequestId>2</RequestId></ResponseMetadata></PublishResponse>"
    )
    return (200, "text/xml", text), fields


def webhook(_path: str, headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """A service that wants a token."""
    if headers.get("Authorization") != "Bearer a-token":
        return (401, "text/plain", "no"), None
    return (200, "text/plain", ""), json.loads(body)


def watchdog(_path: str, _headers: Mapping[str, str], body: bytes) -> tuple[Answer, Any]:
    """A dead man's switch, which takes anything for a sign of life."""
    return (200, "text/plain", "OK"), json.loads(body)


@contextlib.contextmanager
def http(
    sink: Sink,
    name: str,
    service: Callable[[str, Mapping[str, str], bytes], tuple[Answer, Any]],
    pem: Path | None = None,
) -> Iterator[str]:
    """Serves one service until the block ends; gives its address. With a certificate it speaks TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            (status, kind, text), content = service(self.path, dict(self.headers.items()), body)
            if content is None:
                sink.refused.append(f"{name}: {status} {text}")
            else:
                sink.taken.put((name, content))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if pem is not None:
        server.socket = _context(pem).wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class _Mail:
    """One conversation with a mail server: STARTTLS, then a login, then messages."""

    def __init__(
        self,
        sink: Sink,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        context: ssl.SSLContext,
        login: tuple[str, str],
    ) -> None:
        self.sink = sink
        self.reader, self.writer = streams
        self.context = context
        self.login = login
        self.secure = self.known = False

    async def talk(self) -> None:
        await self.say("220 sink")
        while line := (await self.reader.readuntil(b"\r\n")).decode().strip():
            verb, _, rest = line.partition(" ")
            answer = await self.answer(verb.upper(), rest)
            await self.say(answer)
            if answer.startswith("221"):
                return
            if verb.upper() == "STARTTLS":
                await self.writer.start_tls(self.context)
                self.secure = True

    async def say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())
        await self.writer.drain()

    async def answer(self, verb: str, rest: str) -> str:
        if verb == "EHLO":
            return "250-sink\r\n" + ("250 AUTH PLAIN" if self.secure else "250 STARTTLS")
        if verb == "AUTH":
            said = tuple(base64.b64decode(rest.split(" ")[1]).decode().split("\0")[1:])
            self.known = self.secure and said == self.login
        if verb in ("AUTH", "MAIL", "RCPT", "DATA") and not self.known:
            self.sink.refused.append(f"email: {verb} without a login over TLS")
            return "535 authentication required"
        if verb == "DATA":
            await self.say("354 go on")
            self.sink.taken.put(("email", (await self.reader.readuntil(b"\r\n.\r\n")).decode()))
        return {"STARTTLS": "220 go on", "AUTH": "235 welcome", "QUIT": "221 bye"}.get(verb, "250 ok")


@contextlib.contextmanager
def smtp(sink: Sink, pem: Path, login: tuple[str, str]) -> Iterator[str]:
    """Serves mail until the block ends; gives host and port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = _context(pem)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await _Mail(sink, (reader, writer), context, login).talk()
        writer.close()

    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(talk, "127.0.0.1", 0), loop).result(10)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

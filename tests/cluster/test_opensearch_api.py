"""The client of OpenSearch's REST API: what it waits for, what it gives up on, and in which words."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from generator.cluster.opensearch_api import Api, connect
from generator.cluster.program import Failure
from tests.cluster.json_server import JsonHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answers = list[tuple[int, Any]]


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], Api]]:
    """Serves answers in their order over plain HTTP, the last one for ever, and gives a client."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: Answers) -> Api:
        class Handler(JsonHandler, BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.pop(0) if len(answers) > 1 else answers[0]
                self.reply(status, body)

            do_PUT = do_GET  # noqa: N815 - the names that http.server calls

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        api = connect(f"http://127.0.0.1:{server.server_port}/", ca="/ca.crt", cert="/tls.crt", key="/tls.key")
        api.session.cert = None
        return api

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Clock:
    """Time that passes in sleep alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_what_is_not_there_is_none_and_every_refusal_is_one_line_with_its_reason(serve: Any) -> None:
    api = serve(
        [
            (404, {"status": 404}),
            (400, {"error": {"type": "x", "reason": "no such setting"}, "status": 400}),
            (400, {"status": "BAD_REQUEST", "message": "Weak password"}),
            (400, {"status": "error", "reason": "Could not parse"}),
            (405, {"error": "Incorrect HTTP method"}),
            (200, {"ok": True}),
        ]
    )
    assert api.get("/a") is None
    for reason in ("no such setting", "Weak password", "Could not parse", "Incorrect HTTP method"):
        with pytest.raises(Failure) as failure:
            api.put("/b", {})
        assert str(failure.value).endswith(f"/b: HTTP {405 if 'method' in reason else 400}: {reason}")
    assert api.get("/c") == {"ok": True}


def test_it_waits_ever_longer_for_a_cluster_that_is_not_ready(serve: Any) -> None:
    clock = Clock()
    api = serve([(503, "OpenSearch Security not initialized.")] * 6 + [(200, {"status": "green"})])
    api.wait(900, sleep=clock.sleep, clock=clock)
    assert clock.slept == [1, 2, 4, 8, 15, 15]


def test_it_waits_for_the_security_configuration_too(serve: Any) -> None:
    clock = Clock()
    api = serve([(200, {"status": "green"}), (503, {"message": "Not initialized"}), (200, {"status": "green"})])
    api.wait(900, sleep=clock.sleep, clock=clock)
    assert clock.slept == [1]


def test_it_gives_up_in_time_and_says_what_was_missing(serve: Any) -> None:
    clock = Clock()
    api = serve([(503, "OpenSearch Security not initialized.")])
    with pytest.raises(Failure, match=r"is not ready after 20 s: HTTP 503: OpenSearch Security not initialized\.$"):
        api.wait(20, sleep=clock.sleep, clock=clock)
    assert clock.now == 20


def test_nobody_at_the_address_is_said_in_the_words_of_the_system() -> None:
    clock = Clock()
    api = connect("https://127.0.0.1:1", ca="/nowhere/ca.crt", cert="/tls.crt", key="/tls.key")
    with pytest.raises(Failure, match=r"https://127\.0\.0\.1:1 is not ready after 0 s: .+") as failure:
        api.wait(0, sleep=clock.sleep, clock=clock)
    assert "\n" not in str(failure.value)


def test_a_certificate_that_is_not_taken_ends_the_wait_at_once(serve: Any) -> None:
    clock = Clock()
    with pytest.raises(Failure, match="does not take the admin certificate: HTTP 401: Unauthorized; its subject"):
        serve([(401, "Unauthorized")]).wait(900, sleep=clock.sleep, clock=clock)
    assert clock.slept == []

"""The load generator against a real HTTP server on loopback that counts what it does: both must tell the same."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import random
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from examples.load import load
from examples.load.load import Plan, due_times, read_plan, run, summary
from tests.examples.support import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WORDS = 6
"""Tokens of a whole answer."""


class Server:
    """A server that speaks as vLLM does, and counts how its answers ended.

    The prompt's first word tells it what to do; without one it is an answer of WORDS tokens.
    """

    def __init__(self, *, behaviour: str = "") -> None:
        self.behaviour = behaviour
        self.ended: Counter[str] = Counter()
        self.started = 0
        self.pause = 0.0

    async def settled(self) -> None:
        """Waits until every request has ended here too, five seconds at most."""
        for _ in range(100):
            if self.ended.total() == self.started:
                return
            await asyncio.sleep(0.05)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.started += 1
        body = await request.json()
        if body["model"] != "tiny":
            return self._status(404)
        if body["max_tokens"] < 1 or not isinstance(body.get("temperature", 1.0), float):
            return self._status(400)
        if self.behaviour.isdigit():
            return self._status(int(self.behaviour))
        if not body["stream"]:
            self.ended["whole"] += 1
            usage = {"prompt_tokens": 3, "completion_tokens": WORDS}
            return web.json_response({"choices": [{"text": "abcdef", "finish_reason": "stop"}], "usage": usage})
        return await self._stream(request)

    def _status(self, status: int) -> web.Response:
        self.ended[str(status)] += 1
        return web.json_response({"error": {"message": "no"}}, status=status)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def say(event: dict[str, Any]) -> None:
            await response.write(f"data: {json.dumps(event)}\n\n".encode())

        try:
            if self.behaviour == "error":
                await say({"error": {"message": "queue full", "code": 503}})
                self.ended["error"] += 1
                return response
            for number in range(WORDS):
                await asyncio.sleep(self.pause)
                last = number == WORDS - 1
                await say({"choices": [{"text": "x", "finish_reason": "length" if last else None}]})
                if self.behaviour == "drop" and number == 1:
                    self.ended["dropped"] += 1
                    assert request.transport is not None
                    request.transport.abort()
                    return response
            await say({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": WORDS}})
            await response.write(b"data: [DONE]\n\n")
        except (ConnectionError, asyncio.CancelledError):
            self.ended["client gone"] += 1
            raise
        self.ended["whole"] += 1
        return response


async def with_server(server: Server, act: Callable[[str], Awaitable[list[load.Result]]]) -> list[load.Result]:
    app = web.Application()
    app.router.add_post("/v1/completions", server.answer)
    # As vLLM's server: a handler is cancelled when its client goes.
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    try:
        results = await act(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await server.settled()
        # Before cleanup, which would end what still runs.
        assert server.ended.total() == server.started
        return results
    finally:
        await runner.cleanup()


def drive(server: Server, **changes: Any) -> list[load.Result]:
    """Sends ten requests in half a second, unless told otherwise, and returns what they got."""
    plan = replace(Plan("", "tiny", seconds=0.5, rate=20.0, timeout=5.0), **changes)
    return asyncio.run(with_server(server, lambda url: run(replace(plan, url=url), io.StringIO())))


def ends(results: list[load.Result]) -> dict[str, int]:
    return dict(Counter(result.end for result in results))


def test_a_stream_is_read_to_its_end_and_counted_as_the_server_counts_it() -> None:
    server = Server()
    server.pause = 0.01
    results = drive(server)
    assert ends(results) == {"length": 10}
    assert server.ended == {"whole": 10}
    for result in results:
        assert (result.status, result.kind, result.chunks) == (200, "good", WORDS)
        assert (result.tokens, result.prompt_tokens) == (WORDS, 3)
        assert result.first_token is not None
        assert result.gaps is not None
        assert result.first_token >= 0.01
        assert len(result.gaps) == WORDS - 1
        assert WORDS * 0.01 <= result.first_token + sum(result.gaps) <= result.seconds


def test_an_answer_in_one_piece_has_tokens_and_no_first_token() -> None:
    results = drive(Server(), stream=False)
    assert ends(results) == {"stop": 10}
    assert [(result.tokens, result.first_token) for result in results] == [(WORDS, None)] * 10


@pytest.mark.parametrize(("status", "end"), [("503", "refused"), ("429", "refused"), ("500", "failed")])
def test_a_status_says_whether_the_server_refuses_or_fails(status: str, end: str) -> None:
    server = Server(behaviour=status)
    results = drive(server)
    assert ends(results) == {end: server.ended[status]}
    assert {result.status for result in results} == {int(status)}


def test_a_refusal_in_a_stream_is_no_success_although_its_status_is() -> None:
    results = drive(Server(behaviour="error"))
    assert ends(results) == {"error_event": 10}
    assert {(result.status, result.tokens) for result in results} == {(200, 0)}
    assert "queue full" in results[0].detail


def test_a_connection_that_breaks_in_mid_stream_is_cut_with_the_tokens_that_came() -> None:
    server = Server(behaviour="drop")
    results = drive(server)
    assert ends(results) == {"cut": server.ended["dropped"]}
    assert {(result.status, result.tokens) for result in results} == {(200, 2)}


def test_nobody_at_the_address_is_a_refusal_without_a_status() -> None:
    plan = Plan("http://127.0.0.1:9", "tiny", seconds=0.1, rate=20.0)
    results = asyncio.run(run(plan, io.StringIO()))
    assert [(result.end, result.status) for result in results] == [("refused", None)] * 2


def test_an_answer_that_takes_too_long_is_a_timeout() -> None:
    server = Server()
    server.pause = 0.5
    results = drive(server, seconds=0.1, timeout=1.5)
    assert ends(results) == {"timeout": 2}
    assert {result.status for result in results} == {200}


def test_hang_ups_close_the_connection_and_the_server_notices() -> None:
    server = Server()
    server.pause = 0.02
    results = drive(server, hang_up=1.0, hang_up_after=2)
    assert ends(results) == {"hung_up": 10}
    assert server.ended == {"client gone": 10}
    assert {(result.chunks, result.tokens) for result in results} == {(2, 2)}


def test_requests_that_are_wrong_on_purpose_are_rejected_and_no_others() -> None:
    server = Server()
    results = drive(server, seconds=3.0, bad=0.5, seed=3)
    assert {(result.kind, result.end) for result in results} == {("bad", "rejected"), ("good", "length")}
    assert Counter(str(result.status) for result in results if result.kind == "bad") == {
        status: count for status, count in server.ended.items() if status != "whole"
    }
    assert {"400", "404"} <= server.ended.keys()


def test_the_loop_is_open_slow_answers_do_not_hold_up_the_next_request() -> None:
    server = Server()
    server.pause = 0.4
    first, *_, last = sorted(drive(server, seconds=0.5), key=lambda result: result.sent)
    assert last.sent < first.sent + first.seconds


def test_the_log_has_a_line_a_request_as_soon_as_it_has_ended() -> None:
    log = io.StringIO()
    plan = Plan("", "tiny", seconds=0.2, rate=20.0)
    results = asyncio.run(with_server(Server(), lambda url: run(replace(plan, url=url), log)))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["end"] for line in lines] == ["length"] * len(results)
    assert all(abs(line["sent"] - time.time()) < 60 for line in lines)


def test_a_summary_adds_up_to_the_requests() -> None:
    results = drive(Server(), bad=0.3, seed=1)
    told = summary(results, 0.5)
    assert sum(told["ends"].values()) == sum(told["statuses"].values()) == told["requests"] == len(results)
    assert told["tokens"] == WORDS * told["ends"]["length"]
    assert told["first_token_p50"] <= told["first_token_p95"]


def test_every_end_that_can_be_is_explained() -> None:
    source = (EXAMPLES / "load" / "load.py").read_text(encoding="utf-8")
    assert {end for end in load.ENDS if f'"{end}"' not in source.split("}", 1)[1]} <= {"stop", "length"}


def dues(**changes: Any) -> list[float]:
    return list(due_times(Plan("", "tiny", **changes), random.Random(0)))  # noqa: S311 - no secret


def test_requests_are_due_at_the_rate() -> None:
    assert dues(seconds=3.0, rate=2.0) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_random_times_keep_the_rate_on_average() -> None:
    times = dues(seconds=2000.0, rate=2.0, poisson=True)
    assert len(times) == pytest.approx(4000, rel=0.05)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert sum(gap < 0.1 for gap in gaps) > 500


def test_a_burst_comes_on_time_and_ends() -> None:
    times = dues(seconds=60.0, rate=1.0, burst_rate=10.0, burst_every=20.0, burst_seconds=5.0)
    per_second = Counter(int(time) for time in times)
    assert {second for second, count in per_second.items() if count > 5} == {*range(20, 25), *range(40, 45)}


@pytest.mark.parametrize("words", [["--bad", "0.7", "--hang-up", "0.7"], ["--rate", "0"]])
def test_a_plan_that_cannot_be_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_plan(["http://127.0.0.1:9", "--model", "tiny", *words])
    assert ended.value.code == 2
    assert "--bad and --hang-up together" in capsys.readouterr().err


def test_every_option_reaches_the_plan() -> None:
    plan, log = read_plan(["http://h", "--model", "m", "--no-stream", "--burst-rate", "9", "--log", "x", "--seed", "4"])
    assert plan == Plan("http://h", "m", stream=False, burst_rate=9.0, seed=4)
    assert str(log) == "x"

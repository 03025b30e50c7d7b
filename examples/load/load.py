"""Sends requests to an OpenAI-compatible server at a steady rate and writes down what each of them got.

    python load.py http://127.0.0.1:8000 --model tiny --rate 2 --seconds 60 --log requests.jsonl
    python load.py … --rate 2 --burst-rate 20 --burst-every 30 --burst-seconds 5 --bad 0.1 --hang-up 0.2

The loop is open: a request is sent when it is due, whether or not earlier ones are answered, as users do. The log is
the truth that dashboards can be held against; `Result` says what is in a line.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ENDS = {
    "stop": "the model ended by itself",
    "length": "max_tokens was reached",
    "refused": "HTTP 429 or 503, or no connection: nobody took the request",
    "rejected": "any other HTTP 4xx: the request was wrong",
    "failed": "any other HTTP status",
    "error_event": "HTTP 200, then an event in the stream with an error",
    "hung_up": "this client closed the connection in mid-stream, as it was told to",
    "cut": "the connection broke, or the stream ended without saying why",
    "timeout": "no end within --timeout",
}
"""How a request can end, each exactly one way: the counts add up to the requests sent."""

BAD_BODIES: list[dict[str, Any]] = [
    {"max_tokens": -5},
    {"temperature": "hot"},
    {"model": "no-such-model"},
]
"""Changes that make a request wrong, in ways that servers notice at different places: a number out of range, a wrong
type, a model that is not there."""


@dataclass
class Result:
    """What one request got: a line of the log.

    Attributes:
        sent: seconds since 1970.
        kind: `good`, `bad` (wrong on purpose), `hang_up` (to be given up in mid-stream).
        status: HTTP status; None if there was no answer.
        first_token: seconds from sending to the first token; None if none came.
        gaps: seconds between one chunk of tokens and the next.
        chunks: chunks with text.
        tokens: generated tokens as the server counts them; without such a count, chunks.
        prompt_tokens: tokens of the prompt as the server counts them; None without.
        seconds: from sending to the end.
        end: one of ENDS.
        detail: what the server or the connection said, where that was an error.
    """

    sent: float
    kind: str
    status: int | None = None
    first_token: float | None = None
    gaps: list[float] | None = None
    chunks: int = 0
    tokens: int = 0
    prompt_tokens: int | None = None
    seconds: float = 0.0
    end: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Plan:
    """What to send.

    Attributes:
        url: the server, without /v1.
        model: its name there.
        seconds: how long to send.
        rate: requests a second.
        burst_rate: requests a second within a burst; 0 for no bursts.
        burst_every: seconds from the start of a burst to the start of the next; the first is that long after the start.
        burst_seconds: how long a burst lasts.
        poisson: whether requests come at random times around the rate instead of evenly.
        bad: share of requests that are wrong on purpose.
        hang_up: share of requests given up in mid-stream.
        hang_up_after: chunks after which they are given up.
        stream: whether answers are streamed.
        prompt_words: words of a prompt.
        max_tokens: of an answer.
        ignore_eos: whether the server goes on to max_tokens whatever the model says (vLLM).
        timeout: seconds for one request.
        seed: of everything random.
    """

    url: str
    model: str
    seconds: float = 60.0
    rate: float = 1.0
    burst_rate: float = 0.0
    burst_every: float = 30.0
    burst_seconds: float = 5.0
    poisson: bool = False
    bad: float = 0.0
    hang_up: float = 0.0
    hang_up_after: int = 5
    stream: bool = True
    prompt_words: int = 10
    max_tokens: int = 48
    ignore_eos: bool = True
    timeout: float = 120.0
    seed: int = 0


def due_times(plan: Plan, chance: random.Random) -> Iterator[float]:
    """Yields when each request is due, in seconds after the start."""
    now = 0.0
    while True:
        rate = _rate_at(plan, now)
        now += chance.expovariate(rate) if plan.poisson else 1 / rate
        if now > plan.seconds:
            return
        yield now


def _rate_at(plan: Plan, now: float) -> float:
    in_burst = plan.burst_rate > 0 and now >= plan.burst_every and now % plan.burst_every < plan.burst_seconds
    return plan.burst_rate if in_burst else plan.rate


def body_of(plan: Plan, kind: str, chance: random.Random) -> dict[str, Any]:
    """Returns the JSON of a request to /v1/completions."""
    body: dict[str, Any] = {
        "model": plan.model,
        # Random, so that no prompt is in the server's cache of prefixes.
        "prompt": " ".join(f"{chance.randrange(16**4):04x}" for _ in range(plan.prompt_words)),
        "max_tokens": plan.max_tokens,
        "stream": plan.stream,
    }
    if plan.stream:
        body["stream_options"] = {"include_usage": True}
    if plan.ignore_eos:
        body["ignore_eos"] = True
    return body | (chance.choice(BAD_BODIES) if kind == "bad" else {})


async def run(plan: Plan, log: TextIO) -> list[Result]:
    """Sends what the plan says, writes a line for each request when it has ended, and returns them all.

    Args:
        plan: what to send.
        log: where the lines go, each as soon as it is known.
    """
    chance = random.Random(plan.seed)  # noqa: S311 - no secret
    results: list[Result] = []
    # No limit of its own, and no connection used twice: what waits, waits at the server.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=plan.timeout)

    async def one(kind: str, body: dict[str, Any]) -> None:
        result = await request(session, plan, kind, body)
        results.append(result)
        log.write(json.dumps(asdict(result)) + "\n")
        log.flush()

    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, asyncio.TaskGroup() as group:
        started = time.monotonic()
        for due in due_times(plan, chance):
            kind = chance.choices(["bad", "hang_up", "good"], [plan.bad, plan.hang_up, 1 - plan.bad - plan.hang_up])[0]
            body = body_of(plan, kind, chance)
            await asyncio.sleep(max(0.0, started + due - time.monotonic()))
            group.create_task(one(kind, body))
    return results


async def request(session: aiohttp.ClientSession, plan: Plan, kind: str, body: dict[str, Any]) -> Result:
    """Sends one request and returns what it got; a failure is a result, not an exception."""
    result = Result(time.time(), kind)
    started = time.monotonic()
    try:
        async with session.post(f"{plan.url.rstrip('/')}/v1/completions", json=body) as response:
            result.status = response.status
            if response.status != 200:
                result.detail = (await response.text())[:200]
                result.end = _end_of_status(response.status)
            elif body["stream"]:
                await _read_stream(response, plan, result, started)
            else:
                _read_whole(await response.json(), result)
    except TimeoutError:
        result.end = "timeout"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        result.end = "refused" if isinstance(error, aiohttp.ClientConnectorError) else "cut"
        result.detail = f"{type(error).__name__}: {error}"[:200]
    result.seconds = time.monotonic() - started
    return result


def _end_of_status(status: int) -> str:
    if status in {429, 503}:
        return "refused"
    return "rejected" if 400 <= status < 500 else "failed"


async def _read_stream(response: aiohttp.ClientResponse, plan: Plan, result: Result, started: float) -> None:
    """Reads server-sent events until the stream ends or it is time to hang up."""
    result.end, result.gaps = "cut", []
    previous: float | None = None
    async with contextlib.aclosing(_events(response)) as events:
        async for event in events:
            if "error" in event:
                result.end, result.detail = "error_event", json.dumps(event["error"])[:200]
                return
            _take_usage(event, result)
            for choice in event.get("choices", ()):
                if choice.get("text"):
                    now = time.monotonic()
                    if previous is None:
                        result.first_token = now - started
                    else:
                        result.gaps.append(now - previous)
                    previous = now
                    result.chunks += 1
                    result.tokens = max(result.tokens, result.chunks)
                if choice.get("finish_reason") is not None:
                    result.end = choice["finish_reason"]
            if result.kind == "hang_up" and result.chunks >= plan.hang_up_after:
                result.end = "hung_up"
                # Not the polite way that reads to the end: a client that is gone.
                response.close()
                return


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Yields the JSON of each `data:` line, up to [DONE]."""
    async for raw in response.content:
        line = raw.decode("utf-8", "replace").strip()
        if not line.startswith("data:"):
            continue
        text = line.removeprefix("data:").strip()
        if text == "[DONE]":
            return
        event = json.loads(text)
        if isinstance(event, dict):
            yield event


def _read_whole(answer: dict[str, Any], result: Result) -> None:
    """Takes an answer that came in one piece; its first token was not seen."""
    choices = answer.get("choices") or [{}]
    result.end = choices[0].get("finish_reason") or "cut"
    result.chunks = len(choices)
    _take_usage(answer, result)


def _take_usage(event: dict[str, Any], result: Result) -> None:
    usage = event.get("usage")
    if usage:
        result.tokens = usage.get("completion_tokens", result.tokens)
        result.prompt_tokens = usage.get("prompt_tokens")


def summary(results: list[Result], seconds: float) -> dict[str, Any]:
    """Returns the run in numbers: requests by end and status, tokens, and percentiles of the time to the first token.

    Args:
        results: of all requests.
        seconds: how long requests were sent.
    """
    first = sorted(result.first_token for result in results if result.first_token is not None)
    gaps = sorted(gap for result in results for gap in result.gaps or ())
    return {
        "requests": len(results),
        "requests_per_second": len(results) / seconds,
        "ends": dict(sorted(Counter(result.end for result in results).items())),
        "statuses": dict(sorted(Counter(str(result.status) for result in results).items())),
        "tokens": sum(result.tokens for result in results),
        "prompt_tokens": sum(result.prompt_tokens or 0 for result in results),
        "first_token_p50": _percentile(first, 0.5),
        "first_token_p95": _percentile(first, 0.95),
        "gap_p50": _percentile(gaps, 0.5),
        "gap_p95": _percentile(gaps, 0.95),
    }


def _percentile(ordered: list[float], share: float) -> float | None:
    """Returns the nearest-rank percentile; None of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def read_plan(words: list[str] | None = None) -> tuple[Plan, Path | None]:
    """Reads the command line: the plan, and the file for the log (None for standard output)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the server, without /v1")
    parser.add_argument("--model", required=True)
    parser.add_argument("--log", type=Path, help="where the lines go; standard output if absent")
    for name in ("seconds", "rate", "burst_rate", "burst_every", "burst_seconds", "bad", "hang_up", "timeout"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(Plan, name))
    for name in ("hang_up_after", "prompt_words", "max_tokens", "seed"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Plan, name))
    for name in ("poisson", "stream", "ignore_eos"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, action=argparse.BooleanOptionalAction, default=getattr(Plan, name))
    given = vars(parser.parse_args(words))
    log = given.pop("log")
    plan = Plan(**given)
    if plan.rate <= 0 or not 0 <= plan.bad + plan.hang_up <= 1:
        parser.error("--rate must be over 0, and --bad and --hang-up together a share from 0 to 1")
    return plan, log


def main() -> None:
    """Runs the plan of the command line; the summary goes to standard error."""
    plan, log = read_plan()
    with log.open("a", encoding="utf-8") if log else contextlib.nullcontext(sys.stdout) as file:
        results = asyncio.run(run(plan, file))
    print(json.dumps(summary(results, plan.seconds), indent=2), file=sys.stderr)


if __name__ == "__main__":
    main()

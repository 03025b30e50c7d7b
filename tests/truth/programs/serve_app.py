"""A Ray Serve application without a model: it answers as an OpenAI-compatible server, a token each few milliseconds.

    python serve_app.py --port 8000 --replicas 2

It runs until it gets SIGTERM, and prints ``ready`` when requests are answered. Requests for the model ``failing`` end
in an exception, so that a client decides how many fail.
"""

import argparse
import asyncio
import json
import signal
import threading
from collections.abc import AsyncIterator
from typing import Any

import ray
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from ray import serve

# FastAPI reads the annotations when Ray has moved the class to a replica: they are no texts here.
api = FastAPI()


@serve.deployment
@serve.ingress(api)
class Completions:
    """The only deployment."""

    def __init__(self, seconds_per_token: float) -> None:
        """Takes how long a token lasts."""
        self.pause = seconds_per_token

    @api.post("/v1/completions")
    async def complete(self, request: Request) -> Any:
        """Answers a completion."""
        body = await request.json()
        tokens = body.get("max_tokens", 16)
        if not 0 < tokens < 10_000 or not isinstance(body.get("temperature", 1.0), float | int):
            raise HTTPException(400, "max_tokens or temperature is out of range")
        if body["model"] == "failing":
            await asyncio.sleep(self.pause)
            raise RuntimeError("asked to fail")
        usage = {"prompt_tokens": len(body["prompt"].split()), "completion_tokens": tokens}
        if body.get("stream"):
            return StreamingResponse(self._stream(tokens, usage), media_type="text/event-stream")
        await asyncio.sleep(tokens * self.pause)
        return {"choices": [{"text": "x" * tokens, "finish_reason": "length"}], "usage": usage}

    async def _stream(self, tokens: int, usage: dict[str, int]) -> AsyncIterator[str]:
        for index in range(tokens):
            await asyncio.sleep(self.pause)
            end = "length" if index == tokens - 1 else None
            yield f"data: {json.dumps({'choices': [{'text': 'x', 'finish_reason': end}]})}\n\n"
        yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n"


def _replicas(least: int, most: int | None) -> dict[str, Any]:
    """Returns how many replicas there are: a number, or what the autoscaler is told, hasty so that minutes show it."""
    if most is None:
        return {"num_replicas": least}
    policy = {"min_replicas": least, "max_replicas": most, "target_ongoing_requests": 2}
    return {"autoscaling_config": policy | {"upscale_delay_s": 5, "downscale_delay_s": 20, "metrics_interval_s": 2}}


def main() -> None:
    """Runs the application until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--max-replicas", type=int, help="let Ray Serve choose from --replicas to so many")
    parser.add_argument("--max-ongoing", type=int, default=100, help="requests that a replica works on at once")
    parser.add_argument("--max-queued", type=int, default=-1, help="requests that may wait; more get a 503")
    parser.add_argument("--seconds-per-token", type=float, default=0.01)
    given = parser.parse_args()
    ray.init(logging_level="warning")
    # One machine has one port 8000, so that the second node can have no proxy.
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": given.port})
    app = Completions.options(
        **_replicas(given.replicas, given.max_replicas),
        max_ongoing_requests=given.max_ongoing,
        max_queued_requests=given.max_queued,
        ray_actor_options={"num_cpus": 0.1},
    ).bind(given.seconds_per_token)
    serve.run(app, name="completions", route_prefix="/")
    print("ready", flush=True)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    done.wait()
    serve.shutdown()


if __name__ == "__main__":
    main()

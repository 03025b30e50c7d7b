"""FastAPI in Ray Serve in front of vLLM's engine: OpenAI's /v1/completions, streamed or whole.

What makes it visible: the engine reports through Ray (RayPrometheusStatLogger), so every replica's numbers are on the
metrics port of the pod that it runs on, for any number of replicas, and no route has to be added for them.

    serve run app:build model=/tmp/tiny-model        # see README.md for a machine without a GPU
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from prometheus_client import make_asgi_app
from pydantic import BaseModel, ConfigDict
from ray import serve
from starlette.routing import Mount
from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.exceptions import GracefulHTTPError, VLLMClientError, VLLMNotFoundError, VLLMUnprocessableEntityError
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.metrics.loggers import PrometheusStatLogger
from vllm.v1.metrics.ray_wrappers import RayPrometheusStatLogger

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from ray.serve import Application
    from vllm import RequestOutput

api = FastAPI()


class Ask(BaseModel):
    """The part of OpenAI's request that this server understands; the rest of it is ignored."""

    model_config = ConfigDict(extra="ignore")

    model: str
    prompt: str
    max_tokens: int = 16
    temperature: float = 1.0
    stream: bool = False
    ignore_eos: bool = False


@api.exception_handler(VLLMClientError)
async def client_error(_: Request, error: VLLMClientError) -> JSONResponse:
    """Answers 4xx where the request is at fault. These are no ValueErrors: unhandled they would be a 500."""
    status = 400
    if isinstance(error, VLLMNotFoundError):
        status = 404
    elif isinstance(error, VLLMUnprocessableEntityError):
        status = 422
    return JSONResponse(_error(error), status)


@api.exception_handler(GracefulHTTPError)
async def refusal(_: Request, error: GracefulHTTPError) -> JSONResponse:
    """Answers what vLLM asks for, 503 if its queue is full (max_num_queued_reqs)."""
    return JSONResponse(_error(error), error.http_status)


def _error(error: Exception) -> dict[str, Any]:
    return {"error": {"message": str(error), "type": type(error).__name__}}


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body)}\n\n"


def _metrics_route() -> Mount:
    """Returns the route of vLLM's own metrics. Its pattern also takes /metrics, which a Mount answers with a 307."""
    route = Mount("/metrics", make_asgi_app())
    route.path_regex = re.compile("^/metrics(?P<path>.*)$")
    return route


# ingress() copies the routes with all that they refer to: what a route calls must stand above this line.
@serve.deployment
@serve.ingress(api)
class Completions:
    """One replica: one engine."""

    def __init__(self, name: str, engine: dict[str, Any], *, through_ray: bool, mounted: bool) -> None:
        """Starts the engine.

        Args:
            name: what requests call the model.
            engine: vLLM's arguments, as AsyncEngineArgs has them.
            through_ray: whether metrics are reported through Ray.
            mounted: whether they are served at /metrics.
        """
        self._name = name
        if mounted:
            api.routes.append(_metrics_route())
        arguments = AsyncEngineArgs(**{"served_model_name": [name]} | engine)
        # vLLM's own writes to the registry that /metrics serves. With both each request is counted in two places.
        own = [PrometheusStatLogger] if mounted else []
        rays = [RayPrometheusStatLogger] if through_ray else []
        self._engine = AsyncLLM.from_engine_args(arguments, stat_loggers=[*rays, *own])

    async def check_health(self) -> None:
        """Raises if the engine is dead: Serve asks every ten seconds and replaces the replica."""
        await self._engine.check_health()

    @api.get("/v1/models")
    async def models(self) -> dict[str, Any]:
        """Lists the one model."""
        return {"object": "list", "data": [{"id": self._name, "object": "model"}]}

    @api.post("/v1/completions")
    async def completions(self, ask: Ask) -> Any:
        """Answers a prompt."""
        if ask.model != self._name:
            raise HTTPException(404, f"found the model '{ask.model}', expected '{self._name}'")
        sampling = SamplingParams(
            max_tokens=ask.max_tokens,
            temperature=ask.temperature,
            ignore_eos=ask.ignore_eos,
            output_kind=RequestOutputKind.DELTA if ask.stream else RequestOutputKind.FINAL_ONLY,
        )
        request_id = f"cmpl-{uuid.uuid4().hex}"
        outputs = self._engine.generate(ask.prompt, sampling, request_id)
        # Before the status is sent: what vLLM refuses gets a status of its own, not 200 and an error in the stream.
        first = await anext(outputs)
        if ask.stream:
            return StreamingResponse(self._stream(first, outputs, request_id), media_type="text/event-stream")
        return self._whole(first, request_id)

    async def _stream(
        self, output: RequestOutput, outputs: AsyncGenerator[RequestOutput, None], request_id: str
    ) -> AsyncIterator[str]:
        """Yields server-sent events.

        If the client goes away this is cancelled; closing `outputs` then aborts the request in the engine, which would
        otherwise go on to the last token.
        """
        tokens = 0
        prompt_tokens = len(output.prompt_token_ids or ())
        async with contextlib.aclosing(outputs):
            try:
                while True:
                    part = output.outputs[0]
                    tokens += len(part.token_ids)
                    yield _event(self._body(request_id, part.text, part.finish_reason))
                    if output.finished:
                        break
                    output = await anext(outputs)
            except Exception as error:  # noqa: BLE001 - the status has been sent: an event is all that is left
                yield _event(_error(error))
                return
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": tokens, "total_tokens": prompt_tokens + tokens}
        yield _event(self._body(request_id) | {"usage": usage})
        yield "data: [DONE]\n\n"

    def _whole(self, output: RequestOutput, request_id: str) -> dict[str, Any]:
        part = output.outputs[0]
        prompt_tokens, tokens = len(output.prompt_token_ids or ()), len(part.token_ids)
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": tokens, "total_tokens": prompt_tokens + tokens}
        return self._body(request_id, part.text, part.finish_reason) | {"usage": usage}

    def _body(self, request_id: str, text: str | None = None, finish_reason: str | None = None) -> dict[str, Any]:
        choices = [] if text is None else [{"index": 0, "text": text, "finish_reason": finish_reason}]
        return {
            "id": request_id,
            "object": "text_completion",
            "created": int(time.time()),
            "model": self._name,
            "choices": choices,
        }


def build(args: dict[str, Any]) -> Application:
    """Returns the application for `serve run` and a RayService.

    Args:
        args: `model` (a name on Hugging Face or a folder), `name` (what requests call it; `model` if absent), and
            `engine`, vLLM's arguments as AsyncEngineArgs has them.
    """
    return _bound(args, through_ray=True)


def build_mounted(args: dict[str, Any]) -> Application:
    """Returns the application with vLLM's metrics at /metrics, for scrapers that know no other place.

    It costs: one replica (a scrape reaches any one of them), no ray_vllm_* metrics, and scrapes that count as requests.
    """
    return _bound(args, mounted=True)


def build_both(args: dict[str, Any]) -> Application:
    """Returns the application with its metrics in both places, for as long as scrapers move from one to the other.

    Each request is counted in both. The dashboards of this project then leave the mount out.
    """
    return _bound(args, through_ray=True, mounted=True)


def _bound(args: dict[str, Any], *, through_ray: bool = False, mounted: bool = False) -> Application:
    engine = {"model": args["model"], **args.get("engine", {})}
    return Completions.bind(args.get("name", args["model"]), engine, through_ray=through_ray, mounted=mounted)

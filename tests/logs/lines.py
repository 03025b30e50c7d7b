"""Lines as programs write them, and what each should become."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

PROBES = (
    # uvicorn in vLLM 0.32 and before it, in SGLang, and in NIM.
    '(APIServer pid=1) INFO:     10.0.3.7:53962 - "GET /metrics HTTP/1.1" 200 OK',
    'INFO:     10.0.3.7:53962 - "GET /metrics HTTP/1.1" 307 Temporary Redirect',
    'INFO:     10.0.3.7:53962 - "GET /metrics/ HTTP/1.1" 200 OK',
    'INFO:     10.0.3.7:53962 - "GET /health HTTP/1.1" 200 OK',
    '[2026-11-24 11:44:21] INFO:     10.0.3.7:53962 - "GET /health_generate HTTP/1.1" 200 OK',
    'INFO:     [fd00::1]:53962 - "GET /v1/health/ready HTTP/1.1" 200',
    'INFO:     10.0.3.7:53962 - "GET /v1/metrics?name=x HTTP/1.0" 200 OK',
    'INFO:     10.0.3.7:53962 - "HEAD /ping HTTP/1.1" 204 No Content',
)
"""Lines for a scrape or a probe that went well."""

REQUESTS = (
    '(APIServer pid=1) INFO:     10.0.3.7:53962 - "GET /health HTTP/1.1" 503 Service Unavailable',
    'INFO:     10.0.3.7:53962 - "GET /metrics HTTP/1.1" 404 Not Found',
    'INFO:     10.0.3.7:53962 - "GET /metrics HTTP/1.1" 500 Internal Server Error',
    'INFO:     10.0.3.7:53962 - "POST /v1/chat/completions HTTP/1.1" 200 OK',
    'INFO:     10.0.3.7:53962 - "GET /v1/models HTTP/1.1" 200 OK',
    'INFO:     10.0.3.7:53962 - "GET /healthcare HTTP/1.1" 200 OK',
    'INFO:     10.0.3.7:53962 - "GET /shop/metrics HTTP/1.1" 200 OK',
    'INFO:     10.0.3.7:53962 - "POST /metrics HTTP/1.1" 200 OK',
    'user said: INFO:     10.0.3.7:53962 - "GET /metrics HTTP/1.1" 200 OK',
)
"""Lines much like these that say something."""

LEVELS: dict[str, str | None] = {
    # Ray 2.60's C++ processes; the component is missing from core workers' lines.
    "[2026-11-24 11:44:21,502 I 9922 9922] (raylet) main.cc:283: Setting cluster ID to: 9f1c": "info",
    "[2026-11-24 11:44:21,502 W 9922 9950] (gcs_server) gcs_actor_manager.cc:1: slow": "warning",
    "[2026-11-24 11:44:21,502 E 9922 9950] core_worker.cc:1: Failed to connect": "error",
    "[2026-11-24 11:44:21,502 C 9922 9950] (raylet) raylet.cc:1: Check failed: false": "critical",
    "[2026-11-24 11:44:21,502 D 9922 9950] (raylet) raylet.cc:1: tick": "debug",
    # Ray's Python processes, and a driver that repeats a worker's line, in colours.
    "2026-11-24 11:44:20,399\tINFO monitor.py:731 -- Starting monitor using ray installation": "info",
    "2026-11-24 11:44:20,399\tWARNING worker.py:2052 -- Warning: more than 5000 tasks": "warning",
    "\x1b[36m(train pid=4242, ip=10.0.0.7)\x1b[0m 2026-11-24 11:44:20,399\tERROR worker.py:1 -- lost": "error",
    "(raylet) [2026-11-24 11:44:21,502 E 1 1] (raylet) node_manager.cc:1: Worker died": "error",
    # Serve.
    "INFO 2026-11-24 11:45:09,140 proxy 127.0.0.1 0c7d -- GET /shop/double/{x} 503 11.3ms": "info",
    "ERROR 2026-11-24 11:45:09,140 shop_Model 5h2k 0c7d -- Request failed": "error",
    # vLLM, with and without the process in front; uvicorn in it.
    "INFO 11-24 11:45:09 [core.py:58] Initializing a V1 LLM engine": "info",
    "(EngineCore_DP0 pid=271) WARNING 11-24 11:45:09 [cuda.py:1] Detected different devices": "warning",
    "(APIServer pid=1) INFO:     Started server process [1]": "info",
    "(EngineCore_DP0 pid=271) ERROR 11-24 11:45:09 [core.py:718] EngineCore failed to start.": "error",
    # Python's logging.
    "WARNING:root:disk is slow": "warning",
    "2026-11-24 11:44:20,399 - trainer.loop - CRITICAL - loss is NaN": "critical",
    # Kubernetes' components, Go and Java programs, Fluent Bit.
    "I1124 11:44:21.502000       1 main.go:22] listening": "info",
    "E1124 11:44:21.502000       1 reflector.go:1] failed to list": "error",
    'time="2026-11-24T11:44:21Z" level=warning msg="slow"': "warning",
    "ts=2026-11-24T11:44:21Z caller=main.go:1 level=error err=x": "error",
    "[2026-11-24T11:44:21,502][WARN ][o.o.c.r.a.DiskThresholdMonitor] [node-0] high disk watermark": "warning",
    "[2026/11/24 11:44:21.502] [error] [output:opensearch:opensearch.0] HTTP status=503": "error",
    "Traceback (most recent call last):": "error",
    "torch.OutOfMemoryError: CUDA out of memory.": "error",
    # None of these says a level, though each has a word that could be one.
    "2026-11-24 11:44:21 no ERRORS found": None,
    "INFORMATION about the data set": None,
    "error rate of the model: 0.1": None,
    "level=high water": None,
    "": None,
    "[I] am not a level": None,
}
"""A line → its level, None where it says none."""

JSON_LEVELS: dict[str, str | None] = {
    # Ray Train writes JSON unless told otherwise.
    json.dumps(
        {
            "asctime": "2026-11-24 11:44:21,502",
            "levelname": "WARNING",
            "message": "Worker 1 is slow",
            "run_name": "lm",
            "component": "worker",
            "world_rank": 1,
            "timestamp_ns": 1795520661502000000,
        }
    ): "warning",
    json.dumps({"asctime": "2026-11-24 11:44:21,502", "levelname": "E", "message": "raylet"}): "error",
    json.dumps({"levelname": "INFO", "request_id": "0c7d", "message": "GET / 200"}): "info",
    json.dumps({"level": "fatal", "msg": "level=debug is not the level"}): "critical",
    json.dumps({"log.level": "WARN", "message": "ECS"}): "warning",
    json.dumps({"level": {"value": 3}, "severity": "ERROR"}): "error",
    json.dumps({"level": 30, "msg": "whose numbers?"}): None,
}
"""A JSON line → its level."""

PYTHON = """Traceback (most recent call last):
  File "/app/train.py", line 7, in step
    loss = model(batch)
           ^^^^^^^^^^^^
ValueError: bad batch

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/train.py", line 12, in <module>
    step()
  [Previous line repeated 3 more times]
ray.exceptions.RayTaskError(ValueError): ray::step() (pid=1, ip=10.0.0.7)
  File "/app/train.py", line 7, in step
    raise ValueError
ValueError: bad batch"""

VLLM = "\n".join(
    f"(EngineCore_DP0 pid=271) ERROR 11-24 11:45:09 [core.py:718] {line}"
    for line in (
        "Traceback (most recent call last):",
        '  File "/vllm/core.py", line 709, in run_engine_core',
        "    engine_core = EngineCoreProc(*args, **kwargs)",
        "                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    )
)

JAVA = """java.lang.IllegalStateException: no primary
\tat org.opensearch.A.b(A.java:1) ~[opensearch.jar:3.6.0]
\tat java.base/java.lang.Thread.run(Thread.java:1583) [?:?]
Caused by: java.io.IOException: broken pipe
\tat org.opensearch.C.d(C.java:2)
\t... 7 more"""

HARD = [
    "[" + "11:11:11, " * 20_000,
    "2026-11-24 11:44:20 " + "-" * 100_000,
    "2026-11-24 11:44:20 " + "a-" * 50_000,
    "|   " * 25_000,
    "a.b: " * 20_000,
    "x." * 50_000,
    "(" * 100_000,
    "ERROR 11-24 11:45:09 [" + "core " * 20_000,
]
"""Long lines without a level, or with one at once, at which a careless expression would be at work for hours."""

TRACES = {"python": PYTHON, "vllm": VLLM, "java": JAVA}

KERNEL: dict[str, dict[str, object]] = {
    "NVRM: Xid (PCI:0000:65:00): 79, pid=4242, name=python, GPU has fallen off the bus.": {
        "xid": 79,
        "pci": "0000:65:00",
        "level": "error",
    },
    "NVRM: Xid (PCI:0000:01:00): 31, pid='<unknown>', name=<unknown>, Ch 00000010, intr 10000000.": {
        "xid": 31,
        "pci": "0000:01:00",
        "level": "error",
    },
    "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 20034, Fatal, Link 30 LTSSM Fault Up": {
        "sxid": 20034,
        "pci": "0000:c1:00.0",
        "level": "error",
    },
    "oom-kill:constraint=CONSTRAINT_MEMCG,task=python,pid=4242": {"level": "warning"},
}
"""A kernel message of priority 4 → the fields that it gets."""


def write_in_pieces(file: Path, data: bytes) -> None:
    """Appends in pieces that end within a line, as a reader sees a file that grows."""
    with file.open("ab") as handle:
        for at in range(0, len(data), 65_521):
            handle.write(data[at : at + 65_521])
            handle.flush()


def counts(found: Counter[int], written: int) -> dict[str, int]:
    """Returns what became of numbered lines, each written once.

    Args:
        found: number of a line → how often it arrived.
        written: how many there were.
    """
    return {
        "written": written,
        "indexed": sum(found.values()),
        "lost": written - len(found),
        "twice": sum(times - 1 for times in found.values()),
    }

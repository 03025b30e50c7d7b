"""A vLLM server on loopback with a tiny random model, and the pod that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.conftest import ROOT
from tests.monitors.prometheus import Pod
from tests.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.processes import Processes

MODEL = ROOT / "examples" / "inference" / "cpu" / "tiny_model.py"
START_LIMIT = 300.0
"""Seconds that the server may take to start; a minute on two idle cores."""

ENVIRONMENT = {
    # GiB for keys and values; the default is a share of the machine's memory.
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}


@dataclass(frozen=True)
class VllmServer:
    """A server that runs: its pod, and host:port."""

    pod: Pod
    address: str


def start_vllm(processes: Processes, python: Path, folder: Path, *options: str) -> VllmServer:
    """Makes the model, starts the server and waits until it answers.

    Args:
        processes: what ends it.
        python: an interpreter with vLLM.
        folder: where the model goes.
        options: further options of ``vllm serve``.

    Raises:
        ProgramError: it does not start.
    """
    model = folder / "model"
    processes.start("model", [python, MODEL, model])
    processes.finish("model", START_LIMIT)
    address = f"127.0.0.1:{free_ports(1)[0]}"
    host, port = address.split(":")
    processes.start(
        "vllm",
        [python.with_name("vllm"), "serve", model, "--served-model-name", "tiny", "--host", host, "--port", port,
         "--max-model-len", "512", "--max-num-seqs", "8", "--enforce-eager", *options],
        ENVIRONMENT,
    )  # fmt: skip
    processes.wait_until("vllm", lambda: _answers(f"http://{address}/health"), START_LIMIT)
    return VllmServer(vllm_pod(), address)


def vllm_pod() -> Pod:
    """Returns the pod, with a label that monitors/vllm.yaml selects."""
    return Pod({"app": "vllm"}, {"vllm": (("http", 8000),)}, name="vllm-0", node="node-c", ip="10.1.1.3")


def _answers(url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=5).ok
    except requests.RequestException:
        return False

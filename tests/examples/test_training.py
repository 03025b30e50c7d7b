"""The training job for real, where there is a Ray: what it writes down is what it did, and its gauges come out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.examples.support import EXAMPLES

PYTHON = "GEN_CHART_LIVE_PYTHON"
"""The interpreter of an environment with Ray."""

ROWS, EPOCHS, WORKERS = 4_000, 3, 2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python() -> Path:
    given = os.environ.get(PYTHON)
    if not given:
        pytest.skip(f"no Ray: name an interpreter that has it in {PYTHON}")
    return Path(given)


@pytest.fixture(scope="module")
def job(python: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Runs the job on a Ray of its own; gives its folder, and what the metrics port said while it ran."""
    folder = tmp_path_factory.mktemp("job")
    command = [python, EXAMPLES / "training" / "base" / "train.py", "--learner", "numpy", "--cpus", "0.4"]
    command += ["--rows", str(ROWS), "--epochs", str(EPOCHS), "--workers", str(WORKERS), "--step-seconds", "0.5"]
    command += ["--blocks", "8", "--storage", folder / "results", "--log", folder / "log.jsonl"]
    # A folder of its own is a Ray of its own; the path is short, as those of sockets have to be.
    temporary = Path(tempfile.mkdtemp(prefix="ray-"))
    settings = {"RAY_TMPDIR": str(temporary), "RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"} | settings
    with (folder / "output").open("w", encoding="utf-8") as output:
        running = subprocess.Popen(
            [*map(str, command)], stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        seen: list[str] = []
        try:
            deadline = time.monotonic() + 400
            while running.poll() is None and time.monotonic() < deadline:
                seen += gauges(temporary)
                time.sleep(1)
        finally:
            running.terminate()
            running.wait()
            shutil.rmtree(temporary, ignore_errors=True)
    assert running.returncode == 0, (folder / "output").read_text(encoding="utf-8")[-3000:]
    return folder, seen


def gauges(temporary: Path) -> list[str]:
    """Returns the job's gauges as the node agent shows them now; nothing before there is one."""
    # What Ray writes for a Prometheus that finds its targets in files.
    discovery = next(temporary.rglob("prom_metrics_service_discovery.json"), None)
    if discovery is None:
        return []
    lines: list[str] = []
    for address in json.loads(discovery.read_text(encoding="utf-8"))[0]["targets"]:
        try:
            lines += requests.get(f"http://{address}/metrics", timeout=5).text.splitlines()
        except requests.RequestException:
            continue
    return [line for line in lines if line.startswith("ray_training_")]


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for line in lines if (event := json.loads(line))["event"] == kind]


def test_every_row_is_trained_on_once_an_epoch(job: tuple[Path, list[str]]) -> None:
    folder, _ = job
    epochs = events(folder, "epoch")
    assert len(epochs) == EPOCHS * WORKERS
    for number in range(EPOCHS):
        assert sum(event["rows"] for event in epochs if event["epoch"] == number) == ROWS


def test_what_is_written_every_few_seconds_adds_up_to_the_epochs(job: tuple[Path, list[str]]) -> None:
    folder, _ = job
    pulses, epochs = events(folder, "gauges"), events(folder, "epoch")
    assert sum(pulse["samples"] for pulse in pulses) == EPOCHS * ROWS
    assert sum(pulse["waited"] for pulse in pulses) == pytest.approx(sum(epoch["waited"] for epoch in epochs))


def test_the_network_learns(job: tuple[Path, list[str]]) -> None:
    folder, _ = job
    loss = {(event["epoch"], event["rank"]): event["loss"] for event in events(folder, "epoch")}
    assert loss[EPOCHS - 1, 0] < loss[0, 0]


def test_the_loop_waits_no_longer_than_an_epoch_takes_and_computes_as_long_as_it_was_told(
    job: tuple[Path, list[str]],
) -> None:
    folder, _ = job
    for event in events(folder, "epoch"):
        assert 0 <= event["waited"] < event["seconds"]
        assert event["seconds"] - event["waited"] >= 0.5 * event["rows"] / 200


def test_the_gauges_of_every_worker_reach_the_metrics_port(job: tuple[Path, list[str]]) -> None:
    _, seen = job
    found = {tuple(re.findall(r'^\w+|(?<=rank=")\d', line)) for line in seen}
    assert found == {
        (f"ray_training_{name}", str(rank))
        for name in ("epoch", "learning_rate", "loss", "samples_per_second")
        for rank in range(WORKERS)
    }


def test_the_last_two_checkpoints_are_kept(job: tuple[Path, list[str]]) -> None:
    folder, _ = job
    kept = sorted((folder / "results" / "ray-train").glob("checkpoint_*-*"))
    assert len(kept) == 2
    assert all((checkpoint / "state.npz").is_file() for checkpoint in kept)

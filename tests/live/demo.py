"""Shows the dashboards at work on this machine: Ray, vLLM where it can be had, a real Prometheus, two minutes of load.

Nothing outside the machine is needed but the packages that are installed once. All that was started ends with the
program: at its end, at Ctrl-C, or when it is killed. Exit 1 if something does not start, 2 if what is needed is not
there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from generator.errors import Exit, InputError
from generator.files import yamlfile
from tests.conftest import ROOT
from tests.live.environment import NoEnvironmentError, environment
from tests.live.moved import moved, table
from tests.live.processes import ProgramError
from tests.live.shipped import shipped, the_build
from tests.live.stack import folder_and_processes, prometheus, start_workloads
from tests.live.terminal import say
from tests.signals.binaries import NotFoundError, find

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.build import Build
    from tests.live.processes import Processes
    from tests.live.stack import Workloads
    from tests.signals.binaries import Binaries

APP = ROOT / "tests" / "truth" / "programs" / "serve_app.py"
LOAD = ROOT / "examples" / "load" / "load.py"
TRAINING = ROOT / "examples" / "training" / "base" / "train.py"


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make demo, or python -m tests.live.demo", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="how long the load lasts; 120 by default")
    parser.add_argument("--keep", action="store_true", help="keep all running until Ctrl-C")
    parser.add_argument("--ray-only", action="store_true", help="without vLLM, whose environment takes 7 GB")
    parser.add_argument("--profile", default="standalone")
    given = parser.parse_args()
    try:
        return _demo(given.seconds, keep=given.keep, ray_only=given.ray_only, build=the_build(given.profile))
    except (NoEnvironmentError, InputError) as error:
        say(str(error))
        return Exit.BAD_INPUT
    except ProgramError as error:
        say(str(error))
        return Exit.CHECK_FAILED
    except KeyboardInterrupt:
        say("stopped")
        return Exit.DONE


def _demo(seconds: int, *, keep: bool, ray_only: bool, build: Build) -> int:
    binaries = _binaries()
    python, with_vllm = environment(say, with_vllm=not ray_only)
    with folder_and_processes("demo-", say) as (folder, processes):
        say(f"logs are in {folder}, and stay there")
        workloads = start_workloads(processes, folder, python, {}, say, vllm=with_vllm)
        if binaries is None:
            _load(processes, workloads, folder, seconds)
            say("metrics are served at:")
            for address in workloads.addresses.values():
                say(f"  http://{address}/metrics")
        else:
            _show(processes, workloads, folder, seconds, build, binaries)
        if keep:
            say("all keeps running; Ctrl-C ends it")
            while True:
                time.sleep(3600)
        say("stopping")
    return Exit.DONE


def _binaries() -> Binaries | None:
    try:
        return find()
    except NotFoundError as error:
        say(f"{error}; without it the workloads run, and no dashboard is asked")
        return None


def _show(
    processes: Processes, workloads: Workloads, folder: Path, seconds: int, build: Build, binaries: Binaries
) -> None:
    with prometheus(processes, binaries, folder, build, workloads) as api:
        say(f"Prometheus is at {api.url}")
        begin = time.time()
        _load(processes, workloads, folder, seconds)
        say("waiting for the last scrape")
        time.sleep(35)
        boards = shipped(build).boards
        sys.stdout.write(table({name: moved(board, api, begin, time.time()) for name, board in boards.items()}))
        sys.stdout.write(f"\nPrometheus: {api.url}  (targets: {api.url}/targets, alerts: {api.url}/alerts)\n")
        sys.stdout.write(_grafana(folder, build, api.url))
        sys.stdout.flush()


def _load(processes: Processes, workloads: Workloads, folder: Path, seconds: int) -> None:
    """Runs an application in Ray Serve, a training job and, where vLLM runs, requests for it; shows the time."""
    ray = workloads.ray
    assert ray
    variables = {"RAY_ADDRESS": ray.address, **ray.environment}
    serve = f"http://127.0.0.1:{ray.serve_port}"

    def start(name: str, program: Path, *words: str) -> None:
        processes.start(name, [workloads.python, program, *words], variables)

    say("starting an application in Ray Serve")
    start("app", APP, "--port", str(ray.serve_port), "--replicas", "2")
    processes.wait_until("app", lambda: "ready" in (folder / "app.log").read_text(encoding="utf-8"), 240)
    say("starting a training job")
    epochs = folder / "training.jsonl"
    options = ["--workers", "2", "--cpus", "0.2", "--epochs", "1000", "--checkpoint-every", "20"]
    start("training", TRAINING, *options, "--storage", str(folder), "--log", str(epochs))
    try:
        processes.wait_until("training", epochs.is_file, 180)
    except ProgramError as error:
        say(f"no training job: {error}")
    say(f"{seconds} s of load: requests, some of which fail, and the training job")
    for name, url, model, rate in (
        ("requests", serve, "tiny", "4"),
        ("requests-that-fail", serve, "failing", "0.2"),
        ("requests-to-vllm", workloads.vllm, "tiny", "1"),
    ):
        if url:
            start(name, LOAD, url, "--model", model, "--rate", rate, "--seconds", str(seconds), "--log", os.devnull)
    for left in range(seconds, 0, -10):
        say(f"  {left} s left")
        time.sleep(min(10, left))


def _grafana(folder: Path, build: Build, url: str) -> str:
    """Writes dashboards and a data source where Grafana looks for them, and returns how it is started."""
    from generator.dashboards.compiler import compile_dashboard

    boards, provisioning = folder / "grafana" / "dashboards", folder / "grafana" / "provisioning"
    for name in ("dashboards", "datasources"):
        (provisioning / name).mkdir(parents=True)
    boards.mkdir()
    for name, spec in build.sources.dashboards.items():
        (boards / f"{name}.json").write_text(compile_dashboard(name, spec), encoding="utf-8")
    source = {"name": "Prometheus", "type": "prometheus", "url": url, "isDefault": True}
    source["jsonData"] = {"timeInterval": "30s", "httpMethod": "POST"}
    provider = {"name": "ai-ml", "type": "file", "options": {"path": str(boards)}}
    for name, content in (
        ("datasources", {"apiVersion": 1, "datasources": [source]}),
        ("dashboards", {"apiVersion": 1, "providers": [provider]}),
    ):
        (provisioning / name / "demo.yaml").write_text(yamlfile.dump(content), encoding="utf-8")
    return (
        f"Grafana: GF_PATHS_PROVISIONING={provisioning} grafana server --homepath …, or with Docker on Linux:\n"
        f"  docker run --rm --network host --volume {folder}/grafana:{folder}/grafana:ro \\\n"
        f"    --env GF_PATHS_PROVISIONING={provisioning} --env GF_AUTH_ANONYMOUS_ENABLED=true grafana/grafana\n"
        "  while this runs with --keep; then http://localhost:3000/dashboards\n"
    )


if __name__ == "__main__":
    sys.exit(main())

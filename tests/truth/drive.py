"""Runs the steps of a scenario and leaves a mark in the log at the start and the end of each."""

from __future__ import annotations

import json
import shlex
import string
import time
from typing import TYPE_CHECKING, Self

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.live.processes import Processes
    from tests.live.stack import Workloads
    from tests.truth.scenario import Scenario, Step


STOP_LIMIT = 60.0
"""Seconds that a program may take to end; an application leaves Ray Serve in order."""


class Driver:
    """Runs steps; the programs that it has started end with the block."""

    def __init__(
        self, processes: Processes, workloads: Workloads, folder: Path, progress: Callable[[str], object]
    ) -> None:
        """Takes what starts programs, what runs, the folder of this scenario, and what takes a line now and then."""
        self.processes, self.workloads, self.folder, self.progress = processes, workloads, folder, progress
        self.log = folder / "events.jsonl"
        """The file that programs add their events to."""
        self._started: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for name in reversed(self._started):
            self._stop(name)

    def run(self, scenario: Scenario) -> None:
        """Runs every step.

        Raises:
            ProgramError: a program fails, or lasts too long.
        """
        self.log.touch()
        for step in scenario.steps:
            self.progress(f"{scenario.name}: {step.name}")
            self._mark(step, "start")
            self._do(step)
            if not step.background:
                self._mark(step, "end")

    def _do(self, step: Step) -> None:
        if step.wait:
            time.sleep(step.wait)
        if step.stop:
            self._stop(step.stop)
            self._started.remove(step.stop)
        if step.kill:
            self.processes.kill(step.kill)
        if step.run:
            self._program(step)

    def _program(self, step: Step) -> None:
        ray = self.workloads.ray
        environment = {"RAY_ADDRESS": ray.address, **ray.environment} if ray else {}
        self.processes.start(step.name, [self.workloads.python, *self._words(step.run)], environment)
        if not step.background:
            self.processes.finish(step.name, step.seconds)
            self._take_printed(step.name)
            return
        self._started.append(step.name)
        if step.until:
            self.processes.wait_until(step.name, lambda: step.until in self._said(step.name), step.seconds)

    def _stop(self, name: str) -> None:
        self.processes.stop(name, seconds=STOP_LIMIT)
        self._take_printed(name)

    def _take_printed(self, name: str) -> None:
        """Adds the events that a program has printed to the log, and keeps what it said with the scenario."""
        printed = self.processes.logs / f"{name}.log"
        with self.log.open("a", encoding="utf-8") as log:
            log.writelines(f"{line}\n" for line in self._said(name).splitlines() if line.startswith('{"'))
        printed.replace(self.folder / printed.name)

    def _said(self, name: str) -> str:
        return (self.processes.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _words(self, command: str) -> list[str]:
        words = [string.Template(word).substitute(self._places()) for word in shlex.split(command)]
        return [str(ROOT / words[0]), *words[1:]]

    def _places(self) -> Mapping[str, str]:
        ray = self.workloads.ray
        places = {"log": str(self.log), "folder": str(self.folder)}
        if self.workloads.vllm:
            places["vllm"] = self.workloads.vllm
        if ray:
            places |= {"serve": f"http://127.0.0.1:{ray.serve_port}", "serve_port": str(ray.serve_port)}
        return places

    def _mark(self, step: Step, end: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"event": "mark", "time": time.time(), "name": f"{step.name}.{end}"}) + "\n")

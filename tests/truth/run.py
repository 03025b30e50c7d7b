"""Runs a scenario for real and keeps what Prometheus scraped and what the programs logged."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.live.processes import ProgramError
from tests.live.stack import folder_and_processes, prometheus, start_workloads
from tests.truth import events, samples
from tests.truth.drive import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from generator.build.build import Build
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api
    from tests.truth.events import Event
    from tests.truth.samples import Recording
    from tests.truth.scenario import Scenario

FIRST_SCRAPES = 90.0
"""Seconds within which every target has to have been scraped."""

MOUNTED = "ray-serve-vllm"
"""The job that scrapes what applications mount, monitors/ray-serve-vllm.yaml."""


Run = tuple["Recording", "list[Event]"]
"""What Prometheus scraped and what programs logged; both have the start of the recording as their time 0."""


def groups(scenarios: Iterable[Scenario]) -> list[list[Scenario]]:
    """Returns scenarios in groups that can share what runs: neighbours with the same needs and environment.

    One that kills a node is the last of its group.
    """
    found: list[list[Scenario]] = []
    for scenario in scenarios:
        before = found[-1][-1] if found else None
        shares = before and _what_runs(before) == _what_runs(scenario)
        if shares and before and not any(step.kill for step in before.steps):
            found[-1].append(scenario)
        else:
            found.append([scenario])
    return found


def _what_runs(scenario: Scenario) -> tuple[object, ...]:
    return scenario.needs, scenario.environment, scenario.vllm


def run(
    scenarios: Sequence[Scenario],
    build: Build,
    binaries: Binaries,
    python: Path,
    progress: Callable[[str], object],
) -> Iterator[tuple[Scenario, Run]]:
    """Runs the scenarios of a group one after the other, on the same cluster, each with a Prometheus of its own.

    Args:
        scenarios: what runs.
        build: whose monitors scrape and whose rules are loaded.
        binaries: Prometheus.
        python: an interpreter with what the scenarios need.
        progress: takes a line now and then.

    Yields:
        Each scenario when it is over, and what it left.

    Raises:
        ProgramError: something does not start, fails, or cannot be scraped.
    """
    with folder_and_processes("truth-", progress) as (folder, processes):
        progress(f"logs are in {folder}")
        first = scenarios[0]
        workloads = start_workloads(
            processes,
            folder,
            python,
            first.environment,
            progress,
            ray="ray" in first.needs,
            mounted="mounted" in first.needs,
            vllm="vllm" in first.needs,
            vllm_options=first.vllm,
        )
        for scenario in scenarios:
            yield (
                scenario,
                _run(scenario, build, binaries, Driver(processes, workloads, folder / scenario.name, progress)),
            )


def _run(scenario: Scenario, build: Build, binaries: Binaries, driver: Driver) -> Run:
    driver.folder.mkdir()
    with prometheus(driver.processes, binaries, driver.folder, build, driver.workloads) as api:
        driver.progress(f"{scenario.name}: waiting for the first scrapes")
        _wait_for_scrapes(api)
        begin = time.time()
        with driver:
            driver.run(scenario)
            # The last scrape of what the steps have done.
            time.sleep(samples.INTERVAL)
            recording = samples.record(api, begin, time.time())
    logged = events.read(driver.log)
    return recording, sorted((replace(each, at=each.at - begin) for each in logged), key=lambda each: each.at)


def _wait_for_scrapes(api: Api) -> None:
    until = time.monotonic() + FIRST_SCRAPES
    while True:
        targets = [
            target
            for target in api.get("targets", state="active")["data"]["activeTargets"]
            # An application is started by the scenario's own steps.
            if target["labels"]["job"] != MOUNTED
        ]
        if targets and all(target["health"] == "up" for target in targets):
            return
        if time.monotonic() > until:
            down = [f"{target['scrapeUrl']}: {target['lastError']}" for target in targets if target["health"] != "up"]
            raise ProgramError(f"not scraped within {FIRST_SCRAPES:.0f} s: {'; '.join(down) or 'no targets'}")
        time.sleep(1)

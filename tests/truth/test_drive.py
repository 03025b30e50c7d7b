"""Steps run one after the other, and what programs print or log becomes the events of the scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.processes import Processes, ProgramError
from tests.live.stack import Workloads
from tests.truth import events
from tests.truth.drive import Driver
from tests.truth.run import groups
from tests.truth.scenario import Alerts, Scenario, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = """
import json, sys, time
name, log = sys.argv[1:3]
with open(log, "a") as file:
    file.write(json.dumps({"event": "logged", "time": time.time(), "name": name}) + "\\n")
print("no event", flush=True)
print(json.dumps({"event": "printed", "time": time.time(), "name": name}), flush=True)
print("ready", flush=True)
if name == "server":
    time.sleep(600)
if name == "broken":
    sys.exit("it broke")
"""


def scenario(*steps: Step, name: str = "x", needs: tuple[str, ...] = ("ray",)) -> Scenario:
    return Scenario(name, "X", "X", needs, {}, (), steps, (), Alerts(60, frozenset(), frozenset(), {}))


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    folder = tmp_path / "scenario"
    folder.mkdir()
    with Processes(tmp_path) as processes:
        yield Driver(processes, Workloads((), {}, Path(sys.executable)), folder, lambda _: None)


def program(driver: Driver, name: str) -> str:
    return f"{driver.processes.logs / 'program.py'} {name} $log"


def test_events_are_what_programs_log_and_print_between_the_marks(driver: Driver) -> None:
    with driver:
        driver.run(
            scenario(
                Step("server", run=program(driver, "server"), background=True, until="ready"),
                Step("client", run=program(driver, "client")),
            )
        )
    found = [(event.event, event.fields["name"]) for event in events.read(driver.log)]
    assert found == [
        ("mark", "server.start"),
        ("logged", "server"),
        ("printed", "server"),
        ("mark", "client.start"),
        ("logged", "client"),
        ("printed", "client"),
        ("mark", "client.end"),
    ]
    assert sorted(path.name for path in driver.folder.iterdir()) == ["client.log", "events.jsonl", "server.log"]


def test_a_program_can_be_ended_by_a_step(driver: Driver) -> None:
    server = Step("server", run=program(driver, "server"), background=True, until="ready")
    with driver:
        driver.run(scenario(server, Step("stopping", stop="server"), server))
    assert sum(event.event == "printed" for event in events.read(driver.log)) >= 1


def test_a_program_that_fails_ends_the_scenario(driver: Driver) -> None:
    with driver, pytest.raises(ProgramError, match=r"(?s)broken ended with exit code 1; .*it broke"):
        driver.run(scenario(Step("broken", run=program(driver, "broken"))))


def test_scenarios_share_what_runs_unless_a_node_was_killed() -> None:
    calm, cruel = scenario(name="calm"), scenario(Step("kill", kill="ray-worker"), name="cruel")
    alone = scenario(name="alone", needs=("vllm",))
    assert [[each.name for each in group] for group in groups([calm, cruel, calm, alone, alone])] == [
        ["calm", "cruel"],
        ["calm"],
        ["alone", "alone"],
    ]

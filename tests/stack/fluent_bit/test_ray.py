"""The sidecar's script: what a line of a Ray log file becomes, and which lines are copies of others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generator.stack.fluent_bit.files import script
from generator.stack.fluent_bit.ray import ray_files
from tests.stack.fluent_bit.lua import NOW, Script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[..., dict[str, Any] | None]

FOLDER = "/tmp/ray/session_2026-11-24_11-44-19_204233_9/logs"  # noqa: S108 - where Ray writes
WORKER = "90194a9370699e8968d84e101c7adf3d74e60a8c97960b5e6aafdd2b"
OUT, ERR = (f"worker-{WORKER}-02000000-30359.{end}" for end in ("out", "err"))
VARIABLES = {"RAY_CLUSTER": "demo", "RAY_NODE_TYPE": "worker", "RAY_GROUP": "gpus"}
PLACE = {"cluster": "demo", "node_type": "worker", "group": "gpus"}

SERVE = "ERROR 2026-11-24 11:44:20,476 shop_Model sfe2tes3 3992a606-11cb -- Request failed"
CONTROLLER = "INFO 2026-11-24 11:44:20,476 controller 29734 -- Adding 1 replica"


@pytest.fixture
def ray() -> Script:
    return Script(script("ray.lua"), "ray_line", VARIABLES)


@pytest.fixture
def read(ray: Script) -> Read:
    """Returns a function from a file's name and a line to what is printed; None where nothing is."""

    def one(name: str, line: str, *, offset: int = 0, folder: str = FOLDER, **fields: Any) -> dict[str, Any] | None:
        record = {"ray_log_line": line, "ray_log_file": f"{folder}/{name}", "ray_log_offset": offset, **fields}
        return ray.run(record)[0]

    return one


def test_a_line_carries_where_it_is_from(read: Read) -> None:
    assert read(OUT, "step 1", offset=7) == {
        "ray_log": 1,
        "log": "step 1",
        "component": "worker",
        "ray": {**PLACE, "job_id": "02000000", "worker_id": WORKER, "file": OUT, "offset": 7},
    }


@pytest.mark.parametrize(
    ("name", "component"),
    {
        "raylet.out": "raylet",
        "gcs_server.err": "gcs_server",
        "dashboard_agent.log": "dashboard_agent",
        "runtime_env_agent.log": "runtime_env_agent",
        "log_monitor.log": "log_monitor",
        f"python-core-worker-{WORKER}_29877.log": "core_worker",
        f"python-core-driver-02000000{'f' * 48}_29992.log": "core_driver",
        "job-driver-raysubmit_x1.log": "driver",
        "serve/controller_29734.log": "serve_controller",
        "serve/proxy_192.0.2.2.log": "serve_proxy",
        "serve/replica_shop_Model_sfe2tes3.log": "serve_replica",
        "train/ray-train-app-worker-0a.log": "train_worker",
        "train/ray-train-sys-controller-0a.log": "train_controller",
        "ray-data/ray-data.log": "data",
        "events/event_CORE_WORKER_29182.log": "event_core_worker",
        "events/event_JOBS.log": "event_jobs",
        f"old/{OUT}": "worker",
    }.items(),
)
def test_the_files_name_tells_the_component(read: Read, name: str, component: str) -> None:
    found = read(name, "x")
    assert found is not None
    assert (found["component"], found["ray"]["file"]) == (component, name.removeprefix("old/"))


@pytest.mark.parametrize(
    ("name", "job"),
    {
        f"worker-{WORKER}-ffffffff-7.out": None,
        "job-driver-raysubmit_x1.log": "raysubmit_x1",
        "runtime_env_setup-01000000.log": "01000000",
        "raylet.out": None,
    }.items(),
)
def test_the_files_name_tells_the_job_if_it_is_one_jobs(read: Read, name: str, job: str | None) -> None:
    found = read(name, "x")
    assert found is not None
    assert found["ray"].get("job_id") == job


def test_a_files_rotations_are_one_file(read: Read) -> None:
    for name in ("raylet.out", "raylet.out.1", "raylet.out.12"):
        found = read(name, "x")
        assert found is not None
        assert found["ray"]["file"] == "raylet.out"


def test_rays_marks_are_taken_in_and_not_printed(read: Read) -> None:
    name = f"worker-{WORKER}-ffffffff-30359.out"
    assert read(name, ":job_id:02000000") is None
    assert read(name, ":actor_name:ServeReplica:shop:Model") is None
    found = read(name, "step")
    assert found is not None
    assert (found["ray"]["job_id"], found["process"]) == ("02000000", "ServeReplica:shop:Model pid=30359")
    assert read(name, ":task_name:t") is None
    found = read(name, "step")
    assert found is not None
    assert found["process"] == "t pid=30359"


def test_what_only_looks_like_a_mark_is_printed(read: Read) -> None:
    for name, line in ((OUT, ":jobid:1"), (OUT, ": job_id:1"), ("raylet.out", ":job_id:1"), (OUT, ":user_id:1")):
        assert read(name, line) is not None


def test_after_a_restart_the_marks_are_read_from_the_files_start(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "session_2026" / "logs"
    folder.mkdir(parents=True)
    name = f"worker-{WORKER}-ffffffff-7.out"
    (folder / name).write_text(":job_id:03000000\n:actor_name:A\nfirst\n:job_id:no mark any more\n")
    found = read(name, "later", offset=40, folder=str(folder))
    assert found is not None
    assert (found["ray"]["job_id"], found["process"]) == ("03000000", "A pid=7")


def test_the_name_that_a_line_says_itself_comes_first(read: Read) -> None:
    read(OUT, ":actor_name:A")
    found = read(OUT, "(EngineCore pid=1) INFO x", process="EngineCore pid=1", component="core", level="INFO")
    assert found is not None
    assert (found["process"], found["component"], found["level"]) == ("EngineCore pid=1", "core", "info")


@pytest.mark.parametrize(
    ("line", "file"),
    [(SERVE, "replica_shop_Model_sfe2tes3.log"), (CONTROLLER, "controller_29734.log")],
)
def test_serves_lines_in_a_workers_errors_are_left_out_where_serves_own_file_is(
    read: Read, tmp_path: Path, line: str, file: str
) -> None:
    folder = tmp_path / "session_2026" / "logs"
    (folder / "serve").mkdir(parents=True)
    assert read(ERR, line, folder=str(folder)) is not None
    (folder / "serve" / file).touch()
    assert read(ERR, line, folder=str(folder)) is None
    assert read(f"serve/{file}", line, folder=str(folder)) is not None
    assert read(ERR, line.replace(" -- ", " - "), folder=str(folder)) is not None


def test_a_driver_does_not_repeat_its_workers(read: Read) -> None:
    driver = "job-driver-sub-1.log"
    assert read(driver, "\x1b[36m(A pid=30359)\x1b[0m line 1") is None
    assert read(driver, "\x1b[36m(train pid=30359, ip=10.0.0.7)\x1b[0m line 1") is None
    assert read(driver, "\x1b[2m\x1b[33m(raylet)\x1b[0m Warning") is not None
    # vLLM names its processes in the same way, in other colours.
    assert read(driver, "\x1b[1;36m(EngineCore_DP0 pid=271)\x1b[0;0m INFO 11-24 11:45:09 [core.py:58] x") is not None
    assert read(driver, "(A pid=1) said by the driver") is not None
    assert read(OUT, "\x1b[36m(A pid=30359)\x1b[0m line 1") is not None


@pytest.mark.parametrize(
    ("line", "time"),
    {
        "[2026-11-24 11:44:20,502 I 9922 9922] (raylet) main.cc:283: x": NOW - 0.998,
        "2026-11-24 11:44:20,399\tINFO monitor.py:731 -- x": NOW - 1.101,
        "INFO 2026-11-24 11:44:20,140 proxy 127.0.0.1 -- x": NOW - 1.36,
        "no time at all": NOW,
        # A clock ahead, another time zone, a year ago: the moment of reading is nearer.
        "2026-11-24 20:44:20,399\tINFO x -- y": NOW,
        "2025-11-24 11:44:20,399\tINFO x -- y": NOW,
        "1970-01-01 00:00:00,000\tINFO x -- y": NOW,
        "9999-99-99 99:99:99,999\tINFO x -- y": NOW,
    }.items(),
)
def test_a_lines_own_time_is_its_time_if_it_can_be(ray: Script, line: str, time: float) -> None:
    record = {"ray_log_line": line, "ray_log_file": f"{FOLDER}/raylet.out", "ray_log_offset": 0}
    assert ray.run(record)[1] == pytest.approx(time, abs=1e-5)


@pytest.mark.parametrize(
    "fields",
    [
        {"asctime": "2026-11-24 11:44:20,500"},
        {"timestamp_ns": 1795520660500000000, "asctime": "2026-11-24 10:00:00,000"},
        {"timestamp": 1795520660.5},
        {"timestamp": "1795520660.5"},
    ],
)
def test_a_json_line_says_its_time_in_one_of_rays_ways(ray: Script, fields: dict[str, Any]) -> None:
    record = {
        "ray_log_line": json.dumps(fields),
        "ray_log_file": f"{FOLDER}/train/x.log",
        "ray_log_offset": 0,
        **fields,
    }
    assert ray.run(record)[1] == pytest.approx(NOW - 1, abs=1e-5)


def test_json_is_under_parsed_and_its_level_is_the_lines(read: Read) -> None:
    fields = {"levelname": "WARNING", "log": "own", "ray": {"a": 1}, "level": {"no": "name"}}
    found = read("serve/proxy_x.log", json.dumps(fields), **fields)
    assert found is not None
    assert found["parsed"] == {"levelname": "WARNING", "log": "own", "ray_a": "1", "level_no": "name"}
    assert (found["level"], found["log"]) == ("warning", json.dumps(fields))


def test_what_begins_like_json_and_is_none_is_a_line(read: Read) -> None:
    found = read("raylet.out", "{not json")
    assert found is not None
    assert "parsed" not in found


@pytest.mark.parametrize("line", ["\x01" * 1_000_000, "é" * 500_000, '"' * 1_000_000, "x" * 1_000_000])
def test_a_long_line_in_json_still_fits_what_the_node_joins(read: Read, line: str) -> None:
    found = read("raylet.out", line)
    assert found is not None
    assert len(json.dumps(found)) < 2_000_000
    assert len(found["log"].encode()) >= 250_000


def test_many_files_do_not_fill_the_memory(read: Read) -> None:
    for number in range(12_000):
        assert read(f"worker-{number:056x}-01000000-{number}.out", "x") is not None


def test_the_configuration_names_only_files_that_are_there() -> None:
    files = ray_files()
    conf = files["fluent-bit.conf"]
    assert {f"/fluent-bit/etc/{name}" for name in files if name != "fluent-bit.conf"} == {
        word for word in conf.split() if word.startswith("/fluent-bit/etc/")
    }


def test_nothing_in_it_is_what_helm_would_read_as_a_template() -> None:
    assert all("{{" not in text for text in ray_files().values())


def test_a_rotated_file_is_not_let_go_before_it_is_too_old_to_be_found_anew() -> None:
    """Its new name is read too: let go after less, it would be read once more from its start."""
    found = dict(line.split(maxsplit=1) for line in ray_files()["fluent-bit.conf"].splitlines() if " " in line.strip())
    assert found["Ignore_Older"] == "1h"
    assert int(found["Rotate_Wait"]) > 3600

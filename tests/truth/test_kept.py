"""What is kept of a run is what panels read or may read, and comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.signals.needed import needed
from tests.truth import kept
from tests.truth.events import Event
from tests.truth.kept import Kept
from tests.truth.samples import Recording, Target

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("up", "ray_tasks", "ray_grpc_server_req_finished_total", "ray_serve_num_http_requests_total", "vllm:x")


def run() -> Kept:
    own = {"job": "ray"}
    series = {tuple(sorted({**own, "__name__": name}.items())): (1.0, 2.0) for name in NAMES}
    event = Event(3.0, "request", {"status": 200, "gaps": [0.1, 0.2]})
    return Kept(Recording((Target(own, 5, series),)), (event,))


def test_all_comes_back(tmp_path: Path) -> None:
    kept.save("x", run(), tmp_path)
    assert kept.load("x", tmp_path) == run()
    assert kept.names(tmp_path) == ["x"]


def test_a_fixture_has_what_is_asked_for_and_what_is_about_workloads(tmp_path: Path) -> None:
    kept.save("x", run(), tmp_path, wanted=needed(["ray_tasks"]))
    left = kept.load("x", tmp_path)
    assert [dict(key)["__name__"] for key in left.recording.targets[0].series] == [
        *("ray_serve_num_http_requests_total", "ray_tasks", "up", "vllm:x")
    ]
    assert left.events == (Event(3.0, "request", {"status": 200}),)


def test_fixtures_stay_small() -> None:
    sizes = {path.name: path.stat().st_size for path in kept.FOLDER.iterdir()}
    assert sum(sizes.values()) < 800_000, sizes

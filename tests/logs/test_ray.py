"""Ray's files through the real sidecar, a container's log and the node's Fluent Bit: what is indexed, how often."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.sources import read_log_fields
from generator.stack.fluent_bit.ray import ray_files
from tests.conftest import ROOT
from tests.logs.fluentbit import FluentBit, cri
from tests.logs.lines import TRACES, counts, write_in_pieces
from tests.logs.sidecar import LABELS, WORKER, RayPod, Sidecar
from tests.stack.fluent_bit.lua import leaves

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.logs.fluentbit import Node
    from tests.logs.sink import Server, Sink

pytestmark = [pytest.mark.slow, pytest.mark.upstream]

LINES = int(os.environ.get("GEN_CHART_LOG_LINES", "20000"))
POD = "demo-head-x7k2p"
NAME = f"worker-{WORKER}-02000000-30359.out"


@pytest.fixture
def pod(tmp_path: Path) -> RayPod:
    return RayPod(tmp_path / "pod").write(ray_files())


@pytest.fixture
def log(node: Node, server: Server) -> Path:
    """The log of the sidecar's container on the node."""
    server.sink.labels[POD] = LABELS
    path = node.container(POD, "team-a", "fluentbit")
    path.touch()
    return path


@pytest.fixture
def through(program: Path, pod: RayPod, node: Node, server: Server, log: Path) -> Callable[[int], list[dict[str, Any]]]:
    """Returns a function that runs both until so many documents are indexed, and returns them."""

    def run(count: int) -> list[dict[str, Any]]:
        with Sidecar(program, pod, log), FluentBit(program, node):
            enough = server.sink.wait(lambda sink: len(sink.documents) >= count, 30)
        messages = (pod.root / "messages").read_text()[-2000:]
        assert enough, (len(server.sink.documents), messages, log.read_bytes()[-500:])
        return server.sink.logs()

    return run


def numbers(sink: Sink) -> Counter[int]:
    found = (re.match(r"line (\d+) ", document["log"]) for document in sink.logs())
    return Counter(int(match[1]) for match in found if match)


def test_lines_of_rays_formats_have_their_level_time_and_place(
    pod: RayPod, through: Callable[[int], list[dict[str, Any]]]
) -> None:
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    train = {"asctime": f"{now},250", "levelname": "WARNING", "message": "slow", "run_name": "lm", "world_rank": 1}
    event = {"severity": "INFO", "label": "", "message": "Started a ray job.", "timestamp": str(int(time.time()))}
    wanted: dict[str, tuple[str, str | None, str]] = {
        "raylet.out": (f"[{now},502 W 9922 9950] (raylet) node_manager.cc:1: slow", "warning", "raylet"),
        "gcs_server.out": (f"[{now},502 I 9922 9922] core_worker.cc:1: x", "info", "gcs_server"),
        "dashboard_agent.log": (f"{now},399\tERROR agent.py:1 -- lost", "error", "dashboard_agent"),
        "serve/proxy_192.0.2.2.log": (f"INFO {now},140 proxy 192.0.2.2 id -- GET / 200 1ms", "info", "serve_proxy"),
        "train/ray-train-sys-worker-0a.log": (json.dumps(train), "warning", "train_worker"),
        "events/event_JOBS.log": (json.dumps(event), "info", "event_jobs"),
        "job-driver-sub-1.log": ("driver says done", None, "driver"),
        f"worker-{WORKER}-02000000-7.err": (TRACES["python"], "error", "worker"),
    }
    for name, (line, _, _) in wanted.items():
        marks = ":job_id:02000000\n:actor_name:Trainer\n" if name.startswith("worker") else ""
        pod.file(name).write_text(f"{marks}{line}\n")
    pod.file("monitor.log").write_text(f"{now},399\tINFO monitor.py:731 -- also on standard output\n")
    pod.file("debug_state.txt").write_text("a snapshot\n")
    documents = through(len(wanted))
    found = {document["ray"]["file"]: document for document in documents}
    assert {name: (line["log"], line.get("level"), line["component"]) for name, line in found.items()} == wanted
    assert {key: found["raylet.out"]["ray"][key] for key in ("cluster", "node_type", "group", "offset")} == {
        "cluster": "demo",
        "node_type": "head",
        "group": "headgroup",
        "offset": 0,
    }
    assert found["raylet.out"]["@timestamp"] == f"{now.replace(' ', 'T')}.502000000Z"
    assert found["train/ray-train-sys-worker-0a.log"]["parsed"]["run_name"] == "lm"
    worker = found[f"worker-{WORKER}-02000000-7.err"]
    assert (worker["ray"]["job_id"], worker["process"], worker["stream"]) == ("02000000", "Trainer pid=7", "stderr")
    kubernetes = worker["kubernetes"]
    assert (kubernetes["pod_name"], kubernetes["namespace_name"]) == (POD, "team-a")


def test_every_field_that_is_written_is_a_listed_one(
    pod: RayPod, node: Node, through: Callable[[int], list[dict[str, Any]]]
) -> None:
    pod.file(NAME).write_text(":actor_name:A\nhello\n")
    pod.file("serve/proxy_x.log").write_text('{"levelname": "INFO", "message": "x"}\n')
    node.container("other").write_bytes(
        cri('{"level": "warn"}') + cri("(EngineCore pid=1) INFO 11-24 11:45:09 [c.py:1] x")
    )
    kernel = {"message": "NVRM: Xid (PCI:0000:65:00): 79, x", "priority": "4", "transport": "kernel", "hostname": "h"}
    node.host.write_text(json.dumps({**kernel, "comm": "c", "syslog_identifier": "kernel", "cmdline": "/bin/x"}) + "\n")
    documents = through(5)
    known = read_log_fields(ROOT)
    written = {path for document in documents for path in leaves(document, known)}
    assert written <= set(known)
    assert set(known) - written == {"systemd_unit", "model", "kubernetes.container_image", "sxid"}


def test_none_is_lost_over_rays_rotations_and_a_kill_of_either(
    program: Path,
    pod: RayPod,
    node: Node,
    server: Server,
    log: Path,
    record_property: Callable[[str, object], None],
) -> None:
    parts = [range(part * LINES // 10, (part + 1) * LINES // 10) for part in range(10)]

    def write(part: range) -> None:
        write_in_pieces(pod.file(NAME), b"".join(b"line %d of a worker\n" % number for number in part))

    shipper, sidecar = FluentBit(program, node), Sidecar(program, pod, log)
    for number, part in enumerate(parts):
        write(part)
        if number in (2, 5):
            assert server.sink.wait(lambda sink: len(sink.documents) > 0, 20)
            # In mid-work: what is read and not yet printed, or printed and not yet sent, must come again.
            (sidecar if number == 2 else shipper).end(signal.SIGKILL)
        pod.rotate(NAME)
        if number == 3:
            sidecar = Sidecar(program, pod, log)
        if number == 6:
            shipper = FluentBit(program, node)
        if number in (1, 8):
            log.rename(log.with_name(f"{log.name}.{number}"))
            log.touch()
        server.sink.wait(lambda sink, wanted=part.stop: len(sink.documents) >= wanted, 1.5)
    with shipper, sidecar:
        server.sink.wait(lambda sink: len(numbers(sink)) >= LINES, 60)
        memory = sidecar.memory()["VmHWM"]
    found = numbers(server.sink)
    figures: dict[str, int] = {
        **counts(found, LINES),
        "sent again and stored once": server.sink.repeated,
        "the sidecar's peak memory, MB": memory // 1_000_000,
    }
    for name, value in figures.items():
        record_property(name, value)
    assert figures["lost"] == 0, figures
    # Killed between its buffer and its database of positions, the sidecar reads that much again; a line that says no
    # time of its own then has another one, and so another id.
    assert figures["twice"] <= LINES // 10, figures


def test_a_ray_that_starts_again_is_followed_and_the_last_lines_of_the_old_one_are_kept(
    program: Path, pod: RayPod, node: Node, server: Server, log: Path
) -> None:
    pod.file("raylet.out").write_text("line 1 of the old\n")
    with FluentBit(program, node):
        first = Sidecar(program, pod, log)
        assert server.sink.wait(lambda sink: len(sink.documents) == 1, 20)
        first.end(signal.SIGTERM)
        with pod.file("raylet.out").open("a") as handle:
            handle.write("line 2 tells why it ended\n")
        new = pod.start_session("session_2026-11-24_12-00-00_000000_9")
        new.file("raylet.out").write_text("line 3 of the new\n")
        with Sidecar(program, pod, log):
            server.sink.wait(lambda sink: len(sink.documents) == 3, 20)
    assert numbers(server.sink) == Counter({1: 1, 2: 1, 3: 1})


def test_a_file_that_slept_is_read_on_from_where_it_was(
    program: Path, pod: RayPod, node: Node, server: Server, log: Path
) -> None:
    file = pod.file(NAME)
    file.write_text("".join(f"line {number} before\n" for number in range(10)))
    with FluentBit(program, node), Sidecar(program, pod, log):
        assert server.sink.wait(lambda sink: len(sink.documents) == 10, 20)
        os.utime(file, (time.time() - 7200,) * 2)
        # It is let go at the next look at old files, which the sidecar has every few seconds.
        assert not server.sink.wait(lambda sink: len(sink.documents) > 10, 12)
        with file.open("a") as handle:
            handle.write("".join(f"line {number} after\n" for number in range(10, 20)))
        server.sink.wait(lambda sink: len(sink.documents) == 20, 20)
    assert numbers(server.sink) == Counter(range(20))


def test_bytes_and_lengths_of_any_kind_cost_no_other_line(
    pod: RayPod, through: Callable[[int], list[dict[str, Any]]]
) -> None:
    many = json.dumps({f"key{number}": number for number in range(100_000)})
    lines = [
        b"\xff\xfe\x00 binary \x80",
        b"nul \x00 inside",
        b"\x1b[31mred",
        b"x" * 1_000_000,
        b"\x01" * 1_000_000,
        '{"text": "é"}'.encode(),
        many.encode()[:900_000],
        json.dumps({f"key{number}": number for number in range(10_000)}).encode(),
        json.dumps({"": 1, "a": {"b": "c"}, "d": None}).encode(),
        b'{"a": "x"}',
        b'{"a": {"b": 1}}',
        b"",
        b"after",
    ]
    pod.file("raylet.out").write_bytes(b"".join(line + b"\n" for line in lines))
    documents = sorted(through(len(lines)), key=lambda document: document["ray"]["offset"])
    logs = [document["log"] for document in documents]
    assert logs[3] == "x" * 1_000_000
    assert logs[4] == "\x01" * 250_000
    assert [len(logs[at]) for at in (6, 7)] == [900_000, len(lines[7])]
    assert logs[-2:] == ["", "after"]
    assert "binary" in logs[0]
    assert len(documents[7]["parsed"]) == 100
    assert documents[5]["parsed"] == {"text": "é"}
    assert [documents[at]["parsed"] for at in (9, 10)] == [{"a": "x"}, {"a_b": "1"}]


def test_a_file_that_is_cut_is_read_from_its_start(
    program: Path, pod: RayPod, node: Node, server: Server, log: Path
) -> None:
    file = pod.file("raylet.out")
    file.write_text("".join(f"line {number} before\n" for number in range(100)))
    with FluentBit(program, node), Sidecar(program, pod, log):
        assert server.sink.wait(lambda sink: len(sink.documents) == 100, 20)
        file.write_text("line 100 after\n")
        server.sink.wait(lambda sink: len(sink.documents) == 101, 20)
    assert numbers(server.sink) == Counter(range(101))


def test_the_sidecars_own_messages_stay_ordinary_lines(program: Path, node: Node, server: Server, log: Path) -> None:
    log.write_bytes(cri("[2026/11/24 11:44:21.502] [error] [input:tail:tail.0] no space left", stream="stderr"))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: len(sink.documents) == 1, 20)
    (document,) = server.sink.logs()
    assert (document["level"], document["stream"], document["ray"]["cluster"]) == ("error", "stderr", "demo")
    assert "file" not in document["ray"]


def test_two_thousand_files_are_within_its_memory(program: Path, pod: RayPod, tmp_path: Path) -> None:
    """Its limit is 128 MiB; a worker has two files that Ray does not delete, open for an hour after their last line."""
    for number in range(1000):
        for end in ("out", "err"):
            name = f"worker-{number:056x}-01000000-{number}.{end}"
            pod.file(name).write_text("".join(f"line {line} of {name}\n" for line in range(10)))
    log = tmp_path / "log"
    log.touch()
    with Sidecar(program, pod, log) as sidecar:
        deadline = time.monotonic() + 60
        while log.read_bytes().count(b"\n") < 20_000 and time.monotonic() < deadline:
            sidecar.wait(0.5)
        assert sidecar.memory()["VmHWM"] < 120 * 2**20
    assert log.read_bytes().count(b"\n") == 20_000


def test_it_accepts_its_configuration_without_a_warning(program: Path, pod: RayPod) -> None:
    import subprocess

    done = subprocess.run(
        [program, "--dry-run", "--config", pod.config], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert not any(word in done.stderr for word in ("warn", "[error]")), done.stderr

"""Real lines through the real Fluent Bit and the rendered configuration: what is indexed, and under which fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.logs.fluentbit import FluentBit, Node, cri
from tests.logs.lines import HARD, JSON_LEVELS, KERNEL, LEVELS, PROBES, REQUESTS, TRACES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.logs.sink import Server

pytestmark = [pytest.mark.slow, pytest.mark.upstream]


def indexed(program: Path, node: Node, server: Server, count: int) -> list[dict[str, Any]]:
    """Runs Fluent Bit on the node until ``count`` documents are indexed; gives them, in order."""
    with FluentBit(program, node):
        enough = server.sink.wait(lambda sink: len(sink.documents) >= count, 30)
    assert enough, (len(server.sink.logs()), (node.root / "fluent-bit.log").read_text()[-3000:])
    return server.sink.logs()


def stamped(lines: list[str], stream: str = "stdout") -> bytes:
    """Stamps each line with a time of its own, as a container's lines have."""
    return b"".join(
        cri(line, stream=stream, stamp=f"2026-11-24T11:44:21.{number:09d}Z") for number, line in enumerate(lines)
    )


def test_each_line_gets_the_level_that_it_says(program: Path, node: Node, server: Server) -> None:
    wanted = LEVELS | JSON_LEVELS
    # A marker ends each line's part: no line joins the next, as tracebacks' first lines would.
    lines = [part for line in wanted for part in (line, "--")]
    node.container().write_bytes(stamped(lines))
    documents = indexed(program, node, server, len(lines))
    assert {document["log"]: document.get("level") for document in documents} == {**wanted, "--": None}


def test_what_a_scrape_or_a_probe_that_went_well_writes_is_left_out(program: Path, node: Node, server: Server) -> None:
    node.container().write_bytes(stamped([line for pair in zip(PROBES, REQUESTS, strict=False) for line in pair]))
    documents = indexed(program, node, server, len(PROBES))
    assert [document["log"] for document in documents] == list(REQUESTS[: len(PROBES)])


def test_a_traceback_is_one_document(program: Path, node: Node, server: Server) -> None:
    lines = [part for trace in TRACES.values() for part in ("INFO: before", *trace.split("\n"), "INFO: after")]
    node.container().write_bytes(stamped(lines, "stderr"))
    documents = indexed(program, node, server, 9)
    assert [document["log"] for document in documents] == [
        part for trace in TRACES.values() for part in ("INFO: before", trace, "INFO: after")
    ]
    assert [document["level"] for document in documents] == ["info", "error", "info"] * 3


def test_an_indented_line_after_a_traceback_is_a_line_of_its_own_and_so_is_an_empty_one(
    program: Path, node: Node, server: Server
) -> None:
    lines = ["  indented", "  indented too", "", "Name: value", ""]
    node.container("a").write_bytes(stamped([*TRACES["python"].split("\n"), "INFO: after", *lines]))
    node.container("b").write_bytes(stamped(lines))
    documents = indexed(program, node, server, 12)
    for pod in ("a", "b"):
        logs = [found["log"] for found in documents if found["kubernetes"]["pod_name"] == pod]
        assert logs[-5:] == lines
    assert all(set(document) >= {"@timestamp", "stream", "kubernetes"} for document in documents)


def test_two_streams_at_once_do_not_tear_each_others_tracebacks(program: Path, node: Node, server: Server) -> None:
    trace = TRACES["python"].split("\n")
    lines = b"".join(cri(line, stream="stderr") + cri(f"step {number}") for number, line in enumerate(trace))
    node.container().write_bytes(lines)
    documents = indexed(program, node, server, len(trace) + 1)
    assert [document["log"] for document in documents if document["stream"] == "stderr"] == [TRACES["python"]]


def test_json_is_under_one_key_with_every_value_a_text_so_that_no_two_programs_conflict(
    program: Path, node: Node, server: Server
) -> None:
    lines = ['{"a": "x"}', '{"a": {"b": 1}}', '{"a": [1, "2"]}', '{"a": 1795520661502000128, "c": true, "d.e": 1.5}']
    node.container().write_bytes(stamped(lines))
    documents = indexed(program, node, server, len(lines))
    assert [document["log"] for document in documents] == lines
    assert [document["parsed"] for document in documents] == [
        {"a": "x"},
        {"a_b": "1"},
        {"a_1": "1", "a_2": "2"},
        {"a": "1795520661502000128", "c": "true", "d_e": "1.5"},
    ]


def test_a_line_carries_its_pods_metadata_its_labels_dots_replaced(program: Path, node: Node, server: Server) -> None:
    node.container("etcd-node-1", "kube-system", "etcd").write_bytes(cri("hello"))
    (document,) = indexed(program, node, server, 1)
    assert {index for index, _ in server.sink.documents} == {"logs-kubernetes"}
    found = document["kubernetes"]
    assert (found["namespace_name"], found["pod_name"], found["container_name"]) == (
        "kube-system",
        "etcd-node-1",
        "etcd",
    )
    assert found["labels"] == {"app": "demo", "app_kubernetes_io/name": "demo"}
    assert (document["stream"], document["@timestamp"]) == ("stdout", "2026-11-24T11:44:21.502000001Z")


def test_its_own_log_is_left_out(program: Path, node: Node, server: Server) -> None:
    node.container("ai-ml-observability-fluent-bit-x7k2p", "monitoring", "fluent-bit").write_bytes(cri("mine"))
    node.container().write_bytes(cri("theirs"))
    assert [document["log"] for document in indexed(program, node, server, 1)] == ["theirs"]


def test_a_gpus_error_becomes_fields_of_the_kernels_message(program: Path, node: Node, server: Server) -> None:
    node.host.write_text(
        "".join(
            json.dumps({"message": line, "priority": "4", "transport": "kernel", "hostname": str(number)}) + "\n"
            for number, line in enumerate(KERNEL)
        )
    )
    documents = indexed(program, node, server, len(KERNEL))
    names = ("xid", "sxid", "pci", "level")
    assert {
        document["log"]: {name: document[name] for name in names if name in document} for document in documents
    } == KERNEL


def test_no_line_is_lost_for_its_bytes_or_its_length(program: Path, node: Node, server: Server) -> None:
    long = "x" * 1_000_000
    many = json.dumps({f"key{number}": number for number in range(100_000)})
    deep = '{"a":' * 200 + "1" + "}" * 200
    lines = ["\udcff\udcfe broken", "nul \0 inside", "\x1b[31mred", long, many, deep, "", "{not json", "after"]
    node.container().write_bytes(stamped(lines))
    documents = indexed(program, node, server, len(lines))
    logs = [document["log"] for document in documents]
    assert [len(log) for log in logs if len(log) > 10_000] == [len(long), len(many)]
    assert logs[2] == lines[2]
    assert logs[-3:] == lines[-3:]
    assert logs[0].endswith(" broken")
    assert all(len(document.get("parsed", {})) <= 100 for document in documents)


def test_a_line_of_many_pieces_is_one_however_long_its_reading_takes(program: Path, node: Node, server: Server) -> None:
    """Fluent Bit's own parser closes what is there in part every four seconds."""
    data = cri("x" * 500_000, stamp="2026-11-24T11:44:21.000000001Z")
    log = node.container()
    with FluentBit(program, node):
        for at in range(0, len(data), len(data) // 4):
            with log.open("ab") as handle:
                handle.write(data[at : at + len(data) // 4])
            server.sink.wait(lambda sink: bool(sink.documents), 3)
        server.sink.wait(lambda sink: bool(sink.documents), 15)
    assert [len(document["log"]) for document in server.sink.logs()] == [500_000]


def test_no_long_line_keeps_it_from_the_next(program: Path, node: Node, server: Server) -> None:
    lines = [*HARD, "after"]
    node.container().write_bytes(stamped(lines))
    assert [document["log"] for document in indexed(program, node, server, len(lines))] == lines


def test_lines_of_a_file_that_is_no_container_log_are_kept_as_they_are(
    program: Path, node: Node, server: Server
) -> None:
    node.container().write_bytes(b"no stamp at all\n" + b"y" * 3_000_000 + b"\n" + cri("after"))
    logs = [document["log"] for document in indexed(program, node, server, 3)]
    assert (logs[0], logs[-1]) == ("no stamp at all", "after")
    assert 900_000 < len(logs[1]) <= 1_048_576

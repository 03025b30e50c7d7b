"""OpenSearch refuses, is away or is not who it should be, or the node's disk is full: what becomes of the lines."""

from __future__ import annotations

import re
import signal
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.logs.fluentbit import FluentBit, Node, cri
from tests.logs.sink import Server, certify
from tests.logs.test_durability import arrived, buffered, numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.upstream]


def health(node: Node) -> int:
    """Asks what the readiness probe asks."""
    (port,) = re.findall(r"HTTP_Port (\d+)", node.config.read_text())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return int(answer.status)


def impatient(node: Node) -> Node:
    """Retries after a second at most: what is tested is that it does, not how long it waits."""
    text = node.config.read_text().replace("scheduler.base 2", "scheduler.base 1")
    node.config.write_text(text.replace("scheduler.cap 60", "scheduler.cap 1"))
    return node


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503])
def test_a_refused_request_is_sent_again_until_it_is_taken(
    program: Path, node: Node, server: Server, status: int
) -> None:
    server.sink.refusal = status
    node.container().write_bytes(numbered(range(500)))
    with FluentBit(program, impatient(node)):
        assert server.sink.wait(lambda sink: sink.refused.get(status, 0) >= 8, 30)
        assert health(node) == 200
        server.sink.refusal = None
        server.sink.wait(lambda sink: len(arrived(sink)) == 500, 20)
    assert arrived(server.sink) == Counter(range(500))


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_documents_that_are_refused_one_by_one_are_sent_again_until_they_are_taken(
    program: Path, node: Node, server: Server, status: int
) -> None:
    """So OpenSearch answers where a data stream is missing, a role too small, a disk full, a shard not there."""
    server.sink.item_refusal = status
    node.container().write_bytes(numbered(range(500)))
    with FluentBit(program, impatient(node)):
        assert server.sink.wait(lambda sink: sink.refused.get(status, 0) >= 4 * 500, 30)
        server.sink.item_refusal = None
        server.sink.wait(lambda sink: len(arrived(sink)) == 500, 20)
    assert arrived(server.sink) == Counter(range(500))


def test_the_login_is_that_of_the_secret_and_a_rotation_loses_nothing(
    program: Path, node: Node, server: Server
) -> None:
    """Between OpenSearch's new password and the restart that reads it, every request is refused."""
    server.sink.login = (node.variables["OPENSEARCH_USER"], node.variables["OPENSEARCH_PASSWORD"])
    log = node.container()
    log.write_bytes(numbered(range(100)))
    with FluentBit(program, impatient(node)):
        assert server.sink.wait(lambda sink: len(arrived(sink)) == 100, 20)
        server.sink.login = ("fluent-bit", "new")
        with log.open("ab") as handle:
            handle.write(numbered(range(100, 200)))
        assert server.sink.wait(lambda sink: sink.refused.get(401, 0) >= 2, 20)
    rotated = Node(node.root, server, variables={**node.variables, "OPENSEARCH_PASSWORD": "new"})
    with FluentBit(program, rotated):
        server.sink.wait(lambda sink: len(arrived(sink)) == 200, 20)
    assert arrived(server.sink) == Counter(range(200))


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_an_opensearch_that_cannot_prove_who_it_is_gets_no_line(
    program: Path,
    tmp_path: Path,
    certificates: tuple[Path, Path],
    rendered: Callable[[str], Mapping[str, str]],
    wrong: str,
) -> None:
    authority, both = certify(tmp_path / "other", "localhost" if wrong == "authority" else "other.example.com")
    with Server((certificates[0] if wrong == "authority" else authority, both)) as impostor:
        node = impatient(Node(tmp_path, impostor).write(rendered("standalone")))
        node.container().write_bytes(numbered(range(10)))
        with FluentBit(program, node):
            assert not impostor.sink.wait(lambda sink: sink.sent > 0, 6)
        assert buffered(node) == set(range(10))
    assert "tls" in (node.root / "fluent-bit.log").read_text().lower()


def test_a_document_that_is_refused_for_ever_keeps_back_no_other_and_goes_when_the_buffer_is_full(
    program: Path, node: Node, server: Server
) -> None:
    """Fluent Bit sends the whole batch again; the scripts write no such document (tests/stack/fluent_bit)."""
    limit = re.compile(r"storage\.total_limit_size \d+M")
    node.config.write_text(limit.sub("storage.total_limit_size 4M", impatient(node).config.read_text()))
    server.sink.unacceptable = "line 7 of a run"
    log = node.container()
    log.write_bytes(numbered(range(1000)))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: sink.repeated > 2 * 999, 20)
        for part in range(1, 31):
            with log.open("ab") as handle:
                handle.write(numbered(range(part * 1000, (part + 1) * 1000)))
            assert server.sink.wait(lambda sink, part=part: len(arrived(sink)) >= part * 1000 + 999, 20)
    assert arrived(server.sink) == Counter(set(range(31_000)) - {7})


def test_ten_minutes_without_opensearch_cost_no_line(program: Path, node: Node, server: Server) -> None:
    """Ten minutes are twenty waits of half a minute; here a wait is a second, and there are twenty of them."""
    server.sink.refusal = 503
    log = node.container()
    log.touch()
    with FluentBit(program, impatient(node)):
        for part in range(20):
            with log.open("ab") as handle:
                handle.write(numbered(range(part * 500, (part + 1) * 500)))
            refused = server.sink.refused.get(503, 0)
            assert server.sink.wait(lambda sink, refused=refused: sink.refused.get(503, 0) > refused, 10)
        server.sink.refusal = None
        server.sink.wait(lambda sink: len(arrived(sink)) == 10_000, 30)
    assert arrived(server.sink) == Counter(range(10_000))


def test_a_node_whose_disk_is_full_ships_on_from_memory_and_loses_nothing_once_there_is_room(
    program: Path, node: Node, server: Server
) -> None:
    """No file may grow: neither a chunk of the buffer nor the database of positions."""
    log = node.container()
    log.write_bytes(numbered(range(100)))
    with FluentBit(program, impatient(node)):
        assert server.sink.wait(lambda sink: len(arrived(sink)) == 100, 20)
    with log.open("ab") as handle:
        handle.write(numbered(range(100, 2000)))
    full = FluentBit(program, node, file_size=4096)
    server.sink.wait(lambda sink: len(arrived(sink)) == 2000, 8)
    full.end(signal.SIGKILL)
    with log.open("ab") as handle:
        handle.write(numbered(range(2000, 3000)))
    with FluentBit(program, node):
        server.sink.wait(lambda sink: len(arrived(sink)) == 3000, 20)
    assert set(arrived(server.sink)) == set(range(3000))
    assert max(arrived(server.sink).values()) == 1


def test_clocks_that_jump_give_times_that_an_index_takes(program: Path, node: Node, server: Server) -> None:
    """From 1970 to 2105, which is all that Fluent Bit 5.1's time holds: a line of the year 1 it drops, and says so."""
    stamps = {
        "line 0": "1970-01-01T00:00:00.000000001Z",
        "line 1": "2099-12-31T23:59:59.999999999Z",
        "line 2": "2038-01-19T03:14:08.000000000Z",
        "line 3": "2026-11-24T11:44:21.000000001Z",
        "line 4": "2026-11-24T11:44:20.000000001Z",
        "line 5": "2026-11-24T13:44:20.000000001+02:00",
    }
    node.container().write_bytes(b"".join(cri(line, stamp=stamp) for line, stamp in stamps.items()))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: len(sink.documents) == len(stamps), 20)
    times = {document["log"]: document["@timestamp"] for document in server.sink.logs()}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", time) for time in times.values()), times
    assert times["line 3"] == stamps["line 3"]
    assert times["line 5"] == "2026-11-24T11:44:20.000000001Z"


def test_a_file_that_is_cut_and_written_anew_is_read_from_its_start(program: Path, node: Node, server: Server) -> None:
    log = node.container()
    log.write_bytes(numbered(range(1000)))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: len(arrived(sink)) == 1000, 20)
        log.write_bytes(numbered(range(1000, 1100)))
        server.sink.wait(lambda sink: len(arrived(sink)) == 1100, 20)
    assert arrived(server.sink) == Counter(range(1100))


def test_equal_lines_of_one_moment_are_as_many_as_were_written(program: Path, node: Node, server: Server) -> None:
    """In one millisecond, at different nanoseconds: OpenSearch's own clock could not tell them apart."""
    node.container().write_bytes(
        b"".join(cri("same", stamp=f"2026-11-24T11:44:21.502000{number:03d}Z") for number in range(100))
    )
    with FluentBit(program, node):
        server.sink.wait(lambda sink: len(sink.documents) == 100, 20)
    assert len(server.sink.documents) == 100

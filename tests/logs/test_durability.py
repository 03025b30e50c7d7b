"""Numbered lines through rotations, a refusing OpenSearch and a kill: which arrive, how often, and at what cost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.logs.fluentbit import FluentBit, cri
from tests.logs.lines import TRACES, counts, write_in_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.logs.fluentbit import Node
    from tests.logs.sink import Server, Sink

pytestmark = [pytest.mark.slow, pytest.mark.upstream]

# The long run is GEN_CHART_LOG_LINES=100000.
LINES = int(os.environ.get("GEN_CHART_LOG_LINES", "20000"))


def numbered(numbers: range) -> bytes:
    return b"".join(
        cri(f"line {number} of a run", stamp=f"2026-11-24T11:{number // 60000 % 60:02d}:{number / 1000 % 60:012.9f}Z")
        for number in numbers
    )


def rotate(log: Path) -> None:
    """Rotates as the kubelet does: the file is renamed, and a new one takes its name."""
    log.rename(log.with_name(f"{log.name}.20261124-11442{len(list(log.parent.iterdir()))}"))
    log.touch()


def arrived(sink: Sink) -> Counter[int]:
    return Counter(int(document["log"].split()[1]) for document in sink.documents.values())


def test_none_is_lost_to_rotations_a_refusing_opensearch_and_a_kill(
    program: Path, node: Node, server: Server, record_property: Callable[[str, object], None]
) -> None:
    log = node.container()
    quarters = [range(part * LINES // 4, (part + 1) * LINES // 4) for part in range(4)]

    def write(quarter: range) -> None:
        write_in_pieces(log, numbered(quarter))

    first = FluentBit(program, node)
    write(quarters[0])
    assert server.sink.wait(lambda sink: sink.sent > 0, 20)
    server.sink.refusal = 503
    rotate(log)
    write(quarters[1])
    assert server.sink.wait(lambda sink: sink.refused.get(503, 0) >= 2, 20)
    peak = first.peak_memory()
    first.end(signal.SIGKILL)
    write(quarters[2])
    with FluentBit(program, node) as second:
        server.sink.refusal = 429
        assert server.sink.wait(lambda sink: sink.refused.get(429, 0) >= 2, 20)
        rotate(log)
        write(quarters[3])
        server.sink.refusal = None
        server.sink.wait(lambda sink: len(arrived(sink)) >= LINES, 90)
        peak = max(peak, second.peak_memory())
    found = arrived(server.sink)
    figures = {
        **counts(found, LINES),
        "sent again and stored once": server.sink.repeated,
        "refused": server.sink.refused,
        "peak memory, MB": peak // 1_000_000,
    }
    for name, value in figures.items():
        record_property(name, value)
    assert (figures["lost"], figures["twice"]) == (0, 0), figures


def buffered(node: Node) -> set[int]:
    """Returns the numbers of the lines that are in the buffer on the disk."""
    chunks = [chunk.read_bytes() for chunk in (node.root / "state" / "buffer").rglob("*.flb")]
    return {int(number) for chunk in chunks for number in re.findall(rb"line (\d+) of a run", chunk)}


def test_an_outage_with_more_chunks_than_memory_may_hold_fills_the_disk_and_pauses_nothing(
    program: Path, node: Node, server: Server, rendered: Callable[[str], Mapping[str, str]]
) -> None:
    """Every container's every second is a chunk: 40 containers pass the kind profile's 16 in memory at once."""
    node.write(rendered("kind"))
    pods, lines = 40, 20
    server.sink.refusal = 503
    with FluentBit(program, node):
        for part in range(2):
            for pod in range(pods):
                start = (part * pods + pod) * lines
                with node.container(f"pod-{pod}").open("ab") as log:
                    log.write(numbered(range(start, start + lines)))
            wanted = set(range((part + 1) * pods * lines))
            assert server.sink.wait(lambda _, wanted=wanted: buffered(node) == wanted, 20), len(buffered(node))
        # The containers' logs are gone before OpenSearch is back: only the buffer on the disk has them.
        shutil.rmtree(node.root / "pods")
        shutil.rmtree(node.containers)
        server.sink.refusal = None
        server.sink.wait(lambda sink: set(arrived(sink)) == wanted, 60)
    assert arrived(server.sink) == Counter(wanted)


def dropped(node: Node) -> int:
    """Returns what Fluent Bit itself says that it dropped, as Prometheus would scrape it."""
    (port,) = re.findall(r"HTTP_Port (\d+)", node.config.read_text())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/metrics/prometheus", timeout=5) as answer:
        text = answer.read().decode()
    counts = re.findall(r'fluentbit_output_dropped_records_total\{name="opensearch\.\d"\} (\d+)', text)
    return sum(map(int, counts))


def test_what_no_longer_fits_the_buffer_is_the_oldest_and_every_line_of_it_is_counted(
    program: Path, node: Node, server: Server, record_property: Callable[[str, object], None]
) -> None:
    limit = re.compile(r"storage\.total_limit_size \d+M")
    node.config.write_text(limit.sub("storage.total_limit_size 8M", node.config.read_text()))
    server.sink.refusal = 503
    node.container().write_bytes(numbered(range(60_000)))
    with FluentBit(program, node) as running:
        assert server.sink.wait(lambda _: bool(buffered(node)) and max(buffered(node)) == 59_999, 40)
        lost = dropped(node)
        server.sink.refusal = None
        assert server.sink.wait(lambda sink: len(sink.documents) >= 60_000 - lost, 60)
        record_property("peak memory, MB", running.peak_memory() // 1_000_000)
    found = sorted(arrived(server.sink))
    assert found == list(range(found[0], 60_000))
    # A chunk that is on its way when it is dropped is counted, though it may arrive: never fewer than were lost.
    assert 0 < found[0] <= lost < 60_000


def test_a_batch_that_is_partly_there_is_completed_not_repeated(program: Path, node: Node, server: Server) -> None:
    """The answer was lost: OpenSearch indexed the batch, Fluent Bit never heard of it and sends it again."""
    lost = threading.Event()
    index = server.sink.bulk

    def forget_the_first_answer(body: bytes) -> tuple[int, dict[str, object]]:
        status, answer = index(body)
        if not lost.is_set():
            lost.set()
            return 502, {}
        return status, answer

    server.sink.bulk = forget_the_first_answer  # type: ignore[method-assign]
    node.container().write_bytes(numbered(range(5000)))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: sink.repeated > 0 and len(arrived(sink)) == 5000, 30)
        # Once more than the answer is long that was lost, and never again.
        settled = server.sink.sent
        assert not server.sink.wait(lambda sink: sink.sent > settled, 6)
    assert sum(arrived(server.sink).values()) == 5000


def test_a_document_that_opensearch_will_never_take_keeps_no_other_from_it(
    program: Path, node: Node, server: Server
) -> None:
    server.sink.unacceptable = "line 7 of a run"
    log = node.container()
    log.write_bytes(numbered(range(1000)))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: sink.repeated > 0, 20)
        with log.open("ab") as handle:
            handle.write(numbered(range(1000, 2000)))
        assert server.sink.wait(lambda sink: len(arrived(sink)) == 1999, 20)
    assert arrived(server.sink) == Counter(set(range(2000)) - {7})


def test_a_kill_amid_tracebacks_loses_no_line_of_them(program: Path, node: Node, server: Server) -> None:
    """A buffer of tracebacks in memory would be gone, with the file's position past it."""
    trace = [line for line in TRACES["python"].split("\n") if line]
    runs = 200
    lines = [line for run in range(runs) for line in (f"run {run}", *trace)]
    data = b"".join(cri(line, stamp=f"2026-11-24T11:44:21.{number:09d}Z") for number, line in enumerate(lines))
    half = data.index(b"\n", len(data) // 2) + 1
    server.sink.refusal = 503
    log = node.container()
    log.write_bytes(data[:half])
    first = FluentBit(program, node)
    assert server.sink.wait(lambda sink: sink.refused.get(503, 0) >= 1, 20)
    first.end(signal.SIGKILL)
    server.sink.refusal = None
    with log.open("ab") as handle:
        handle.write(data[half:])
    with FluentBit(program, node):
        server.sink.wait(lambda sink: len(stored(sink)) >= len(lines), 30)
    assert Counter(stored(server.sink)) == Counter(lines)


def stored(sink: Sink) -> list[str]:
    """Returns the lines of all documents; the empty ones apart, for a traceback that is torn ends in one more."""
    return [line for document in sink.documents.values() for line in document["log"].split("\n") if line]

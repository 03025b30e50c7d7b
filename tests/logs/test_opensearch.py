"""The rendered Fluent Bit against a real OpenSearch with its security plugin, set up by the chart's own program."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.stack.fluent_bit.destination import STREAMS
from generator.stack.fluent_bit.ray import ray_files
from generator.stack.opensearch import indices
from tests.logs.fluentbit import FluentBit, Node, cri
from tests.logs.lines import counts, write_in_pieces
from tests.logs.sidecar import LABELS, WORKER, RayPod, Sidecar
from tests.logs.test_durability import buffered, numbered, rotate
from tests.logs.test_faults import impatient
from tests.opensearch.server import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from generator.build.sources import Sources
    from tests.logs.sink import Server
    from tests.opensearch.server import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.upstream]

# The long run is GEN_CHART_LOG_LINES=100000.
LINES = int(os.environ.get("GEN_CHART_LOG_LINES", "20000"))


@dataclass(frozen=True)
class Destination:
    """OpenSearch for the lines, the sink for pods' metadata."""

    port: int
    authority: Path
    pods_port: int


@pytest.fixture
def cluster(tmp_path: Path, program: Path, sources: Sources) -> Iterator[Cluster]:
    """A new OpenSearch that nobody has set up, as after an installation: it has no user and no data stream."""
    found = prepare(tmp_path / "opensearch", load_profile("kind", sources), sources)
    found.start()
    try:
        found.wait()
        yield found
    finally:
        found.stop()


@pytest.fixture
def shipper(cluster: Cluster, server: Server, tmp_path: Path, rendered: Callable[[str], Mapping[str, str]]) -> Node:
    place = Destination(cluster.nodes[0].port, cluster.ca, server.pods_port)
    variables = {
        "NODE_NAME": "node-1",
        "OPENSEARCH_USER": "fluent-bit",
        "OPENSEARCH_PASSWORD": cluster.passwords["opensearchFluentBit"],
    }
    return impatient(Node(tmp_path / "node", place, variables=variables).write(rendered("kind")))


def documents(cluster: Cluster, stream: str = "logs-kubernetes") -> list[dict[str, Any]]:
    """Returns every document of a data stream."""
    api = {"key": "opensearchAdmin"}
    cluster.ask("POST", f"/{stream}/_refresh", **api)
    answer = cluster.ask("POST", f"/{stream}/_search?scroll=1m", {"size": 5000}, **api).json()
    found: list[dict[str, Any]] = []
    while answer.get("hits", {}).get("hits"):
        found += [hit["_source"] for hit in answer["hits"]["hits"]]
        answer = cluster.ask(
            "POST", "/_search/scroll", {"scroll": "1m", "scroll_id": answer["_scroll_id"]}, **api
        ).json()
    return found


def count(cluster: Cluster, stream: str = "logs-kubernetes") -> int:
    """Returns how many documents a data stream has; 0 while OpenSearch does not say."""
    cluster.ask("POST", f"/{stream}/_refresh", key="opensearchAdmin")
    answer = cluster.ask("GET", f"/{stream}/_count", key="opensearchAdmin")
    return int(answer.json()["count"]) if answer.status_code == 200 else 0


def texts(cluster: Cluster) -> list[str]:
    """Returns the lines of HOSTILE in their order: those of one time are pieces of one line."""
    found: dict[str, str] = {}
    for document in documents(cluster):
        if document["log"] != "clock":
            found[document["@timestamp"]] = found.get(document["@timestamp"], "") + document["log"]
    return [found[stamp] for stamp in sorted(found)] or [""]


def wait(until: Callable[[], bool], seconds: float) -> bool:
    """Asks once a second, for OpenSearch has nothing to wait on."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not (done := until()) and time.monotonic() < end:
        pause.wait(1)
    return done


def test_both_sides_name_the_same_data_streams() -> None:
    assert set(STREAMS.values()) == set(indices.STREAMS)


def test_none_is_lost_while_opensearch_is_set_up_stopped_and_fluent_bit_killed(
    cluster: Cluster,
    shipper: Node,
    program: Path,
    sources: Sources,
    record_property: Callable[[str, object], None],
) -> None:
    log = shipper.container()
    quarters = [range(part * LINES // 4, (part + 1) * LINES // 4) for part in range(4)]

    def write(quarter: range) -> None:
        write_in_pieces(log, numbered(quarter))

    first = FluentBit(program, shipper)
    write(quarters[0])
    # Before the set-up OpenSearch knows no user.
    assert wait(lambda: "status=401" in (shipper.root / "fluent-bit.log").read_text(), 30)
    done = cluster.set_up(sources)
    assert done.returncode == 0, done.stdout + done.stderr
    assert wait(lambda: count(cluster) > 0, 60)
    cluster.stop()
    rotate(log)
    write(quarters[1])
    # What no file has any more after the rotation is in the buffer, and outlives the kill there.
    assert wait(lambda: max(buffered(shipper), default=0) == quarters[1][-1], 60)
    first.end(signal.SIGKILL)
    write(quarters[2])
    with FluentBit(program, shipper) as second:
        cluster.start()
        cluster.wait()
        rotate(log)
        write(quarters[3])
        wait(lambda: count(cluster) >= LINES, 240)
        peak = second.peak_memory()
    found = Counter(int(document["log"].split()[1]) for document in documents(cluster))
    figures = {
        **counts(found, LINES),
        "peak memory, MB": peak // 1_000_000,
    }
    for name, value in figures.items():
        record_property(name, value)
    assert (figures["lost"], figures["twice"]) == (0, 0), figures


HOSTILE = [
    "\udcff\udcfe broken",
    "nul \0 inside",
    "x" * 1_000_000,
    "\x01" * 100_000,
    json.dumps({f"key{number}": number for number in range(100_000)}),
    '{"a":' * 200 + "1" + "}" * 200,
    '{"": 1, " ": 2, ".": 3, "..": {"": 4}, "a.b": 5, "a": {"b": 6}, "a=b": 7}',
    '{"a": "text"}',
    '{"a": {"b": {"c": 1}}}',
    '{"a": [1, {"b": 2}, null, true]}',
    '{"@timestamp": "no date", "level": 7, "xid": "text", "kubernetes": 1, "ray": [], "stream": {"a": 1}, "log": {}}',
    json.dumps({"k" * 10_000: "v", "v": "w" * 100_000, "é" * 150: "ü" * 40_000}),
    '{"n": 1e308, "m": -1e308, "i": 123456789012345678901234567890}',
    '{"d": null, "e": {}, "f": []}',
    "[1, 2]",
    '"text"',
    "{}",
    "",
    "after",
]


def test_no_line_is_one_that_opensearch_refuses(
    cluster: Cluster, shipper: Node, program: Path, sources: Sources, server: Server
) -> None:
    assert cluster.set_up(sources).returncode == 0
    server.sink.labels["demo"] = {"app": "x", "app.kubernetes.io/name": "y", "a/" + "b" * 63: "", "model": "m"}
    stamps = ["1970-01-01T00:00:00.000000001Z", "2099-12-31T23:59:59.999999999Z"]
    container = b"".join(
        cri(line, stamp=f"2026-11-24T11:44:21.{number:09d}Z") for number, line in enumerate(HOSTILE)
    ) + b"".join(cri("clock", stamp=stamp) for stamp in stamps)
    shipper.container().write_bytes(container)
    host = [
        {"message": "NVRM: Xid (PCI:0000:65:00): 79, x", "priority": "4", "transport": "kernel"},
        {"message": "NVRM: Xid (PCI:0000:65:00): 99999999999999, x", "priority": "9", "transport": "kernel"},
        {"message": {"a": 1}, "priority": {"a": 1}, "hostname": ["a"], "comm": "c" * 20_000, "cmdline": "secret"},
        {"no": "message"},
    ]
    shipper.host.write_text("".join(json.dumps(line) + "\n" for line in host))
    with FluentBit(program, shipper):
        wait(lambda: count(cluster) >= len(HOSTILE) + 2 and count(cluster, "logs-host") >= len(host), 60)
        wait(lambda: len(texts(cluster)[-1]) == len("after"), 60)
        # A refused document would be sent again for ever.
        sent = (shipper.root / "fluent-bit.log").read_text()
    # Fluent Bit may tear a line of several pieces in two, if its timer goes off while it reads them.
    lengths = [len(line.encode("utf-8", "replace")) for line in HOSTILE]
    assert [len(text) for text in texts(cluster)[1:]] == lengths[1:], sent[-3000:]
    assert count(cluster, "logs-host") == len(host), sent[-3000:]
    assert "mapper_parsing" not in sent
    found = {document["log"]: document for document in documents(cluster)}
    assert found["after"]["kubernetes"]["labels"]["app_kubernetes_io/name"] == "y"
    assert [document.get("xid") for document in documents(cluster, "logs-host") if "79" in document["log"]] == [79]


def test_a_line_of_a_ray_file_is_found_by_what_it_is(
    cluster: Cluster, shipper: Node, program: Path, sources: Sources, server: Server, tmp_path: Path
) -> None:
    assert cluster.set_up(sources).returncode == 0
    pod = RayPod(tmp_path / "pod").write(ray_files())
    server.sink.labels["demo-head"] = LABELS
    log = shipper.container("demo-head", "team-a", "fluentbit")
    log.touch()
    pod.file(f"worker-{WORKER}-02000000-7.err").write_text(
        ":job_id:02000000\n:actor_name:Trainer\nWARNING: loss is NaN\n"
    )
    with Sidecar(program, pod, log), FluentBit(program, shipper):
        assert wait(lambda: count(cluster) >= 1, 40)
    query = (
        f"ray.cluster:demo AND ray.job_id:02000000 AND ray.worker_id:{WORKER} AND ray.file:*err "
        "AND log:loss "
        'AND ray.offset:[1 TO 99] AND level:warning AND component:worker AND kubernetes.namespace_name:"team-a" '
        'AND node:"node-1" AND process:"Trainer pid=7" AND stream:stderr AND kubernetes.labels.ray_io\\/cluster:demo'
    )
    body = {"query": {"query_string": {"query": query}}}
    answer = cluster.ask("POST", "/logs-*/_search", body, key="opensearchGrafana").json()
    assert [hit["_source"]["log"] for hit in answer["hits"]["hits"]] == ["WARNING: loss is NaN"], answer

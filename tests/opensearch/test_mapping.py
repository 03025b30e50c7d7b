"""What the index takes, whatever programs write, and that it is found again; asked of a real OpenSearch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.opensearch.server import Cluster

pytestmark = pytest.mark.slow

ADMIN, WRITER, READER = "opensearchAdmin", "opensearchFluentBit", "opensearchGrafana"
LINE: dict[str, Any] = {"@timestamp": "2026-01-01T00:00:00.123456789Z", "log": "a line"}


def store(cluster: Cluster, *records: dict[str, Any], stream: str = "logs-kubernetes") -> list[int]:
    lines = [line for record in records for line in ({"create": {"_index": stream}}, {**LINE, **record})]
    return [item["create"]["status"] for item in cluster.bulk(WRITER, *lines)["items"]]


def count(cluster: Cluster, query: str) -> int:
    assert cluster.ask("POST", "/logs-*/_refresh", key=ADMIN).status_code == 200
    body = {"query": {"query_string": {"query": query}}, "track_total_hits": True, "size": 0}
    found: int = cluster.ask("POST", "/logs-*/_search", body, key=READER).json()["hits"]["total"]["value"]
    return found


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"end": 1}
    for _ in range(depth):
        found = {"a": found}
    return found


@pytest.mark.parametrize(
    "record",
    [
        {"parsed": {"field": "text"}},
        {"parsed": {"field": {"nested": 1}}},
        {"parsed": {"field": [1, "two", None]}},
        {"parsed": {"": "an empty key", "a..b": "dots", "é": "é"}},
        {"parsed": {f"key{index}": index for index in range(100_000)}},
        {"parsed": nested(50)},
        {"unknown": "text"},
        {"unknown": {"an": "object"}},
        {"unknown": {f"key{index}": index for index in range(100_000)}},
        {"level": {"an": "object"}},
        {"level": "x" * 40_000},
        {"log": {"an": "object"}},
        {"log": "x" * 1_000_000},
        {"xid": "no number"},
        {"xid": {"an": "object"}},
        {"@timestamp": 1_767_225_600_000},
    ],
    ids=lambda record: f"{next(iter(record))} {str(next(iter(record.values())))[:20]}",
)
def test_the_index_takes(single: Cluster, record: dict[str, Any]) -> None:
    assert store(single, record) == [201]


@pytest.mark.parametrize(
    "record",
    [{"@timestamp": "no time"}, {"parsed": {"field": "x" * 40_000}}, {"kubernetes": "text"}, {"a..b": 1}],
    ids=["no time", "a term over 32,766 bytes", "text for an object", "an empty name"],
)
def test_fluent_bit_must_never_send(single: Cluster, record: dict[str, Any]) -> None:
    """What no mapping can help: its Lua filter keeps it away. Other records of the batch are stored.

    It keeps away objects of more than a few levels, too: OpenSearch has no bound of its own for a flat_object.
    """
    assert store(single, {}, record, {}) == [201, 400, 201]


def test_no_field_is_added_to_the_mapping(single: Cluster) -> None:
    def mapping() -> Any:
        return single.ask("GET", "/logs-kubernetes/_mapping", key=ADMIN).json()

    before = mapping()
    assert store(single, {"new": "x", "parsed": {"new": "x"}, "kubernetes": {"new": "x", "labels": {"new": "x"}}}) == [
        201
    ]
    assert mapping() == before


@pytest.mark.parametrize(
    "query",
    [
        "level:error",
        "log:(needle AND haystack)",
        'log:"needle in the haystack"',
        "needle",
        "parsed.status:503",
        "parsed.request.id:r1",
        r"kubernetes.labels.app_kubernetes_io\/name:vllm",
        "kubernetes.namespace_name:ml AND kubernetes.pod_name:vllm-*",
        "model:llama AND NOT level:info",
        "xid:[70 TO 80]",
        "_exists_:xid",
        "ray.cluster:raysearch",
    ],
)
def test_a_line_is_found_by(single: Cluster, query: str) -> None:
    record = {
        "log": "a needle in the haystack",
        "level": "error",
        "model": "llama",
        "xid": 79,
        "parsed": {"status": 503, "request": {"id": "r1"}},
        "kubernetes": {
            "namespace_name": "ml",
            "pod_name": "vllm-0",
            "labels": {"app_kubernetes_io/name": "vllm"},
        },
        "ray": {"cluster": "raysearch"},
    }
    before = count(single, query)
    assert store(single, record, {"log": "another line", "level": "info", "parsed": {"status": 200}}) == [201, 201]
    assert count(single, query) == before + 1


def test_lines_are_counted_by_level_and_by_a_label(single: Cluster) -> None:
    assert set(store(single, *({"level": "warning", "parsed": {"team": "red"}} for _ in range(3)))) == {201}
    single.ask("POST", "/logs-*/_refresh", key=ADMIN)
    terms = {name: {"terms": {"field": name}} for name in ("level", "parsed.team")}
    body = {"size": 0, "query": {"query_string": {"query": "parsed.team:red"}}, "aggs": terms}
    found = single.ask("POST", "/logs-*/_search", body, key=READER).json()["aggregations"]
    assert found["level"]["buckets"] == [{"key": "warning", "doc_count": 3}]
    assert [bucket["doc_count"] for bucket in found["parsed.team"]["buckets"]] == [3]

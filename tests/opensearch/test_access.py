"""Each user may do what it is there for and nothing else, asked of a real OpenSearch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.opensearch.server import Cluster

pytestmark = pytest.mark.slow

ADMIN, WRITER, READER, WATCHER = "opensearchAdmin", "opensearchFluentBit", "opensearchGrafana", "opensearchExporter"
TIME = "2026-01-01T00:00:00.000Z"
LINE = {"@timestamp": TIME, "log": "a line"}


@pytest.fixture(scope="module")
def stored(single: Cluster) -> tuple[str, str]:
    """Returns the index and the id of a line that Fluent Bit's user has stored."""
    answer = single.bulk(WRITER, {"create": {"_index": "logs-kubernetes"}}, LINE)
    assert not answer["errors"], answer
    created = answer["items"][0]["create"]
    assert single.ask("POST", "/logs-kubernetes/_refresh", key=ADMIN).status_code == 200
    return created["_index"], created["_id"]


def status(cluster: Cluster, key: str, method: str, path: str, body: Any = None) -> int:
    return cluster.ask(method, path, body, key=key).status_code


def test_nobody_gets_in_without_a_login_or_with_a_wrong_password(single: Cluster) -> None:
    assert single.ask("GET", "/").status_code == 401
    assert single.ask("GET", "/logs-*/_search").status_code == 401
    for login in (("admin", "admin"), ("fluent-bit", "wrong"), ("kibanaserver", "kibanaserver"), ("nobody", "x")):
        answer = requests.get(f"{single.url}/", auth=login, verify=str(single.ca), timeout=30)
        assert answer.status_code == 401, login


def test_no_connection_is_in_clear_and_none_is_trusted_without_the_authority(single: Cluster) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{single.url}/", timeout=30)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"http://localhost:{single.nodes[0].port}/", timeout=30)


@pytest.mark.parametrize("stream", ["logs-kubernetes", "logs-host"])
def test_fluent_bit_adds_to_the_streams(single: Cluster, stream: str) -> None:
    answer = single.bulk(WRITER, {"create": {"_index": stream, "_id": f"once-{stream}"}}, LINE)
    assert answer["items"][0]["create"]["status"] == 201
    again = single.bulk(WRITER, {"create": {"_index": stream, "_id": f"once-{stream}"}}, LINE)
    assert again["items"][0]["create"]["status"] == 409


@pytest.mark.parametrize("index", ["logs-other", "other", ".opendistro_security", ".kibana"])
def test_fluent_bit_adds_to_nothing_else(single: Cluster, index: str) -> None:
    answer = single.bulk(WRITER, {"create": {"_index": index}}, LINE)
    assert answer["items"][0]["create"]["status"] == 403


def test_fluent_bit_changes_and_deletes_nothing(single: Cluster, stored: tuple[str, str]) -> None:
    index, identity = stored
    place = {"_index": index, "_id": identity}
    assert single.bulk(WRITER, {"delete": place})["items"][0]["delete"]["status"] == 403
    assert single.bulk(WRITER, {"update": place}, {"doc": {"log": "x"}})["items"][0]["update"]["status"] == 403
    assert single.bulk(WRITER, {"index": {**place, "_index": "logs-kubernetes"}}, LINE)["errors"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/logs-kubernetes/_search"),
        ("GET", "/logs-kubernetes/_mapping"),
        ("GET", "/_cat/indices"),
        ("GET", "/_cluster/health"),
        ("POST", "/logs-kubernetes/_rollover"),
        ("PUT", "/_data_stream/logs-mine"),
        ("PUT", "/logs-mine"),
        ("DELETE", "/_data_stream/logs-kubernetes"),
        ("GET", "/_plugins/_security/api/internalusers"),
        ("GET", "/_plugins/_ism/policies"),
    ],
)
def test_fluent_bit_may_not(single: Cluster, method: str, path: str) -> None:
    assert status(single, WRITER, method, path) == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/", None),
        ("GET", "/logs-*/_mapping", None),
        ("GET", "/logs-*/_mapping/field/@timestamp", None),
        ("GET", "/logs-*/_field_caps?fields=*", None),
        ("POST", "/logs-*/_search", {"query": {"match_all": {}}}),
    ],
)
def test_grafana_may(single: Cluster, method: str, path: str, body: Any) -> None:
    assert status(single, READER, method, path, body) == 200


def test_grafana_searches_many_at_once(single: Cluster, stored: tuple[str, str]) -> None:
    query = '{"index":"logs-*"}\n{"query":{"query_string":{"query":"log:line"}}}\n'
    answer = single.ask("POST", "/_msearch", key=READER, data=query, headers={"Content-Type": "application/x-ndjson"})
    assert answer.json()["responses"][0]["hits"]["total"]["value"] >= 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/_search", None),
        ("GET", "/.opendistro_security/_search", None),
        ("GET", "/.opendistro-ism-config/_search", None),
        ("POST", "/logs-kubernetes/_doc", LINE),
        ("PUT", "/logs-mine/_doc/1", LINE),
        ("POST", "/logs-kubernetes/_delete_by_query", {"query": {"match_all": {}}}),
        ("DELETE", "/_data_stream/logs-kubernetes", None),
        ("PUT", "/logs-kubernetes/_settings", {"index.blocks.write": True}),
        ("GET", "/_cluster/settings", None),
        ("GET", "/_plugins/_security/api/internalusers", None),
    ],
)
def test_grafana_may_not(single: Cluster, method: str, path: str, body: Any) -> None:
    assert status(single, READER, method, path, body) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/_cluster/health",
        "/_cluster/settings?include_defaults=true",
        "/_nodes/stats",
        "/_all/_settings",
        "/_data_stream/*/_stats",
    ],
)
def test_the_exporter_may(single: Cluster, path: str) -> None:
    assert status(single, WATCHER, "GET", path) == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/logs-kubernetes/_search", None),
        ("POST", "/logs-kubernetes/_doc", LINE),
        ("PUT", "/_cluster/settings", {"persistent": {"cluster.default_number_of_replicas": 1}}),
        ("DELETE", "/_data_stream/logs-kubernetes", None),
        ("GET", "/_plugins/_security/api/internalusers", None),
    ],
)
def test_the_exporter_may_not(single: Cluster, method: str, path: str, body: Any) -> None:
    assert status(single, WATCHER, method, path, body) == 403


def test_people_look_after_all_of_it_but_a_wildcard_deletes_nothing(single: Cluster) -> None:
    assert status(single, ADMIN, "GET", "/_cat/indices") == 200
    assert status(single, ADMIN, "GET", "/_plugins/_security/api/internalusers") == 200
    assert status(single, ADMIN, "DELETE", "/logs-*") == 400

"""Log panels return the right lines: every log query of every dashboard, asked of a real OpenSearch as Grafana asks."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.logs import log_queries, variable_log_query
from tests.dashboards.conftest import SHIPPED
from tests.opensearch.grafana import INTERVAL_MS, All, log_menus, log_targets, menu_search, search
from tests.opensearch.lines import CLUSTERS, END, MODELS, NODES, START, lines
from tests.opensearch.meaning import fits, value

if TYPE_CHECKING:
    from generator.dashboards.logs import LogQuery
    from generator.dashboards.spec import Dashboard
    from generator.logs.lucene import LuceneQuery
    from tests.opensearch.grafana import Choice
    from tests.opensearch.lines import Line
    from tests.opensearch.server import Cluster

pytestmark = pytest.mark.slow

WRITER, READER, ADMIN = "opensearchFluentBit", "opensearchGrafana", "opensearchAdmin"
LINES = lines()
EVERYTHING = All(".*")

VALUES: dict[str, tuple[str, ...]] = {
    "namespace": ("ml", "team-b"),
    "job": ("train",),
    "instance": NODES,
    "server": ("llm-svc",),
    "model_name": tuple(model for model in MODELS if model),
    "cluster": tuple(cluster for cluster in CLUSTERS[:2] if cluster),
    "app": ("vllm", "kuberay-operator"),
    "pod": ("vllm-0", "train-raycluster-bcdfg-1", "jupyterhub-0"),
    "level": ("error", "critical"),
}
"""What is chosen of each menu, the first for one value."""

SEARCHES = ("CUDA out of memory", "/v1/models HTTP/1.1 200:", "no such words")


@dataclass(frozen=True)
class Asked:
    """One query that OpenSearch gets, with what it means."""

    dashboard: str
    panel: str
    type: str
    model: dict[str, Any]
    query: LogQuery
    written: LuceneQuery


def choices(spec: Dashboard) -> list[Choice]:
    """Returns "All" wherever there is one, one value everywhere, several where they may be; with and without words."""
    everything: Choice = {}
    one: Choice = {}
    several: Choice = {}
    for variable in spec.variables:
        known = VALUES.get(variable.name, ("x",))
        everything[variable.name] = EVERYTHING if variable.include_all else known[0]
        one[variable.name] = known[:1] if variable.multi else known[0]
        several[variable.name] = known if variable.multi else known[0]
    found = []
    for choice, search_for in zip((everything, several, one), SEARCHES, strict=True):
        boxes = [variable.name for variable in spec.variables if variable.search]
        found += [{**choice, **dict.fromkeys(boxes, "")}, {**choice, **dict.fromkeys(boxes, search_for)}]
    return found


def asked(spec: Dashboard) -> list[Asked]:
    board = json.loads(compile_dashboard(spec.name, spec))
    queries = [(panel, query, one) for panel, query in log_queries(spec) for one in _sent(query)]
    targets = log_targets(board)
    assert len(queries) == len(targets)
    return [
        Asked(spec.name, panel.title, panel.type, dict(target.model), query, written)
        for (panel, query, written), target in zip(queries, targets, strict=True)
    ]


def _sent(query: LogQuery) -> tuple[LuceneQuery, ...]:
    return (query.part, query.lines) if query.part else (query.lines,)


WITH_LOGS = sorted(name for name, spec in SHIPPED.items() if any(True for _ in log_queries(spec)))


@pytest.fixture(scope="module")
def stored(single: Cluster) -> Cluster:
    """Returns an OpenSearch that has the lines, written by Fluent Bit's user through the real templates."""
    actions: list[Any] = []
    for name, line in LINES.items():
        stream = "logs-kubernetes" if "kubernetes" in line else "logs-host"
        actions += [{"create": {"_index": stream, "_id": name}}, line]
    answer = single.bulk(WRITER, *actions)
    assert not answer["errors"], [item for item in answer["items"] if "error" in item["create"]][:3]
    assert single.ask("POST", "/logs-*/_refresh", key=ADMIN).status_code == 200
    return single


def ask(cluster: Cluster, searches: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    body = "".join(f"{json.dumps(line)}\n" for one in searches for line in one)
    answer = cluster.ask(
        "POST",
        "/_msearch?max_concurrent_shard_requests=5",
        key=READER,
        data=body,
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    responses: list[dict[str, Any]] = answer.json()["responses"]
    for one, response in zip(searches, responses, strict=True):
        assert "error" not in response, (one[1], response)
    return responses


def meant(written: LuceneQuery, choice: Choice) -> dict[str, Line]:
    return {name: line for name, line in LINES.items() if fits(written.plain, line, choice)}


@pytest.mark.parametrize("name", WITH_LOGS)
def test_every_panel_gets_exactly_the_lines_that_it_asks_for(stored: Cluster, name: str) -> None:
    spec = SHIPPED[name]
    every = asked(spec)
    answered: set[str] = set()
    for choice in choices(spec):
        responses = ask(stored, [search(one.model, choice, START, END) for one in every])
        for one, response in zip(every, responses, strict=True):
            expected = meant(one.written, choice)
            where = f"{one.panel}: {one.written.text} with {choice}"
            if one.type == "logs":
                _check_lines(response, expected, where)
            else:
                _check_counts(one, response, expected, where)
            if expected:
                answered.add(f"{one.panel} {one.model['refId']}")
    silent = {f"{one.panel} {one.model['refId']}" for one in every} - answered
    assert not silent, "the lines of this test must reach every panel"


def _check_lines(response: dict[str, Any], expected: dict[str, Line], where: str) -> None:
    newest_first = sorted(expected, key=lambda name: -expected[name]["@timestamp"])
    assert [hit["_id"] for hit in response["hits"]["hits"]] == newest_first, where


def _check_counts(one: Asked, response: dict[str, Any], expected: dict[str, Line], where: str) -> None:
    by = one.query.logs.by if one.type != "stat" else ()
    keys = (tuple(_label(line, name, one) for name in by) for line in expected.values())
    counted = Counter(key for key in keys if None not in key)
    found = Counter(_leaves(response["aggregations"], one))
    assert all(len(set(values)) <= one.query.logs.top for values in zip(*counted, strict=True)), "none is cut off"
    assert +found == +counted, where


def _label(line: Line, field: str, one: Asked) -> Any:
    found = value(line, field)
    return (one.query.logs.missing or None) if found is None else found


def _leaves(aggregations: dict[str, Any], one: Asked) -> dict[tuple[Any, ...], int]:
    """Returns the counts by the values of the fields; those over time are added up, each checked on the way."""
    aggs = one.model["bucketAggs"]

    def walk(level: dict[str, Any], depth: int, key: tuple[Any, ...]) -> dict[tuple[Any, ...], int]:
        buckets = level[aggs[depth]["id"]]["buckets"]
        if aggs[depth]["type"] == "date_histogram":
            for bucket in buckets:
                if one.type == "timeseries" and not one.query.part:
                    assert bucket["2"]["value"] == bucket["doc_count"] * 60_000 / INTERVAL_MS
            assert len(buckets) >= (END - START) // INTERVAL_MS
            return {key: sum(bucket["doc_count"] for bucket in buckets)}
        if depth == len(aggs) - 1:
            return {(*key, bucket["key"]): bucket["doc_count"] for bucket in buckets}
        found: dict[tuple[Any, ...], int] = {}
        for bucket in buckets:
            found |= walk(bucket, depth + 1, (*key, bucket["key"]))
        return found

    return walk(aggregations, 0, ())


@pytest.mark.parametrize("name", [name for name in WITH_LOGS if any(one.field for one in SHIPPED[name].variables)])
def test_every_menu_of_a_field_offers_the_values_of_the_lines_chosen_so_far(stored: Cluster, name: str) -> None:
    spec = SHIPPED[name]
    menus = log_menus(json.loads(compile_dashboard(spec.name, spec)))
    for choice in choices(spec):
        responses = ask(stored, [menu_search(menu, choice, START, END) for menu in menus])
        for menu, response in zip(menus, responses, strict=True):
            index = next(at for at, variable in enumerate(spec.variables) if variable.name == menu.name)
            written = variable_log_query(spec, index)
            assert written is not None
            expected = {value(line, spec.variables[index].field) for line in meant(written, choice).values()} - {None}
            assert {bucket["key"] for bucket in response["aggregations"]["1"]["buckets"]} == expected


def test_the_training_dashboard_shows_a_jobs_clusters_and_its_driver_but_not_the_job_with_a_longer_name(
    stored: Cluster,
) -> None:
    choice: Choice = {"namespace": "ml", "job": "train", "instance": EVERYTHING, "search": ""}
    (one,) = [one for one in asked(SHIPPED["gpu-training"]) if one.panel == "Lines"]
    (response,) = ask(stored, [search(one.model, choice, START, END)])
    found = [hit["_source"] for hit in response["hits"]["hits"]]
    clusters = {value(line, "ray.cluster") for line in found}
    assert clusters == {"train-raycluster-bcdfg", "train-x7b2k", None}
    assert {value(line, "kubernetes.pod_name") for line in found if not value(line, "ray.cluster")} == {"train-abcde"}
    assert {value(line, "kubernetes.namespace_name") for line in found} == {"ml"}


def test_a_model_with_every_special_sign_is_told_from_others_and_lines_without_a_model_stay(stored: Cluster) -> None:
    choice: Choice = {
        "namespace": "ml",
        "server": EVERYTHING,
        "model_name": ("meta-llama/Llama-3.1-8B:fp8",),
        "search": "",
    }
    (one,) = [one for one in asked(SHIPPED["inference"]) if one.panel == "Lines"]
    (response,) = ask(stored, [search(one.model, choice, START, END)])
    models = {value(hit["_source"], "model") for hit in response["hits"]["hits"]}
    assert models == {"meta-llama/Llama-3.1-8B:fp8", None}


def test_a_menu_that_has_no_entry_yet_is_no_error(stored: Cluster) -> None:
    for name in WITH_LOGS:
        spec = SHIPPED[name]
        empty: Choice = {one.name: () if one.multi else "" for one in spec.variables}
        ask(stored, [search(one.model, empty, START, END) for one in asked(spec)])

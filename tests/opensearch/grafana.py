"""Asks OpenSearch what Grafana asks for a dashboard's JSON: variables filled in, each target as the plugin sends it.

Follows Grafana's formats of variables (@grafana/scenes, formatRegistry) and grafana-opensearch-datasource 2.34.2
(pkg/opensearch/lucene_handler.go, pkg/opensearch/client), as far as this chart's dashboards use them; anything else is
an error, not a guess.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.dashboards.opensearch import PLUGIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INTERVAL, INTERVAL_MS = "30s", 30_000
"""The width of a bar in a panel over an hour."""

TIME = "@timestamp"

_REFERENCE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")


class All(str):
    """What "All" stands for; it is inserted as it is, whatever the format."""

    __slots__ = ()


Choice = dict[str, "str | tuple[str, ...]"]
"""What is chosen or typed: one entry, several of a menu that takes several, or All."""


@dataclass(frozen=True)
class Target:
    """One query of one panel."""

    panel: str
    type: str
    model: Mapping[str, Any]


@dataclass(frozen=True)
class Menu:
    """A menu that a field's values fill; ``query`` is the JSON that the plugin reads."""

    name: str
    query: str


def log_targets(board: Mapping[str, Any]) -> list[Target]:
    """Returns every target that asks OpenSearch, those of shut rows included."""
    return [
        Target(panel["title"], panel["type"], target)
        for panel in _panels(board["panels"])
        for target in panel.get("targets", ())
        if target["datasource"]["type"] == PLUGIN
    ]


def log_menus(board: Mapping[str, Any]) -> list[Menu]:
    return [
        Menu(item["name"], item["query"])
        for item in board["templating"]["list"]
        if item.get("datasource", {}).get("type") == PLUGIN
    ]


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels", []))


def search(model: Mapping[str, Any], choice: Choice, start: int, end: int) -> list[dict[str, Any]]:
    """Returns the two lines of _msearch for one target; times are Unix milliseconds."""
    query = filled(model["query"], choice, "lucene")
    # The plugin has Grafana fill in the rest of the query a second time, without a format.
    model = json.loads(filled(json.dumps({**model, "query": query}), choice, ""))
    body: dict[str, Any] = {"size": 0, "query": _query(model["query"], start, end)}
    first = model["metrics"][0]
    if first["type"] == "logs":
        body |= {
            "size": int(first["settings"]["size"]),
            "sort": [{TIME: {"order": "desc", "unmapped_type": "boolean"}}],
            "docvalue_fields": [TIME],
            "fields": [{"field": TIME, "format": "strict_date_optional_time_nanos"}],
            "aggs": {"1": _over_time({"field": TIME, "settings": {"interval": INTERVAL}}, start, end)},
        }
    else:
        body["aggs"] = _aggregations(model["bucketAggs"], model["metrics"], start, end)
    return [{"search_type": "query_then_fetch", "ignore_unavailable": True, "index": "logs-*"}, body]


def menu_search(menu: Menu, choice: Choice, start: int, end: int) -> list[dict[str, Any]]:
    """Returns the two lines of _msearch that fill a menu (src/QueryBuilder.ts, getTermsQuery)."""
    asked = json.loads(menu.query)
    if asked.pop("find") != "terms":
        raise ValueError(f"found {menu.query}, expected the values of a field")
    query = _query(filled(asked["query"], choice, "lucene"), start, end)
    terms = {"field": asked["field"], "size": asked["size"], "order": {"_key": "asc"}}
    return [
        {"search_type": "query_then_fetch", "ignore_unavailable": True, "index": "logs-*"},
        {"size": 0, "query": query, "aggs": {"1": {"terms": terms}}},
    ]


def filled(text: str, choice: Choice, default: str) -> str:
    """Puts values in the place of variables."""
    built_in = {"__interval": INTERVAL, "__interval_ms": str(INTERVAL_MS)}

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        if name in built_in:
            return built_in[name]
        return formatted(choice[name], match[2] or default) if name in choice else match[0]

    return _REFERENCE.sub(value, text)


def formatted(value: str | tuple[str, ...], form: str) -> str:
    """Returns a variable's value in one of Grafana's formats.

    Raises:
        ValueError: a format that is not known here.
    """
    if isinstance(value, All):
        return value
    values = (value,) if isinstance(value, str) else value
    if form == "regex":
        escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", lambda found: "\\" + found[0], one) for one in values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    if form == "lucene":
        if isinstance(value, str):
            return lucene(value)
        quoted = " OR ".join(f'"{lucene(one)}"' for one in values)
        return f"({quoted})" if values else "__empty__"
    if form == "":
        return value if isinstance(value, str) else "{" + ",".join(values) + "}"
    raise ValueError(f"found the format ':{form}' of a variable, which is not known here")


def lucene(text: str) -> str:
    """Escapes as Grafana's luceneEscape does; a number is left as it is."""
    try:
        float(text or "x")
    except ValueError:
        return re.sub(r'[!*+\-=<>\s&|()\[\]{}^~?:\\/"]', lambda found: "\\" + found[0], text)
    return text


def _query(text: str, start: int, end: int) -> dict[str, Any]:
    time = {"range": {TIME: {"gte": start, "lte": end, "format": "epoch_millis"}}}
    return {"bool": {"filter": [time, {"query_string": {"query": text, "analyze_wildcard": True}}]}}


def _over_time(agg: Mapping[str, Any], start: int, end: int) -> dict[str, Any]:
    return {
        "date_histogram": {
            "field": agg["field"],
            "interval": agg["settings"]["interval"],
            "min_doc_count": int(agg["settings"].get("min_doc_count", 0)),
            "extended_bounds": {"min": start, "max": end},
            "format": "epoch_millis",
        }
    }


def _aggregations(aggs: list[Any], metrics: list[Any], start: int, end: int) -> dict[str, Any]:
    if not aggs:
        return _metrics(metrics)
    agg, rest = aggs[0], aggs[1:]
    settings = agg["settings"]
    if agg["type"] == "date_histogram":
        made = _over_time(agg, start, end)
    elif agg["type"] == "terms":
        terms = {
            "field": agg["field"],
            "size": int(settings["size"]),
            "min_doc_count": int(settings["min_doc_count"]),
            "order": {settings["orderBy"]: settings["order"]},
        }
        made = {"terms": terms | ({"missing": settings["missing"]} if "missing" in settings else {})}
        # addTermsAgg reads min_doc_count as a number and passes a text over.
        terms.pop("min_doc_count")
    else:
        raise ValueError(f"found the aggregation '{agg['type']}', which is not known here")
    inner = _aggregations(rest, metrics, start, end)
    return {agg["id"]: made | ({"aggs": inner} if inner else {})}


def _metrics(metrics: list[Any]) -> dict[str, Any]:
    made = {}
    for metric in metrics:
        if metric["type"] == "count":
            continue
        if metric["type"] != "bucket_script":
            raise ValueError(f"found the metric '{metric['type']}', which is not known here")
        counts = {one["id"] for one in metrics if one["type"] == "count"}
        paths = {one["name"]: "_count" for one in metric["pipelineVariables"] if one["pipelineAgg"] in counts}
        made[metric["id"]] = {"bucket_script": {"buckets_path": paths, **metric["settings"]}}
    return made

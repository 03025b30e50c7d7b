"""Log queries in the form that Grafana's OpenSearch data source takes.

Names and meanings of the keys are from grafana-opensearch-datasource 2.34.2 (src/types.ts, pkg/opensearch), whose
queries have no builder of Grafana's. A count over time is a ``bucket_script`` of the number of documents, so that
bars of any width are lines per minute; Grafana fills ``$__interval`` into the width and ``$__interval_ms`` into the
script. A share is computed by Grafana's server (``__expr__``) from two counts, which stay hidden.
"""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from generator.dashboards.spec import LOG_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.dashboards.logs import LogQuery
    from generator.dashboards.spec import Logs, Panel
    from generator.logs.lucene import LuceneQuery

PLUGIN = "grafana-opensearch-datasource"
"""The id of the plugin, and the type of its data sources."""

LINES = 500
"""Lines of a logs panel that does not say how many."""

POINTS = 120
"""Bars of a count over time at most."""

_EXPRESSION = {"type": "__expr__", "uid": "__expr__"}
_TIME = "@timestamp"


def log_source() -> dict[str, str]:
    """Returns the reference to the data source that the dashboard's variable for logs names."""
    return {"type": PLUGIN, "uid": f"${{{LOG_SOURCE}}}"}


def log_targets(panel: Panel, queries: Sequence[LogQuery]) -> Iterator[dict[str, Any]]:
    """Yields the targets of a panel over logs, each with a refId of its own, as JSON would have them."""
    names = _names()
    for query in queries:
        if panel.type == "logs":
            settings = {"size": str(panel.max_lines or LINES)}
            yield _query(query.lines, next(names)) | {
                "luceneQueryType": "Logs",
                "metrics": [{"id": "1", "type": "logs", "settings": settings}],
                "bucketAggs": [],
            }
        elif query.part:
            yield from _share(panel, query, names)
        elif panel.type == "timeseries":
            yield _counted(query.lines, next(names), _terms(query.logs), per_minute=True) | {"alias": alias(query)}
        elif panel.type == "table":
            terms = _terms(query.logs)
            yield _query(query.lines, next(names)) | {
                "luceneQueryType": "Metric",
                "metrics": [{"id": "1", "type": "count"}],
                "bucketAggs": terms,
            }
        else:
            yield _counted(query.lines, next(names), [], per_minute=False) | {"alias": query.legend}


def alias(query: LogQuery) -> str:
    """Returns the name of each series of a count: the legend, else the fields that tell them apart."""
    return query.legend or " ".join(f"{{{{{name}}}}}" for name in query.logs.by) or "Lines"


def _names() -> Iterator[str]:
    # The schema and a panel's size keep targets far below 26; a share takes five.
    yield from ascii_uppercase
    for first in ascii_uppercase:
        for second in ascii_uppercase:
            yield first + second


def _query(written: LuceneQuery, name: str) -> dict[str, Any]:
    return {
        "refId": name,
        "datasource": log_source(),
        "queryType": "lucene",
        "query": written.text,
        "timeField": _TIME,
    }


def _counted(written: LuceneQuery, name: str, terms: list[dict[str, Any]], *, per_minute: bool) -> dict[str, Any]:
    """Returns a count over time, in lines per bar or per minute."""
    metrics: list[dict[str, Any]] = [{"id": "1", "type": "count"}]
    if per_minute:
        metrics[0]["hide"] = True
        script = {
            "id": "2",
            "type": "bucket_script",
            "pipelineVariables": [{"name": "lines", "pipelineAgg": "1"}],
            "settings": {"script": "params.lines * 60000.0 / $__interval_ms"},
        }
        metrics.append(script)
    width = {"interval": "$__interval", "min_doc_count": "0", "trimEdges": "0"}
    over_time = {"id": "9", "type": "date_histogram", "field": _TIME, "settings": width}
    return _query(written, name) | {
        "luceneQueryType": "Metric",
        "metrics": metrics,
        "bucketAggs": [*terms, over_time],
    }


def _terms(logs: Logs) -> list[dict[str, Any]]:
    settings = {"size": str(logs.top), "min_doc_count": "1", "order": "desc", "orderBy": "_count"}
    if logs.missing:
        settings["missing"] = logs.missing
    return [
        {"id": str(3 + index), "type": "terms", "field": name, "settings": dict(settings)}
        for index, name in enumerate(logs.by)
    ]


def _share(panel: Panel, query: LogQuery, names: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yields both counts, and what Grafana makes of them: for each bar, or for all of the time range."""
    part, whole = next(names), next(names)
    for written, name in ((query.part or query.lines, part), (query.lines, whole)):
        yield _counted(written, name, [], per_minute=False) | {"hide": True}
    if panel.type == "stat":
        sums = next(names), next(names)
        for count, name in zip((part, whole), sums, strict=True):
            summed = {"type": "reduce", "expression": count, "reducer": "sum", "settings": {"mode": "dropNN"}}
            yield {"refId": name, "datasource": _EXPRESSION, "hide": True, **summed}
        part, whole = sums
    # Where there is no line, the divisor is 1 instead of 0.
    fraction = f"${part} / (${whole} + (${whole} == 0))"
    yield {"refId": next(names), "datasource": _EXPRESSION, "type": "math", "expression": fraction}

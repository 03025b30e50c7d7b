"""What log panels show: the lines that tests/opensearch holds a real OpenSearch against, found by what a query means.

OpenSearch itself is not asked: a picture needs no proof that it finds what it should, and that proof is made there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from generator.dashboards.logs import panel_log_queries
from generator.dashboards.opensearch import POINTS, alias
from tests.opensearch.grafana import All
from tests.opensearch.lines import CLUSTERS, END, MODELS, NODES, START, lines
from tests.opensearch.meaning import fits, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.dashboards.logs import LogQuery
    from generator.dashboards.spec import Dashboard
    from generator.logs.lucene import LuceneQuery
    from tests.opensearch.grafana import Choice
    from tests.opensearch.lines import Line
    from tests.signals.grafana import Window

ENTRIES = {"namespace": "ml", "job": "train", "cluster": CLUSTERS[0], "server": "llm-svc", "model_name": MODELS[0]}
"""What is chosen of a menu without "All"; the nodes are in both worlds (NODES)."""

_LEVELS = "level"


def log_answers(
    spec: Dashboard, panels: Sequence[Mapping[str, Any]], window: Window
) -> tuple[dict[int, dict[str, Any]], dict[str, str]]:
    """Returns what the panels over logs get, by their place, and what the menus that logs fill show.

    Args:
        spec: the dashboard.
        panels: its panels as JSON, in the order of the file.
        window: the time range, onto which the lines' hour is stretched.
    """
    choice = _choice(spec)
    found = {}
    for index, (path, panel) in enumerate(spec.panels()):
        if panel.asks_logs:
            queries = list(panel_log_queries(spec, path, panel))
            found[index] = _answer(panels[index], queries, choice, window)
    return found, {one.name: "All" if one.include_all else "" for one in spec.variables if one.field or one.search}


def _choice(spec: Dashboard) -> Choice:
    chosen: Choice = {}
    for one in spec.variables:
        chosen[one.name] = "" if one.search else All(".*") if one.include_all else str(ENTRIES.get(one.name, NODES[0]))
    return chosen


def _answer(panel: Mapping[str, Any], queries: Sequence[LogQuery], choice: Choice, window: Window) -> dict[str, Any]:
    step = max(30, int((window.end - window.start) / POINTS))
    found: dict[str, Any] = {"series": [], "lines": [], "step": step}
    shown = [target for target in panel["targets"] if not target.get("hide")]
    for query, target in zip(queries, shown, strict=True):
        meant = _meant(query.lines, choice, window)
        if panel["type"] == "logs":
            found["lines"] = [_line(panel, line) for line in reversed(meant)]
        elif panel["type"] == "table":
            found["series"] += _counts(target["refId"], query, meant, window)
        elif query.part:
            part = _meant(query.part, choice, window)
            found["series"].append(_share(panel, target["refId"], part, meant, step, window))
        else:
            per_minute = panel["type"] == "timeseries"
            found["series"] += _bars(target["refId"], query, meant, step, window, per_minute=per_minute)
    return found


def _meant(written: LuceneQuery, choice: Choice, window: Window) -> list[Line]:
    """Returns the lines that a query means, the oldest first, at their time in the window."""
    scale = (window.end - window.start) / (END - START)
    return [
        {**line, "@timestamp": window.start + (line["@timestamp"] - START) * scale}
        for line in lines().values()
        if fits(written.plain, line, choice)
    ]


def _line(panel: Mapping[str, Any], line: Line) -> dict[str, Any]:
    fields = [name for name in panel["options"].get("displayedFields", ()) if not name.startswith("___")]
    return {
        "time": line["@timestamp"] * 1000,
        "level": line.get(_LEVELS, ""),
        "fields": [str(value(line, name) or "") for name in fields],
        "text": line["log"],
    }


def _key(query: LogQuery, line: Line) -> tuple[str, ...] | None:
    """Returns what a line is counted under; None if it lacks a field by which lines are counted."""
    found = [value(line, name) for name in query.logs.by]
    found = [query.logs.missing or None if one is None else one for one in found]
    return None if None in found else tuple(str(one) for one in found)


def _counts(ref: str, query: LogQuery, meant: Sequence[Line], window: Window) -> Iterator[dict[str, Any]]:
    counted = Counter(key for line in meant if (key := _key(query, line)) is not None)
    for key, count in counted.most_common():
        labels = dict(zip(query.logs.by, key, strict=True))
        yield _one(ref, labels, None, [(window.end, str(count))], table=True)


def _bars(
    ref: str, query: LogQuery, meant: Sequence[Line], step: int, window: Window, *, per_minute: bool
) -> Iterator[dict[str, Any]]:
    by = query.logs.by if per_minute else ()
    grouped: dict[tuple[str, ...], list[Line]] = {}
    for line in meant:
        key = _key(query, line) if by else ()
        if key is not None:
            grouped.setdefault(key, []).append(line)
    for key, some in sorted(grouped.items()):
        name = alias(query)
        for field, text in zip(by, key, strict=True):
            name = name.replace(f"{{{{{field}}}}}", text)
        factor = 60 / step if per_minute else 1
        samples = [(at, str(count * factor)) for at, count in _over_time(some, step, window)]
        yield _one(ref, {}, name, samples)


def _share(
    panel: Mapping[str, Any], ref: str, part: Sequence[Line], whole: Sequence[Line], step: int, window: Window
) -> dict[str, Any]:
    if panel["type"] == "stat":
        return _one(ref, {}, None, [(window.end, str(len(part) / max(1, len(whole))))])
    pairs = zip(_over_time(part, step, window), _over_time(whole, step, window), strict=True)
    return _one(ref, {}, None, [(at, str(some / max(1, all_))) for (at, some), (_, all_) in pairs])


def _over_time(some: Sequence[Line], step: int, window: Window) -> list[tuple[float, int]]:
    counted = Counter(int((line["@timestamp"] - window.start) // step) for line in some)
    return [(window.start + index * step, counted[index]) for index in range(int((window.end - window.start) // step))]


def _one(
    ref: str, labels: Mapping[str, str], name: str | None, samples: Sequence[tuple[float, str]], *, table: bool = False
) -> dict[str, Any]:
    form = "log_table" if table else "time_series"
    return {
        "refId": ref, "format": form, "instant": table, "labels": labels, "legend": name, "samples": samples,
    }  # fmt: skip

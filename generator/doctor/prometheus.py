"""Asks a Prometheus, or what speaks its API (Thanos, Mimir, Amazon's), what it has and what queries give."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from generator.doctor.snapshot import Outcome, RuleState, ServerFacts, Target
from generator.doctor.web import AnswerError
from generator.promql.durations import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.doctor.web import Server

MOST_NAMES = 200_000
"""Metric names that are read; a server with more has another trouble."""

_LARGEST = 30
_POINTS = 60
"""Points of a range query: enough to see whether there was something."""


@dataclass
class Prometheus:
    """A server that speaks Prometheus' HTTP API; what it would not answer is kept in ``unseen``."""

    server: Server
    unseen: dict[str, str] = field(default_factory=dict)

    def data(self, path: str, **params: Any) -> Any:
        """Returns ``data`` of an endpoint of the API.

        Raises:
            AnswerError: there is no answer, or it is an error.
        """
        post = path in ("query", "query_range")
        reply, _ = self.server.json(f"/api/v1/{path}", params, post=post)
        if not isinstance(reply, dict) or reply.get("status") != "success":
            said = reply.get("error", "") if isinstance(reply, dict) else ""
            raise AnswerError(f"{self.server.where} answers no success{': ' if said else ''}{said}")
        return reply.get("data")

    def part(self, name: str, path: str, **params: Any) -> Any:
        """Returns ``data`` of an endpoint that not every such server has; None, and a note, where it is missing."""
        try:
            return self.data(path, **params)
        except AnswerError as error:
            self.unseen[name] = str(error)
            return None

    def vector(self, expr: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Returns labels and value of each series that an expression gives at one moment.

        Raises:
            AnswerError: it cannot be evaluated, or the server is in trouble.
        """
        found = self.data("query", query=expr, **({"time": at} if at else {}))
        kind, result = _entry(found).get("resultType"), _entry(found).get("result")
        if not isinstance(result, list):
            raise AnswerError(f"{self.server.where} answers a query with something that is no result")
        if kind in ("scalar", "string"):
            return [({}, _number(result[-1] if result else None))]
        self.server.load.add(series=len(result))
        return [
            (_labels(_entry(one).get("metric")), _number((_entry(one).get("value") or [None])[-1])) for one in result
        ]

    def outcome(self, expr: str) -> Outcome:
        """Returns what an expression gives now."""
        try:
            # Half of a ratio that is 0/0 is no answer.
            numbers = any(not math.isnan(value) for _, value in self.vector(expr))
            return Outcome("answers" if numbers else "silent")
        except AnswerError as error:
            return Outcome("error", str(error))

    def gave(self, expr: str, seconds: int) -> bool:
        """Returns whether an expression gave a number within the last seconds.

        Raises:
            AnswerError: it cannot be evaluated, or the server is in trouble.
        """
        end = time.time()
        step = max(seconds // _POINTS, 15)
        found = self.data("query_range", query=expr, start=end - seconds, end=end, step=step)
        result = _entry(found).get("result") or []
        self.server.load.add(series=len(result))
        return any(value != "NaN" for one in result for _, value in _entry(one).get("values") or ())


def read_facts(prometheus: Prometheus) -> ServerFacts:
    """Reads what a server says of itself, some of it at the same time.

    Raises:
        AnswerError: it does not even tell what metrics it has; then it is no Prometheus, or not reachable.
    """
    try:
        return _read_facts(prometheus)
    except (AttributeError, TypeError, ValueError):
        raise AnswerError(f"{prometheus.server.where} answers in a form that Prometheus does not have") from None


def _read_facts(prometheus: Prometheus) -> ServerFacts:
    first, headers = prometheus.server.json("/api/v1/query", {"query": "time()"}, post=True)
    now = _number((_entry(_entry(first).get("data")).get("result") or [None])[-1])
    if _entry(first).get("status") != "success" or math.isnan(now):
        raise AnswerError(f"{prometheus.server.where} does not answer as Prometheus does; is the address right?")
    readers: Mapping[str, Callable[[], Any]] = {
        "names": lambda: prometheus.data("label/__name__/values", limit=MOST_NAMES),
        "targets": lambda: prometheus.part("targets", "targets", state="active"),
        "pools": lambda: prometheus.part("scrape pools", "scrape_pools"),
        "rules": lambda: prometheus.part("rules", "rules"),
        "alertmanagers": lambda: prometheus.part("alertmanagers", "alertmanagers"),
        "metadata": lambda: prometheus.part("metadata", "metadata", limit_per_metric=1),
        "build": lambda: prometheus.part("version", "status/buildinfo"),
        "runtime": lambda: prometheus.part("state", "status/runtimeinfo"),
        "config": lambda: prometheus.part("configuration", "status/config"),
        "tsdb": lambda: prometheus.part("cardinality", "status/tsdb", limit=_LARGEST),
    }
    answers = dict(zip(readers, prometheus.server.each(lambda read: read(), readers.values()), strict=True))
    tsdb, runtime = _entry(answers["tsdb"]), _entry(answers["runtime"])
    jobs = _jobs(_entry(answers["config"]).get("yaml"))
    metadata = _entry(answers["metadata"])
    return ServerFacts(
        version=str(_entry(answers["build"]).get("version") or ""),
        retention=_retention(str(runtime.get("storageRetention") or "")),
        reload_failed=runtime.get("reloadConfigSuccess") is False,
        now=now,
        skew=_skew(headers),
        targets=_targets(answers["targets"]),
        pools=_strings(_entry(answers["pools"]).get("scrapePools")) if answers["pools"] else None,
        sample_limits={name: limit for job in jobs if (limit := _limit(job)) for name in [_job_name(job)]},
        drops={_job_name(job): drops for job in jobs if (drops := _drops(job))},
        rules=_rules(answers["rules"]),
        alertmanagers=_alertmanagers(answers["alertmanagers"]),
        names=frozenset(_strings(answers["names"])),
        exposed={name: str(_entry((kinds or [None])[0]).get("type") or "") for name, kinds in metadata.items()},
        series=int(_entry(tsdb.get("headStats")).get("numSeries") or 0),
        largest=tuple(
            (str(one.get("name")), int(one.get("value") or 0))
            for one in map(_entry, tsdb.get("seriesCountByMetricName") or ())
        ),
        unseen=dict(prometheus.unseen),
    )


def _targets(data: Any) -> tuple[Target, ...] | None:
    if data is None:
        return None
    return tuple(
        Target(
            str(one.get("scrapePool") or ""),
            str(one.get("scrapeUrl") or ""),
            str(one.get("health") or "unknown"),
            str(one.get("lastError") or ""),
            _labels(one.get("labels")),
            (milliseconds(str(one.get("scrapeInterval") or "")) or 0) / 1000,
            _labels(one.get("discoveredLabels")),
        )
        for one in map(_entry, _entry(data).get("activeTargets") or ())
    )


def _rules(data: Any) -> tuple[RuleState, ...] | None:
    if data is None:
        return None
    return tuple(
        RuleState(
            str(rule.get("name") or ""),
            "alert" if rule.get("type") == "alerting" else "record",
            str(group.get("name") or ""),
            str(group.get("file") or ""),
            str(rule.get("query") or ""),
            str(rule.get("lastError") or "") if rule.get("health") == "err" else "",
            late=float(group.get("evaluationTime") or 0) > float(group.get("interval") or 0) > 0,
        )
        for group in map(_entry, _entry(data).get("groups") or ())
        for rule in map(_entry, group.get("rules") or ())
    )


def _alertmanagers(data: Any) -> tuple[str, ...] | None:
    if data is None:
        return None
    return tuple(str(one.get("url")) for one in map(_entry, _entry(data).get("activeAlertmanagers") or ()))


def _jobs(text: Any) -> list[dict[str, Any]]:
    """Returns the scrape jobs of a configuration; [] if it is none."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        jobs = _entry(yaml.load(text, loader) if isinstance(text, str) else None).get("scrape_configs")  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    return [_entry(job) for job in jobs] if isinstance(jobs, list) else []


def _job_name(job: dict[str, Any]) -> str:
    return str(job.get("job_name") or "")


def _limit(job: dict[str, Any]) -> int:
    limit = job.get("sample_limit")
    return limit if isinstance(limit, int) and limit > 0 else 0


def _drops(job: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns how a job keeps or drops series by their name alone: (action, regular expression)."""
    rules = job.get("metric_relabel_configs")
    return tuple(
        (str(rule.get("action")), str(rule.get("regex") or ""))
        for rule in map(_entry, rules if isinstance(rules, list) else ())
        if rule.get("action") in ("keep", "drop") and rule.get("source_labels") == ["__name__"]
    )


def _retention(text: str) -> float:
    """Returns the seconds of a retention such as ``15d or 10GiB``; 0 if it has none."""
    lengths = [milliseconds(part.strip()) for part in text.split(" or ")]
    return next((length / 1000 for length in lengths if length), 0.0)


def _skew(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp() - time.time()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _entry(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _labels(value: Any) -> dict[str, str]:
    return {str(name): str(text) for name, text in _entry(value).items()}


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")

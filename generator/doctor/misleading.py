"""What answers and misleads: what is counted twice, clocks, limits, rules that fail, alerts that reach nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.doctor.causes import Found, found
from generator.doctor.chain import rule_fails, rules_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.doctor.snapshot import Target
    from generator.doctor.view import View

_SKEW = 30
"""Seconds that two clocks may differ before a panel shows it: one scrape."""

_NODE_CLOCK = f"abs(node_time_seconds - timestamp(node_time_seconds)) > {_SKEW}"
_STATE_METRICS = "count by (instance) (kube_node_info)"
_INTEGRATIONS = "sum(alertmanager_integrations)"
_LOGGERS = 'count by (model_name, __name__) ({__name__=~"vllm:num_requests_running|ray_vllm_num_requests_running"})'
_KEPT = "topk(20, max by (job, instance) (scrape_samples_post_metric_relabeling))"
_FIRST_SAMPLE = "min(prometheus_tsdb_lowest_timestamp_seconds)"
_LARGE = 0.02
"""Share of all series from which a family is worth a line."""

_YOUNG = 600


def misleading(view: View, source_interval: float, read: frozenset[str]) -> Iterator[Found]:
    """Yields what is wrong although, or because, something answers.

    Args:
        view: what is known.
        source_interval: the scrape interval of Grafana's data source in seconds; 0 where nobody tells.
        read: the names of metrics that some dashboard or rule reads.
    """
    yield from _server(view)
    yield from _twice(view)
    yield from _intervals(view, source_interval)
    yield from _limits(view)
    yield from _receivers(view)
    yield from _ranges(view)
    yield from _unread(view, read)


def rule_causes(view: View) -> Iterator[Found]:
    """Yields rules that fail, rules of ours that are not loaded, and groups that take too long."""
    late = set()
    for rule in view.server.rules or ():
        if rule.error:
            yield rule_fails(rule.name, rule.group, rule.error)
        if rule.late and rule.group not in late:
            late.add(rule.group)
            yield found("rule-late", group=rule.group)
    if view.server.rules is None or not view.expected.asks_rules or not (view.installed or view.expected.chosen):
        return
    loaded = {rule.name for rule in view.server.rules}
    for own in view.expected.rules:
        if own.name not in loaded:
            yield rules_missing(view, own.file, own.group)


def _server(view: View) -> Iterator[Found]:
    server = view.server
    if server.reload_failed:
        yield found("config-refused")
    if server.targets == () and not server.names:  # None is a server that does not tell its targets, as Thanos
        yield found("nothing-scraped")
    if abs(server.skew) > _SKEW:
        yield found("clock", seconds=f"{abs(server.skew):.0f}", direction="ahead of" if server.skew > 0 else "behind")
    nodes = view.ask(_NODE_CLOCK)
    if nodes and nodes.there:
        labels, seconds = max(nodes.series, key=lambda one: one[1])
        where = labels.get("node") or labels.get("instance", "")
        yield found("node-clock", "node-exporter", count=len(nodes.series), where=where, seconds=f"{seconds:.0f}")
    first = view.ask(_FIRST_SAMPLE)
    if first and first.there:
        age = server.now - first.series[0][1]
        if 0 < age < _YOUNG:
            yield found("just-started", minutes=f"{age / 60:.0f}")


def _twice(view: View) -> Iterator[Found]:
    pages: dict[str, dict[str, Target]] = {}
    for target in view.server.targets or ():
        if target.health != "down":
            pages.setdefault(target.url, {}).setdefault(target.pool, target)
    pairs: dict[tuple[str, str], list[Target]] = {}
    for pools in pages.values():
        if len(pools) > 1:
            first, second = sorted(pools)[:2]
            pairs.setdefault((first, second), []).append(pools[first])
    for (first, second), targets in sorted(pairs.items()):
        one = targets[0]
        ours = one.job in view.expected.monitors
        facts: dict[str, Any] = {"count": len(targets), "where": one.subject, "url": one.url}
        yield found("scraped-twice", one.job, ours=ours, first=first, second=second, **facts)
    yield from _state_metrics(view)
    loggers = view.ask(_LOGGERS)
    if loggers:
        models: dict[str, set[str]] = {}
        for labels, _ in loggers.series:
            models.setdefault(labels.get("model_name", ""), set()).add(labels.get("__name__", ""))
        if any(len(names) > 1 for names in models.values()) and view.targets.get("ray-serve-vllm"):
            yield found("counted-twice", "ray-serve-vllm", ours=True)


def _state_metrics(view: View) -> Iterator[Found]:
    answer = view.ask(_STATE_METRICS)
    # Series outlive a target that is no longer scraped by some minutes.
    scraped = {target.labels.get("instance", "") for target in view.server.targets or ()}
    instances = [
        (labels, value)
        for labels, value in (answer.series if answer else ())
        if view.server.targets is None or labels.get("instance", "") in scraped
    ]
    if len(instances) > 1:
        # Shards have a part of the nodes each; copies have all of them.
        total = view.ask("count(count by (node) (kube_node_info))")
        if total and total.there and max(value for _, value in instances) >= total.series[0][1]:
            where = ", ".join(sorted(labels.get("instance", "") for labels, _ in instances))
            yield found("two-kube-state-metrics", "kube-state-metrics", ours=True, count=len(instances), where=where)


def _intervals(view: View, source_interval: float) -> Iterator[Found]:
    assumed = source_interval or 15.0
    window = max(4 * assumed, assumed + 15)
    said = f"{assumed:g}s" if source_interval else f"Grafana's default, {assumed:g}s"
    for job, targets in sorted(view.targets.items()):
        longest = max(target.interval for target in targets)
        if longest and 2 * longest > window:
            yield found(
                "interval-long",
                job,
                ours=job in view.expected.monitors,
                interval=f"{longest:g}s",
                window=f"{window:g}s",
                wanted=f"{window / 4:g}s",
                source=said,
            )


def _limits(view: View) -> Iterator[Found]:
    if not view.server.sample_limits:
        return
    kept = view.ask(_KEPT)
    pools = {(target.job, target.labels.get("instance", "")): target for target in view.server.targets or ()}
    for labels, value in kept.series if kept else ():
        target = pools.get((labels.get("job", ""), labels.get("instance", "")))
        limit = view.server.sample_limits.get(target.pool, 0) if target else 0
        if target and target.health == "up" and limit and value > 0.9 * limit:
            yield found(
                "limit-near",
                target.job,
                ours=target.job in view.expected.monitors,
                where=target.subject,
                count=f"{value:.0f}",
                limit=limit,
                higher=limit * 2,
            )


def _receivers(view: View) -> Iterator[Found]:
    if view.server.alertmanagers is not None and not view.server.alertmanagers:
        if any(rule.kind == "alert" for rule in view.server.rules or ()):
            yield found("no-alertmanager", ours=True)
        return
    sent = view.ask(_INTEGRATIONS)
    if sent and sent.there and sent.series[0][1] == 0:
        yield found("no-receiver", "alertmanager", ours=True)


def _ranges(view: View) -> Iterator[Found]:
    kept = view.server.retention
    for board in view.expected.boards:
        if kept and board.seconds > kept:
            yield found(
                "retention-short", ours=True, board=board.title, range=_length(board.seconds), kept=_length(kept)
            )


def _unread(view: View, read: frozenset[str]) -> Iterator[Found]:
    for name, count in view.server.largest:
        total = view.server.series
        if total and count > _LARGE * total and name not in read:
            yield found("cardinality", ours=True, metric=name, count=f"{count:,}", share=f"{count / total:.0%}")


def names_read(expressions: Iterable[str]) -> frozenset[str]:
    """Returns every word of some expressions that may be a metric's name; too many is as good as all."""
    return frozenset(word for text in expressions for word in re.findall(r"[A-Za-z_:][\w:]*", text))


def _length(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"

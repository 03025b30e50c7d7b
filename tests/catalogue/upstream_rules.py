"""What kube-prometheus-stack brings by itself, as Helm renders it: rules, dashboards, and the jobs of its monitors."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.promql.expression import Expression
from generator.verify.grafana import grafana_dashboard
from generator.verify.names import PROMETHEUS_OWN, MetricNames
from generator.verify.prepare import prepare
from generator.verify.verifier import _Run
from tests import helm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.catalogue.spec import KnownSeries
    from generator.promql.units import Unit


class Record(NamedTuple):
    """What is inferred of one recording rule's series."""

    labels: frozenset[str]
    unit: Unit | None


@cache
def render(binary: Path, archive: Path, *off: str) -> list[dict[str, Any]]:
    """Renders the chart with its own values, those at the paths ``off`` set to false."""
    words = [word for path in off for word in ("--set", f"{path}=false")]
    return helm.documents(helm.run(binary, "template", "x", archive, "--namespace", "monitoring", *words).stdout)


def records(objects: Iterable[Mapping[str, Any]]) -> list[Expression]:
    """Returns the recording rules of PrometheusRules."""
    return [
        Expression("upstream.yaml", "", "record", rule["record"], rule["expr"], labels=rule.get("labels", {}))
        for found in objects
        if found["kind"] == "PrometheusRule"
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if "record" in rule
    ]


def asked(objects: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Returns the names of series that the rules ask for, and those that only dashboards do, as asked.yaml has them."""
    objects = list(objects)
    rules = [
        Expression("upstream.yaml", "", "alert", "", rule["expr"])
        for found in objects
        if found["kind"] == "PrometheusRule"
        for group in found["spec"]["groups"]
        for rule in group["rules"]
    ]
    boards = [
        expression
        for found in objects
        if found["kind"] == "ConfigMap"
        for file, text in (found.get("data") or {}).items()
        if file.endswith(".json")
        for expression in grafana_dashboard(json.loads(text), file)[0]
    ]
    by_rules, by_boards = (set().union(*(item.names for item in prepare(each).items)) for each in (rules, boards))
    made = {rule.name for rule in records(objects)} | PROMETHEUS_OWN
    return {"rules": sorted(by_rules - made), "dashboards": sorted(by_boards - by_rules - made)}


def jobs(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    """Returns the ``job`` of each ServiceMonitor's targets, where a label of the Service tells it."""
    objects = list(objects)
    services = [found["metadata"].get("labels") or {} for found in objects if found["kind"] == "Service"]
    found: set[str] = set()
    for monitor in (each["spec"] for each in objects if each["kind"] == "ServiceMonitor"):
        selected = monitor["selector"]["matchLabels"]
        matching = [labels for labels in services if selected.items() <= labels.items()]
        label = monitor.get("jobLabel", "")
        found |= {labels[label] for labels in (*matching, selected) if label in labels}
    return found


def inferred(rules: Iterable[Expression], series: Mapping[str, tuple[KnownSeries, ...]]) -> dict[str, Record | None]:
    """Returns what comes out of recording rules over the catalogue; None for one over what nothing emits."""
    prepared = prepare(rules)
    run = _Run(prepared, MetricNames(series, {}, frozenset(prepared.records)))
    found: dict[str, Record | None] = {}
    for name in prepared.records:
        vector = run.record(name)
        sets = vector.label_sets
        found[name] = None if sets is None else Record(frozenset().union(*sets), vector.unit)
    return found

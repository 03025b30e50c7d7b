"""What holds for every rule that ships."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.rules.groups import expressions
from generator.stack.fluent_bit import component as fluent_bit
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch_exporter import exporter
from tests.conftest import ROOT

from .conftest import ALERTS, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.promql.expression import Expression

EXPRESSIONS = list(expressions(SPECS))
AGGREGATED = {
    "avg",
    "avg1h",
    "avg_over_time",
    "count",
    "increase1m",
    "max",
    "min",
    "p10",
    "p50",
    "p90",
    "rate5m",
    "sum",
}


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yields every node of a parsed expression."""
    yield node
    for name in ("expr", "lhs", "rhs", "param"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, (str, int, float)):
            yield from walk(child)
    for child in getattr(node, "args", None) or ():
        yield from walk(child)


@pytest.mark.parametrize("rule", EXPRESSIONS, ids=lambda rule: rule.name)
def test_it_is_promql(rule: Expression) -> None:
    import promql_parser

    promql_parser.parse(rule.text)


def test_nothing_asks_for_what_is_absent() -> None:
    """``absent()`` on a metric that a cluster never had fires for ever."""
    import promql_parser

    for rule in EXPRESSIONS:
        called = {getattr(getattr(node, "func", None), "name", "") for node in walk(promql_parser.parse(rule.text))}
        assert not called & {"absent", "absent_over_time"}, rule.name


def test_no_bucket_bound_is_written_out() -> None:
    assert not [rule.name for rule in EXPRESSIONS if re.search(r'\ble\s*=~?\s*"', rule.text)]


def test_no_shorthand_and_no_mark_is_left() -> None:
    for rule in EXPRESSIONS:
        for text in (rule.text, *rule.annotations.values()):
            assert "__value_" not in text
            assert not re.search(r"\$(vllm|pod|threshold|slo):", text), text


def test_a_record_is_named_by_level_metric_and_operation() -> None:
    for rule in EXPRESSIONS:
        if rule.kind == "record":
            assert rule.name.rsplit(":", 1)[1] in AGGREGATED, rule.name


def test_every_record_that_an_expression_reads_exists() -> None:
    records = {rule.name for rule in EXPRESSIONS if rule.kind == "record"}
    read = {
        name for rule in EXPRESSIONS for name in re.findall(r"(?<![\w:\"|])[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", rule.text)
    }
    assert read
    assert read <= records


def test_an_alert_says_how_bad_it_is_what_is_affected_and_what_was_measured() -> None:
    for rule in EXPRESSIONS:
        if rule.kind == "alert":
            assert rule.labels["severity"] in ("critical", "warning", "info")
            assert 0 < len(rule.annotations["summary"]) <= 80
            assert not rule.annotations["summary"].endswith(".")
            assert "$value" in rule.annotations["description"], rule.name
            assert "$labels" in rule.annotations["description"], rule.name


def test_braces_of_every_template_are_balanced() -> None:
    for rule in EXPRESSIONS:
        for text in rule.annotations.values():
            assert "{{" not in re.sub(r"\{\{[^{}]*\}\}", "", text), text


def test_monitored_jobs_are_the_monitors() -> None:
    record = next(rule for rule in EXPRESSIONS if rule.name == "namespace_job_endpoint:up:avg")
    jobs = re.search(r'job=~"([^"]*)"', record.text)
    assert jobs is not None
    assert jobs[1].split("|") == sorted(path.stem for path in (ROOT / "monitors").glob("*.yaml"))


def test_the_log_collectors_daemonset_is_the_charts() -> None:
    rule = next(rule for rule in EXPRESSIONS if rule.name == "LogsCollectorMissing")
    assert f'daemonset="ai-ml-observability-{fluent_bit.NAME}"' in rule.text


def test_opensearchs_pods_and_its_exporter_are_the_charts() -> None:
    rules = {rule.name: rule.text for rule in EXPRESSIONS}
    assert f'statefulset="{opensearch.SERVICE}"' in rules["OpenSearchNodesMissing"]
    assert rules["OpenSearchExporterMissing"].count(f'deployment="{exporter.NAME}"') == 2


def test_names_are_unique_across_files() -> None:
    names = [rule.name for rule in EXPRESSIONS]
    assert len(names) == len(set(names))
    assert set(ALERTS) == {rule.name for rule in EXPRESSIONS if rule.kind == "alert"}

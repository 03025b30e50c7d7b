"""Rules are held to what the operator takes that the chart ships, not to the newer Prometheus beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import yamlfile
from generator.promql.expression import Expression
from generator.rules.groups import prometheus_rules
from generator.verify.checks.operator import OPERATOR
from generator.verify.spec import Scope
from generator.verify.verifier import verify
from tests.monitors import discovery
from tests.monitors.discovery import operator_folder
from tests.rules.conftest import DEFAULTS, ROOT, SPECS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.promql.expression import Kind

Rule = dict[str, Any]

TAKEN: tuple[Rule, ...] = (
    {"record": "job:up:max", "expr": "max by (job) (up)"},
    {"record": "job:up:max", "expr": "max_over_time(up[6m])", "labels": {"a_b": "c"}},
    {"record": "job:up:max", "expr": "up > 1_000 and up </ 5"},
    {"record": "job:up:max", "expr": 'up{a="first_over_time(x", b="up[5m + 1m]"}'},
    {"record": "job:up:max", "expr": 'sum by ("a-b") (up{"a-b"="c"})'},
    {"record": "job:up:max", "expr": "max_over_time(up[5m:1m] offset -5m)"},
    {"alert": "Down", "expr": "up == 0", "annotations": {"summary": "x"}},
)

REFUSED: tuple[Rule, ...] = (
    {"record": "job:up:max", "expr": "first_over_time(up[5m])"},
    {"alert": "Down", "expr": "sum(first_over_time (up[5m])) > 1"},
    {"record": "job:up:max", "expr": "max_over_time(up[5m + 1m])"},
    {"record": "job:up:max", "expr": "max_over_time(up[1h:2 * 1m])"},
    {"record": "job:up:max", "expr": "up offset (5m)"},
    {"record": "job:up:max", "expr": "up offset step()"},
    {"record": "job:up:max", "expr": "up", "labels": {"a-b": "c"}},
    {"record": "job.up-max", "expr": "up"},
    {"alert": "Down", "expr": "up", "annotations": {"a.b": "c"}},
    {"alert": "Down", "expr": "up", "labels": {"1a": "c"}},
)


def found(rule: Rule, scope: Scope | None = None) -> tuple[str, ...]:
    """Returns what the check says of one rule."""
    kind: Kind = "record" if "record" in rule else "alert"
    expression = Expression(
        "rules/x.yaml",
        f"{kind}s[0].expr",
        kind,
        rule["record"] if "record" in rule else rule["alert"],
        rule["expr"],
        labels=rule.get("labels", {}),
        annotations=rule.get("annotations", {}),
    )
    scopes = [scope] if scope else []
    return tuple(one.message for one in verify([expression], {}, {}, scopes=scopes) if one.check == "operator")


def refused_by_the_operator(objects: Sequence[Sequence[Rule]]) -> list[list[str]]:
    """Returns what the operator's own ValidateRule says of PrometheusRules of one group each."""
    return validated([{"groups": [{"name": f"g{index}", "rules": list(rules)}]} for index, rules in enumerate(objects)])


def validated(specs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Returns what the operator's own ValidateRule says of the ``spec`` of each PrometheusRule."""
    program = Path(os.environ.get("GEN_CHART_OPERATOR_RULES") or operator_folder() / "operator-rules")
    if not program.is_file():
        pytest.skip("no operator-rules: 'make operator-config' builds it, or name one with GEN_CHART_OPERATOR_RULES")
    given = json.dumps([{"spec": spec} for spec in specs])
    done = subprocess.run([program], input=given, capture_output=True, text=True, check=True)
    answer: list[list[str]] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("rule", TAKEN, ids=str)
def test_what_the_operator_takes_is_no_finding(rule: Rule) -> None:
    assert found(rule) == ()


@pytest.mark.parametrize("rule", REFUSED, ids=str)
def test_what_the_operator_refuses_is_a_finding_that_names_its_version(rule: Rule) -> None:
    (message,) = found(rule)
    assert f"operator {OPERATOR} refuses" in message


def test_a_dashboard_is_asked_by_prometheus_alone() -> None:
    rule = {"alert": "Restart", "expr": "first_over_time(up[5m + 1m])"}
    assert found(rule)
    assert found(rule, Scope("rules/x.yaml", {})) == ()


def test_the_operators_own_code_takes_and_refuses_just_these() -> None:
    rules = [*TAKEN, *REFUSED]
    answers = refused_by_the_operator([[rule] for rule in rules])
    assert [rule for rule, errors in zip(rules, answers, strict=True) if errors] == list(REFUSED)


def test_the_operators_own_code_takes_every_rule_that_is_shipped() -> None:
    groups = [group["rules"] for spec in SPECS.values() for group in prometheus_rules(spec, DEFAULTS)["groups"]]
    assert [errors for errors in refused_by_the_operator(groups) if errors] == []


def test_the_check_tells_of_the_operator_that_is_shipped_and_that_the_tests_run() -> None:
    pins = yamlfile.load_mapping(ROOT / "pins.yaml")
    assert pins["charts"]["kube-prometheus-stack"]["appVersion"] == f"v{OPERATOR}"
    assert discovery.OPERATOR == OPERATOR

"""Dashboards of this project become expressions with their place, legend, unit and variables."""

from __future__ import annotations

from pathlib import Path

from generator.dashboards.spec import Dashboard, Panel, Percentiles, Row, Shared, Target, Variable
from generator.files import yamlfile
from generator.promql import units
from generator.verify import Exemption, dashboard_expressions, dashboard_scope, rule_expression, verify
from tests.verify.catalogues import SMALL

ROOT = Path(__file__).parents[2]
LATENCY = Panel(
    "Latency",
    "timeseries",
    "How long a request takes.",
    unit="ms",
    targets=(Target(Percentiles('app_latency_seconds{pod=~"$pod"}', (0.5, 0.9))),),
)
PODS = Panel(
    "Pods",
    "table",
    "What each pod has to do.",
    unit="short",
    columns=(("pod", "Pod"), ("node", "Node")),
    targets=(Target("sum by (pod) (app_memory_bytes)", "Memory", "mbytes"),),
)
DASHBOARD = Dashboard(
    name="small",
    file="dashboards/small.yaml",
    title="Small",
    uid="small",
    description="One of each.",
    variables=(Variable("pod", "Pods that have a queue.", "label_values(app_queue_requests, pod)"),),
    rows=(Row("Row of $pod", (LATENCY, PODS)),),
    shared=Shared({}, {}),
)


def test_menus_and_targets_come_in_the_order_of_the_file_with_their_own_unit_or_the_panels() -> None:
    found = [(one.kind, one.panel, one.index, one.unit) for one in dashboard_expressions(DASHBOARD)]
    assert found == [
        ("variable", "pod", 0, ""),
        ("target", "Latency", 0, "ms"),
        ("target", "Latency", 0, "ms"),
        ("target", "Pods", 0, "mbytes"),
    ]


def test_a_finding_names_the_file_the_panel_and_the_place() -> None:
    expressions, scope = list(dashboard_expressions(DASHBOARD)), dashboard_scope(DASHBOARD)
    findings = [(one.path, one.panel, one.check) for one in verify(expressions, SMALL, {}, scopes=[scope])]
    assert findings == [
        ("rows[0].panels[0].targets[0]", "Latency", "unit"),
        ("rows[0].panels[0].targets[0]", "Latency", "unit"),
        ("rows[0].panels[1].targets[0]", "Pods", "unit"),
        ("rows[0].panels[1].targets[0]", "Pods", "label"),
    ]


def test_a_rule_keeps_its_labels_texts_and_exemptions() -> None:
    exempt = (Exemption("counter", "counted once"),)
    rule = rule_expression(
        "rules/a.yaml", "g", "Down", "up == 0", "alert", index=2, labels={"severity": "page"}, exempt=exempt
    )
    assert (rule.path, rule.kind, rule.labels) == ("groups[g].rules[2].expr", "alert", (("severity", "page"),))
    assert rule.exempt == exempt


def test_every_unit_that_the_catalogue_may_use_can_be_reckoned_with() -> None:
    schema = yamlfile.load_mapping(ROOT / "values-schemas" / "metrics.schema.yaml", file="schema")
    allowed = schema["$defs"]["unit"]["enum"]
    assert [name for name in allowed if units.named(name) is None] == ["mixed"]

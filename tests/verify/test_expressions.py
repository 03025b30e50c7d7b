"""Dashboards of this project become expressions with their place, legend, unit and variables."""

from __future__ import annotations

from pathlib import Path

from generator.dashboards.queries import expressions as dashboard_expressions
from generator.dashboards.spec import Dashboard, Panel, Row, Target, Variable
from generator.files import yamlfile
from generator.promql import units
from generator.promql.shorthands import Percentiles, Shared
from generator.rules.groups import expressions
from generator.rules.spec import Alert, Record, Rules, Slo
from generator.verify.scope import dashboard_scope
from generator.verify.verifier import verify
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
    found = [(one.kind, one.name, one.index, one.unit) for one in dashboard_expressions(DASHBOARD)]
    assert found == [
        ("variable", "pod", 0, ""),
        ("target", "Latency", 0, "ms"),
        ("target", "Latency", 0, "ms"),
        ("target", "Pods", 0, "mbytes"),
    ]


def test_a_finding_names_the_file_the_panel_and_the_place_once_for_all_percentiles_of_a_target() -> None:
    expressions, scope = list(dashboard_expressions(DASHBOARD)), dashboard_scope(DASHBOARD)
    findings = [(one.place, one.name, one.check) for one in verify(expressions, SMALL, {}, scopes=[scope])]
    assert findings == [
        ("rows[0].panels[0].targets[0]", "Latency", "unit"),
        ("rows[0].panels[1].targets[0]", "Pods", "unit"),
        ("rows[0].panels[1].targets[0]", "Pods", "label"),
    ]


RULES = Rules(
    name="small",
    file="rules/small.yaml",
    description="One of each.",
    enabled=False,
    thresholds={},
    records=(Record("pod:slow", "sum(app_queue_requests)", "Requests that wait.", {"team": "ml"}),),
    slos={"errors": Slo("Burn", "Too slow", "Too slow.", 0.9, 1, events="pod:slow", bad="pod:slow")},
    alerts=(Alert("Down", "up == 0", "critical", "Down", "It is $value.", {"slo": "x"}, "Down"),),
    shared=Shared({}, {}),
)


def test_a_rule_has_the_place_that_its_file_has_and_its_labels_and_texts_even_when_it_is_off_by_default() -> None:
    rules = list(expressions({"small": RULES}))
    assert [(rule.file, rule.kind, rule.name, rule.place) for rule in rules] == [
        ("rules/small.yaml", "record", "pod:slow", "records[0].expr"),
        ("rules/small.yaml", "alert", "BurnFast", "slos.errors"),
        ("rules/small.yaml", "alert", "BurnSlow", "slos.errors"),
        ("rules/small.yaml", "alert", "Down", "alerts[0].expr"),
    ]
    assert rules[0].labels == {"team": "ml"}
    assert rules[-1].labels == {"severity": "critical", "slo": "x"}
    assert "It is $value." in rules[-1].texts


def test_every_unit_that_the_catalogue_may_use_can_be_reckoned_with() -> None:
    schema = yamlfile.load_mapping(ROOT / "values-schemas" / "metrics.schema.yaml", file="schema")
    allowed = schema["$defs"]["unit"]["enum"]
    assert [name for name in allowed if units.named(name) is None] == ["mixed"]

"""What spans expressions: variables, exemptions, columns, files that are off, and checking one set many times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.promql.expression import Expression
from generator.verify.grafana import grafana_dashboard, read_grafana
from generator.verify.prepare import prepare
from generator.verify.render import failed
from generator.verify.spec import Exemption, Scope
from generator.verify.verifier import check, verify
from tests.verify.catalogues import GONE, SMALL, TARGET, catalogue, changed, known

if TYPE_CHECKING:
    from pathlib import Path

    from generator.promql.expression import Kind
    from generator.verify.spec import Finding


def panel(title: str, text: str, index: int = 0, **fields: object) -> Expression:
    return replace(Expression("d.yaml", f"{title}.targets[{index}]", "target", title, text, index=index), **fields)  # type: ignore[arg-type]


def rule(kind: Kind, name: str, text: str, **fields: object) -> Expression:
    return replace(Expression("r.yaml", f"{kind}s[0].expr", kind, name, text), **fields)  # type: ignore[arg-type]


def run(*expressions: Expression, **options: object) -> tuple[Finding, ...]:
    return verify(expressions, SMALL, GONE, **options)  # type: ignore[arg-type]


def test_a_variable_has_to_be_defined_and_used() -> None:
    expression = panel("P", 'app_queue_requests{model="$modl"}')
    scope = Scope("d.yaml", {"model": "variables[0]", "ds": "variables[1]"}, (("t", "for $pod"),), frozenset({"ds"}))
    found = [(finding.subjects, finding.message, finding.hint) for finding in run(expression, scopes=[scope])]
    assert found == [
        (("modl",), "the variable '$modl' is not defined", "did you mean 'model'?"),
        (("pod",), "the variable '$pod' is not defined", "valid: ds, model"),
        (("model",), "the variable 'model' is not used", "use it or remove it"),
    ]


def test_a_column_has_to_be_filled_by_one_query_of_its_panel() -> None:
    queries = [
        panel("T", "sum by (pod) (app_queue_requests)", columns=("pod", "model", "code")),
        panel("T", "sum by (model) (app_queue_requests)", 1, columns=("pod", "model", "code")),
    ]
    assert [(finding.name, finding.subjects) for finding in run(*queries)] == [("T", ("code",))]


def test_a_file_of_which_nothing_is_scraped_gets_one_warning() -> None:
    findings = run(panel("A", "gpu_active"), panel("B", "avg by (gpu) (gpu_active)"))
    assert [(finding.severity, finding.name, finding.subjects) for finding in findings] == [("warning", "", ("dcgm",))]
    assert not failed(findings)


def test_an_alert_on_the_absence_of_what_is_off_would_fire_for_ever() -> None:
    (finding,) = run(panel("Gone", "absent(gpu_active)", kind="alert"))
    assert (finding.check, finding.severity) == ("absent", "error")


def test_a_panel_that_is_off_in_a_file_that_is_on_is_an_error() -> None:
    findings = run(panel("A", "gpu_active"), panel("B", "app_queue_requests"))
    assert [(finding.severity, finding.name) for finding in findings] == [("error", "A")]
    assert failed(findings)


def test_an_exemption_leaves_out_what_it_names_and_nothing_else() -> None:
    expressions = [panel("A", "gpu_active"), panel("B", "app_queue_requests"), panel("C", "app_swapped")]
    exemption = Exemption("off", "the cluster brings its own ServiceMonitor", subject="dcgm")
    assert [finding.name for finding in run(*expressions, exemptions=[exemption])] == ["C"]


def test_an_exemption_of_a_panel_is_for_it_alone() -> None:
    exemption = Exemption("counter", "the total since the start is what is asked", file="d.yaml", panel="A")
    expressions = [panel("A", "app_requests_total"), panel("B", "app_requests_total")]
    assert [finding.name for finding in run(*expressions, exemptions=[exemption])] == ["B"]


@pytest.mark.parametrize(
    ("exemption", "message"),
    [
        (
            Exemption("unit", "known", file="d.yaml", origin="exemptions.yaml", place="exemptions[3]"),
            "this exemption from 'unit' in d.yaml exempts nothing",
        ),
        (
            Exemption("name", " ", file="d.yaml", panel="A", origin="exemptions.yaml", place="exemptions[3]"),
            "this exemption from 'name' in d.yaml, 'A', gives no reason",
        ),
    ],
)
def test_an_exemption_without_use_or_reason_is_an_error_that_names_its_own_place(
    exemption: Exemption, message: str
) -> None:
    findings = run(panel("A", "app_swapped"), exemptions=[exemption])
    (finding,) = (finding for finding in findings if finding.check == "exemption")
    assert (finding.message, finding.file, finding.place) == (message, "exemptions.yaml", "exemptions[3]")


def test_rules_are_checked_as_records_and_alerts() -> None:
    rules = [
        rule("record", "pod:q", "sum by (pod) (app_queue_requests)", labels={"team": "ml"}),
        rule("alert", "Full", "pod:q > 9", annotations={"s": "{{ $labels.team }} is slow"}),
        rule("alert", "Bad", "pod:q > 9", annotations={"s": "{{ $labels.model }} is slow"}),
    ]
    assert [(finding.name, finding.subjects) for finding in run(*rules)] == [("Bad", ("model",))]


USES = [
    panel("Rate", "sum by (code) (rate(app_requests_total[5m]))", legend="{{code}}", unit="reqps"),
    panel("Queue", "max by (model) (app_queue_requests)", unit="short"),
    panel("Cache", 'app_cache_used{model="a"}', unit="percentunit"),
    panel("Latency", "histogram_quantile(0.9, sum by (le) (rate(app_latency_seconds_bucket[5m])))", unit="s"),
    Expression("r.yaml", "r", "record", "pod:memory", "sum by (pod) (app_memory_bytes)"),
    panel("Recorded", "pod:memory", legend="{{pod}}", unit="bytes"),
]
PREPARED = prepare(USES)


def test_the_panels_of_the_mutations_below_are_sound() -> None:
    assert check(PREPARED, SMALL, GONE) == ()


@pytest.mark.parametrize(
    ("name", "panels"),
    [
        ("app_requests_total", {"Rate"}),
        ("app_queue_requests", {"Queue"}),
        ("app_cache_used", {"Cache"}),
        ("app_latency_seconds_bucket", {"Latency"}),
        ("app_memory_bytes", {"pod:memory"}),
    ],
)
def test_a_family_that_is_renamed_or_dropped_is_found_in_the_panel_that_uses_it(name: str, panels: set[str]) -> None:
    without = {other: ways for other, ways in SMALL.items() if other != name}
    dropped = check(PREPARED, without, GONE, only=[name])
    renamed = check(PREPARED, {**without, f"{name}x": SMALL[name]}, GONE, only=[name])
    assert {finding.name for finding in dropped} == {finding.name for finding in renamed} == panels


@pytest.mark.parametrize(
    ("name", "label", "found"),
    [
        ("app_requests_total", "code", "Rate"),
        ("app_queue_requests", "model", "Queue"),
        ("app_cache_used", "model", "Cache"),
        ("app_latency_seconds_bucket", "le", "Latency"),
        ("app_memory_bytes", "pod", "Recorded"),
    ],
)
def test_a_label_that_is_dropped_is_found_in_the_panel_that_uses_it(name: str, label: str, found: str) -> None:
    (one,) = SMALL[name]
    findings = check(PREPARED, changed(name, labels=one.labels - {label}), GONE, only=[name])
    assert found in {finding.name for finding in findings}


@pytest.mark.parametrize(
    ("name", "kind", "unit", "found"),
    [
        ("app_requests_total", "gauge", "", "Rate"),
        ("app_requests_total", "counter", "bytes", "Rate"),
        ("app_queue_requests", "counter", "", "Queue"),
        ("app_cache_used", "counter", "ratio", "Cache"),
        ("app_cache_used", "gauge", "percent", "Cache"),
        ("app_latency_seconds_bucket", "histogram", "milliseconds", "Latency"),
        ("app_memory_bytes", "gauge", "mebibytes", "Recorded"),
        ("app_memory_bytes", "counter", "bytes", "pod:memory"),
    ],
)
def test_a_family_of_another_type_or_unit_is_found_in_the_panel_that_uses_it(
    name: str, kind: str, unit: str, found: str
) -> None:
    (one,) = SMALL[name]
    family = replace(one.family, type=kind, unit=unit)  # type: ignore[arg-type]
    findings = check(PREPARED, changed(name, family=family), GONE, only=[name])
    assert found in {finding.name for finding in findings}


def test_only_what_depends_on_a_name_is_checked_again() -> None:
    assert [item.expression.name for item in PREPARED.mentioning(["app_memory_bytes"])] == ["pod:memory", "Recorded"]


def test_two_exporters_of_one_name_are_told_apart_by_the_labels_that_are_matched() -> None:
    both = catalogue(
        known("x_load", "gauge", "ratio", {"a"}), known("x_load", "gauge", "percent", {"b"}, exporter="other", on=False)
    )
    assert verify([panel("A", 'x_load{a="1"}', unit="percentunit")], both, {}) == ()
    (finding,) = verify([panel("B", 'x_load{b="1"}', unit="percent"), panel("C", "x_load")], both, {})
    assert (finding.name, finding.check) == ("B", "off")


GRAFANA = {
    "title": "Old",
    "templating": {
        "list": [
            {"type": "query", "name": "pod", "query": {"query": "label_values(app_swapped, pod)", "refId": "A"}},
            {"type": "datasource", "name": "DS", "query": "prometheus"},
            {"type": "custom", "name": "unused", "query": "a,b"},
        ]
    },
    "rows": [
        {"panels": [{"title": "In a row", "targets": [{"expr": "app_queue_length"}], "yaxes": [{"format": "s"}]}]}
    ],
    "panels": [
        {
            "type": "row",
            "panels": [{"title": "Folded", "targets": [{"expr": 'app_load{pod=~"$pod"}', "legendFormat": "{{gpu}}"}]}],
        },
        {"title": "Logs", "datasource": {"type": "loki", "uid": "x"}, "targets": [{"expr": '{app="a"} |= "b"'}]},
        {"title": "Unit", "fieldConfig": {"defaults": {"unit": "s"}}, "targets": [{"expr": "app_memory_bytes"}]},
    ],
}


def test_a_dashboard_of_another_project_is_checked_wherever_its_panels_lie() -> None:
    expressions, scope = grafana_dashboard(GRAFANA, "old.json")
    found = [(one.name, one.check, one.subjects) for one in verify(expressions, SMALL, GONE, scopes=[scope])]
    assert found == [
        ("pod", "name", ("app_swapped",)),
        ("In a row", "name", ("app_queue_length",)),
        ("Folded", "label", ("gpu",)),
        ("Unit", "unit", ("s",)),
        ("unused", "variable", ("unused",)),
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "[" * 100_000, '{"panels": 3}', "\ufeff{}"])
def test_a_file_that_is_no_dashboard_is_an_input_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.json"):
        read_grafana(path)


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json"):
        read_grafana(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read_grafana(tmp_path / "bytes.json")


def test_labels_of_the_target_count_as_carried() -> None:
    by = ", ".join(sorted(TARGET))
    assert run(panel("A", f"sum by ({by}) (app_queue_requests)")) == ()

"""The rules' part of the chart, rendered by Helm itself."""

from __future__ import annotations

import json
import math
import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.files import schemas, yamlfile
from generator.files.schema_values import filled
from generator.rules.chart import rule_templates
from generator.rules.groups import prometheus_rules
from generator.rules.numbers import defaults
from generator.rules.spec import SEVERITIES
from generator.rules.values import rule_values_schema
from tests import helm
from tests.blocks import block, subschemas
from tests.monitors.conftest import upstream_crds
from tests.thorough import examples

from .conftest import ALERTS, HEADER, SPECS, render_chart, write_chart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rules.conftest import Objects

SCHEMA = rule_values_schema(block("rules"), SPECS)
RULE = "monitoring.coreos.com/v1/PrometheusRule"


def expected(values: dict[str, Any] | None = None) -> Objects:
    """What prometheus_rules says, by the object's name, without objects that hold nothing."""
    whole = filled(SCHEMA, values or {})
    found = {f"ai-ml-observability-{name}": prometheus_rules(spec, whole) for name, spec in SPECS.items()}
    return {name: rules for name, rules in found.items() if rules["groups"]}


def specs_of(objects: Objects) -> Objects:
    return {name: found["spec"] for name, found in objects.items()}


def test_there_is_one_template_and_its_groups_for_each_file_and_one_helper() -> None:
    texts = rule_templates(SPECS, header=HEADER)
    files = {f"templates/rules/{file}" for name in SPECS for file in (f"_{name}.tpl", f"{name}.yaml")}
    assert set(texts) == {"templates/rules/_rules.tpl"} | files
    assert all(f"/* {HEADER} */" in text.splitlines()[0] for text in texts.values())
    assert list(rule_templates(dict(reversed(SPECS.items())), header=HEADER).items()) == list(texts.items())


def test_what_helm_renders_is_what_promtool_checks(render: Callable[..., Objects]) -> None:
    assert specs_of(render()) == expected()


def test_prometheus_own_templates_come_through(render: Callable[..., Objects]) -> None:
    text = json.dumps(render())
    assert "{{ $labels.model_name }}" in text
    assert "{{ 0.95 | humanizePercentage }}" in text


@pytest.mark.parametrize("name", ["observability", "a", "x" * 53])
def test_names_do_not_depend_on_the_release(render: Callable[..., Objects], name: str) -> None:
    objects = render(name=name)
    assert set(objects) == {f"ai-ml-observability-{name}" for name in SPECS}
    for found in objects.values():
        assert found["metadata"]["namespace"] == "monitoring"
        assert found["metadata"]["labels"]["app.kubernetes.io/instance"] == name


def test_labels_and_annotations_are_put_on_every_object(render: Callable[..., Objects]) -> None:
    rules = {"labels": {"release": "mine", "app.kubernetes.io/part-of": "x"}, "annotations": {"a": "b"}}
    for found in render(rules).values():
        assert found["metadata"]["labels"]["release"] == "mine"
        assert found["metadata"]["labels"]["app.kubernetes.io/part-of"] == "x"
        assert found["metadata"]["annotations"] == {"a": "b"}


def test_a_threshold_is_set_by_its_value_and_said_in_the_text(render: Callable[..., Objects]) -> None:
    values = {"vllm": {"thresholds": {"queuePerEngine": 25}}}
    objects = render(values)
    assert specs_of(objects) == expected(values)
    text = json.dumps(objects["ai-ml-observability-vllm"])
    assert "waiting:avg[10m]) > 25" in text
    assert "per engine, 25 are normal" in text


def test_zero_is_a_threshold(render: Callable[..., Objects]) -> None:
    values = {"gpu": {"thresholds": {"idle": 0}}}
    assert "gpu_utilization_ratio:max < 0" in json.dumps(render(values)["ai-ml-observability-gpu"])


def test_null_gives_the_default(render: Callable[..., Objects]) -> None:
    for values in ({"vllm": {"thresholds": None}}, {"vllm": None}, {"vllm": {"thresholds": {"kvCache": None}}}):
        objects = render(values)
        assert specs_of(objects) == expected(), values


def test_an_alert_can_be_switched_off_softened_and_delayed(render: Callable[..., Objects]) -> None:
    values = {
        "alerts": {
            "RayOomKill": {"enabled": False},
            "RaySpilling": {"severity": "info", "for": "1h"},
            "VllmTtftBudgetBurnFast": {"for": "0"},
        }
    }
    objects = render(values)
    assert specs_of(objects) == expected(values)
    alerts = {
        rule["alert"]: rule
        for found in objects.values()
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert "RayOomKill" not in alerts
    assert (alerts["RaySpilling"]["labels"]["severity"], alerts["RaySpilling"]["for"]) == ("info", "1h")
    assert alerts["VllmTtftBudgetBurnFast"]["for"] == "0"


def test_labels_of_ones_own_are_on_every_alert_and_do_not_hide_the_severity(render: Callable[..., Objects]) -> None:
    values = {"additionalAlertLabels": {"team": "ml", "severity": "none"}}
    assert specs_of(render(values)) == expected(values)
    for found in render(values).values():
        for group in found["spec"]["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    assert rule["labels"]["team"] == "ml"
                    assert rule["labels"]["severity"] in SEVERITIES


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://example.com/runbooks/", "https://example.com/runbooks/RayOomKill.md"),
        ("https://example.com/r", "https://example.com/r/RayOomKill.md"),
        ("", None),
        (None, None),
    ],
)
def test_the_runbooks_are_where_the_values_say(
    render: Callable[..., Objects], base: str | None, url: str | None
) -> None:
    values = {"runbookUrl": base}
    objects = render(values)
    assert specs_of(objects) == expected(values)
    rules = [rule for group in objects["ai-ml-observability-ray"]["spec"]["groups"] for rule in group["rules"]]
    oom = next(rule for rule in rules if rule.get("alert") == "RayOomKill")
    assert oom["annotations"].get("runbook_url") == url


def test_each_workload_and_all_of_them_can_be_switched_off(render: Callable[..., Objects]) -> None:
    assert render({"enabled": False}) == {}
    for name in SPECS:
        assert set(render({name: {"enabled": False}})) == set(expected()) - {f"ai-ml-observability-{name}"}


def test_a_workload_whose_alerts_are_all_off_keeps_its_records(render: Callable[..., Objects]) -> None:
    values = {"alerts": {alert: {"enabled": False} for alert in ALERTS}}
    objects = render(values)
    assert specs_of(objects) == expected(values)
    assert {group["name"] for found in objects.values() for group in found["spec"]["groups"]} == {
        f"{name}.{kind}" for name, spec in SPECS.items() for kind in ("counts", "records") if getattr(spec, kind)
    }


def test_without_the_operators_kinds_there_are_no_rules_and_with_them_there_are(
    helm_binary: Path, tmp_path: Path
) -> None:
    where = write_chart(tmp_path, SPECS, stack=False)
    run = ["template", "x", str(where), "--namespace", "monitoring"]
    assert helm.documents(helm.run(helm_binary, *run).stdout) == []
    found = helm.documents(helm.run(helm_binary, *run, "--api-versions", RULE).stdout)
    assert {item["metadata"]["name"]: item["spec"] for item in found} == expected()


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("rules.alerts.RayOomKil.enabled=false", "RayOomKil"),
        ("rules.alerts.RayOomKill.severity=bad", "severity"),
        ("rules.alerts.RayOomKill.for=soon", "for"),
        ("rules.vllm.thresholds.kvCash=0.9", "kvCash"),
        ("rules.vllm.thresholds.kvCache=high", "kvCache"),
        ("rules.vllm.thresholds.kvCache=95", "kvCache"),
        ("rules.vlm.enabled=false", "vlm"),
    ],
)
def test_a_typo_fails_the_install(helm_binary: Path, chart: Path, setting: str, name: str) -> None:
    done = helm.run(helm_binary, "template", "x", chart, "--set", setting, check=False)
    assert done.returncode
    assert name in done.stderr


@pytest.mark.parametrize("values", [{"agentMode": True}, {"prometheusSpec": {"shards": 2}}])
def test_no_rules_are_installed_for_a_prometheus_that_sees_a_part_of_the_targets(
    render: Callable[..., Objects], values: dict[str, Any]
) -> None:
    stack = {"enabled": True, "prometheus": {"agentMode": False, "prometheusSpec": {"shards": 1}}}
    assert render(**{"kube-prometheus-stack": stack}) == render()
    with pytest.raises(Exception, match=r"found agentMode, or several prometheusSpec\.shards"):
        render(**{"kube-prometheus-stack": {"enabled": True, "prometheus": values}})
    off = {"enabled": False, "prometheus": values}
    assert render(**{"kube-prometheus-stack": off}) == render(**{"kube-prometheus-stack": {"enabled": False}})


def closed(schema: Any) -> Any:
    """Closes every object of a schema, so that a field that the operator does not know is an error."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


@pytest.mark.upstream
def test_the_operator_knows_every_field(render: Callable[..., Objects]) -> None:
    folder = upstream_crds()
    if folder is None:
        pytest.skip("kube-prometheus-stack is neither in GEN_CHART_MIRROR nor in the cache")
    from jsonschema import Draft202012Validator

    crd = yamlfile.load(folder / "crd-prometheusrules.yaml")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    validator = Draft202012Validator(closed(schema))
    for name, found in render({"alerts": {"RayOomKill": {"for": "0"}}}).items():
        assert [error.message for error in validator.iter_errors(found["spec"])] == [], name


def test_the_defaults_follow_the_schema_and_are_made_anew_each_time() -> None:
    values = filled(SCHEMA, {})
    assert schemas.problems(values, SCHEMA, file="values.yaml") == ()
    values["labels"]["a"] = "b"
    assert filled(SCHEMA, {})["labels"] == {}


def test_the_schema_is_closed_described_and_can_stand_anywhere() -> None:
    for part in subschemas(SCHEMA):
        assert "$ref" not in part
        if isinstance(part.get("properties"), dict) and part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert all(child["description"] for child in part["properties"].values())


NUMBERS = st.one_of(
    st.integers(min_value=0, max_value=10**12),
    st.floats(min_value=1e-6, max_value=1e12, allow_nan=False, allow_infinity=False),
)
PLACES = [(name, place) for name, spec in SPECS.items() for place in defaults(spec)]


def maximum(name: str, place: Any) -> Any:
    if place[0] == "thresholds":
        bound = SPECS[name].thresholds[place[1]].maximum
        return math.inf if bound is None else bound
    return 1 if place[2] == "objective" else math.inf


@st.composite
def overrides(draw: st.DrawFn) -> dict[str, Any]:
    """Values that the schema admits, in any number of places."""
    values: dict[str, Any] = {}
    for name, place in draw(st.lists(st.sampled_from(PLACES), max_size=6, unique=True)):
        block = values.setdefault(name, {})
        for part in place[:-1]:
            block = block.setdefault(part, {})
        number = draw(NUMBERS)
        bound = maximum(name, place)
        block[place[-1]] = number if number <= bound else bound
    for name in draw(st.lists(st.sampled_from(sorted(SPECS)), max_size=2)):
        values.setdefault(name, {})["enabled"] = draw(st.booleans())
    alerts = draw(st.lists(st.sampled_from(sorted(ALERTS)), max_size=4, unique=True))
    choice: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {},
        optional={
            "enabled": st.booleans(),
            "severity": st.sampled_from(SEVERITIES),
            "for": st.sampled_from(["0", "30s", "5m", "1h30m", "2d"]),
        },
    )
    if alerts:
        values["alerts"] = {alert: draw(choice) for alert in alerts}
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20)
    labels = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), texts)
    places = st.text(string.ascii_letters + string.digits + "._~:/?#@!$&'()*+,;=%[]-", min_size=1, max_size=20)
    addresses = st.none() | st.just("") | places.map("https://{}".format)
    optional: dict[str, st.SearchStrategy[Any]] = {"additionalAlertLabels": labels, "runbookUrl": addresses}
    values |= draw(st.fixed_dictionaries({}, optional=optional))
    return values


@pytest.mark.slow
@settings(
    max_examples=examples(8, thorough=100),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=overrides())
def test_whatever_the_schema_admits_renders_to_what_promtool_would_check(chart: Path, values: dict[str, Any]) -> None:
    assert schemas.problems(values, SCHEMA, file="values.yaml") == ()
    assert specs_of(render_chart(chart, values)) == expected(values)

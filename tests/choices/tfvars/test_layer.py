"""A blueprint's variables and the chart that follows from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.build.build import fit
from generator.build.chart import chart, chart_values
from generator.build.findings import findings
from generator.build.profile import load_profile, profile_schema
from generator.build.profile import switches as built_in
from generator.choices.tfvars import blueprint_layer, blueprint_notices, read_blueprints
from generator.choices.tfvars.reader import parse_settings
from generator.errors import InputError
from generator.files.schemas import problems
from generator.stack import components
from tests.chart import dashboards
from tests.conftest import ROOT
from tests.thorough import examples, some

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.choices.profiles import Layer, Profile

EXAMPLE = Path(__file__).with_name("blueprint.tfvars").read_text(encoding="utf-8")
(BLUEPRINT,) = [one for one in read_blueprints(ROOT) if one.profile == "jark"]
SWITCHES = [name for name, variable in BLUEPRINT.variables.items() if isinstance(variable.default, bool)]


def with_variables(**values: Any) -> str:
    """Returns the example with variables set; None leaves one out."""
    kept = [line for line in EXAMPLE.splitlines() if line.partition("=")[0].strip() not in values]
    return "\n".join([*kept, *(f"{key} = {value}" for key, value in values.items() if value is not None), ""])


def layer_of(text: str, sources: Sources, profile: str = "jark") -> Layer:
    return blueprint_layer(
        BLUEPRINT, parse_settings(text, file="x.tfvars"), load_profile(profile, sources), built_in(sources)
    )


def profile_of(text: str, sources: Sources, profile: str = "jark") -> Profile:
    return load_profile(profile, sources, [layer_of(text, sources, profile)])


def notices(text: str, sources: Sources, profile: str = "jark") -> list[str]:
    loaded = profile_of(text, sources, profile)
    return [str(one) for one in blueprint_notices(BLUEPRINT, parse_settings(text, file="x.tfvars"), loaded)]


def panels(chart: dict[str, str], dashboard: str) -> set[str]:
    rows = dashboards(chart)[dashboard]["panels"]
    return {one["title"] for row in rows for one in (row, *row.get("panels", ()))}


def test_every_monitor_and_file_that_the_data_names_exists(sources: Sources) -> None:
    for part in BLUEPRINT.parts:
        assert set(part.monitors) <= sources.monitors.keys(), part.name
        assert set(part.rules) <= sources.rules.keys(), part.name
        assert set(part.dashboards) <= sources.dashboards.keys(), part.name
        for choices in (part.then, part.otherwise):
            assert problems(choices, profile_schema(sources), file=part.name) == ()


def test_the_example_gives_the_very_chart_of_the_jark_profile(sources: Sources) -> None:
    loaded = profile_of(EXAMPLE, sources)
    files = chart(fit(loaded, sources))
    assert files == chart(fit(load_profile("jark", sources), sources))


def test_without_jupyterhub_its_monitor_is_off_and_its_panels_are_gone(sources: Sources) -> None:
    loaded = profile_of(with_variables(enable_jupyterhub="false"), sources)
    trimmed = fit(loaded, sources).sources
    files = chart(fit(loaded, trimmed))
    assert chart_values(loaded, trimmed, components(loaded))["monitors"]["jupyterhub"]["enabled"] is False
    gone = panels(chart(fit(load_profile("jark", sources), sources)), "jark-platform") - panels(files, "jark-platform")
    assert {"JupyterHub", "Servers and users", "Notebook servers", "Notebook starts that failed"} <= gone
    assert "jupyterhub_" not in json.dumps(dashboards(files)["jark-platform"])
    assert "--tfvars x.tfvars" in files["Chart.yaml"].splitlines()[0]


@pytest.mark.parametrize(
    "values",
    some(
        [
            {"enable_jupyterhub": "false"},
            {"enable_argo_workflows": "false"},
            {"enable_argocd": "false"},
            {"enable_kuberay_operator": "false"},
            {"enable_eks_auto_mode": "true"},
            {"enable_nvidia_dcgm_exporter": "false"},
            {"enable_nvidia_dcgm_exporter": "false", "enable_nvidia_gpu_operator": "true"},
            {"nvidia_dcgm_exporter_service_monitor": "false"},
            {"enable_aws_neuron_monitor": "false"},
            {"enable_cluster_addons": "{}"},
        ],
        one_in=3,
    ),
)
def test_whatever_is_switched_no_query_is_left_that_nothing_answers(sources: Sources, values: dict[str, str]) -> None:
    loaded = profile_of(with_variables(**values), sources)
    assert findings(fit(loaded, sources)) == ()


@pytest.mark.thorough
@given(st.dictionaries(st.sampled_from(SWITCHES), st.booleans()))
@settings(max_examples=examples(1, thorough=60))
def test_no_combination_of_switches_leaves_such_a_query(sources: Sources, switches: dict[str, bool]) -> None:
    text = "".join(f"{name} = {str(on).lower()}\n" for name, on in switches.items())
    loaded = profile_of(text, sources)
    assert findings(fit(loaded, sources)) == ()


def test_a_variable_that_is_left_out_has_the_base_modules_default(sources: Sources) -> None:
    data = layer_of("", sources).data
    off = {name for name, one in data["monitors"].items() if one["enabled"] is False}
    assert off == {"argo-workflows", "jupyterhub", "kuberay-operator", "ray", "ray-serve-vllm"}
    assert data["rules"].keys() == {"ray", "ray-serve", "ray-train"}


@pytest.mark.parametrize("value", ["true", '"true"', '"1"'])
def test_terraform_takes_text_for_a_switch(sources: Sources, value: str) -> None:
    assert layer_of(with_variables(enable_jupyterhub=value), sources).data == {}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("tru", "a bare word"),
        ('"yes"', "'yes'"),
        ("1", "'1'"),
        ("null", "null"),
        ("[true]", "a list"),
        ("{a = true}", "a map"),
        ("var.x", "an expression"),
        ("<<E\ntrue\nE", "a heredoc"),
    ],
)
def test_any_other_value_of_a_switch_is_refused_with_its_line(sources: Sources, value: str, found: str) -> None:
    with pytest.raises(InputError) as caught:
        layer_of(with_variables(enable_jupyterhub=value), sources)
    assert f"x.tfvars:9: enable_jupyterhub: found {found}, expected true or false" in str(caught.value)


def test_variables_that_the_chart_does_not_depend_on_may_hold_anything(sources: Sources) -> None:
    text = EXAMPLE + 'tags = {a = "${b}"}\nhuggingface_token = <<E\nx\nE\nkms_key_admin_roles = [var.x]\n'
    assert layer_of(text, sources).data == {}


def test_a_map_replaces_its_default_as_in_terraform(sources: Sources) -> None:
    for text, enabled in (("{metrics-server = true}", None), ("{coredns = true}", True), ("{}", True)):
        data = layer_of(with_variables(enable_cluster_addons=text), sources).data
        assert data.get("components", {}).get("metrics-server", {}).get("enabled") is enabled


def test_a_map_of_something_else_is_refused(sources: Sources) -> None:
    for value in ("true", "[]", '{metrics-server = "x"}'):
        with pytest.raises(InputError, match="enable_cluster_addons"):
            layer_of(with_variables(enable_cluster_addons=value), sources)


def test_a_dcgm_exporter_without_a_service_monitor_gets_ours(sources: Sources) -> None:
    loaded = profile_of(with_variables(nvidia_dcgm_exporter_service_monitor="false"), sources)
    assert loaded.choices["monitors"]["dcgm"]["enabled"] is True
    assert loaded.choices["cluster"]["scrapes"]["dcgm-exporter"] is None


def test_another_profile_is_fitted_to_the_blueprints_cluster_too(sources: Sources) -> None:
    choices = profile_of(EXAMPLE, sources, "standalone").choices
    assert choices["components"]["metrics-server"]["enabled"] is False
    assert choices["monitors"]["dcgm"]["enabled"] is False


def test_the_example_needs_no_warning(sources: Sources) -> None:
    assert notices(EXAMPLE, sources) == []


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("enable_argocd", "false", "x.tfvars:9: enable_argocd: the variable is false, with which an older base module"),
        (
            "enable_ai_ml_observability_stack",
            "false",
            "x.tfvars:9: enable_ai_ml_observability_stack: the variable is false, so Terraform will not apply",
        ),
        (
            "enable_ai_ml_observability_stack",
            None,
            "x.tfvars: enable_ai_ml_observability_stack: the variable is missing (false by default), so Terraform",
        ),
    ],
)
def test_a_blueprint_that_does_not_apply_the_stack_is_told_so(
    sources: Sources, variable: str, value: str | None, expected: str
) -> None:
    (found,) = notices(with_variables(**{variable: value}), sources)
    assert expected in found


def test_the_reason_why_a_workload_is_absent_tells_a_missing_variable_from_one_that_is_false(sources: Sources) -> None:
    def reason(value: str | None) -> Any:
        return profile_of(with_variables(enable_jupyterhub=value), sources).choices["cluster"]["absent"]["jupyterhub"]

    assert reason("false") == "enable_jupyterhub is false in x.tfvars"
    assert reason(None) == "enable_jupyterhub is missing (false by default) in x.tfvars"


def test_a_second_prometheus_operator_is_refused_unless_the_profile_brings_none(sources: Sources) -> None:
    text = with_variables(enable_kube_prometheus_stack="true")
    with pytest.raises(InputError, match="a second Prometheus operator"):
        notices(text, sources)
    assert notices(text, sources, "bring-your-own-prometheus") == []


def test_the_blueprints_own_prometheus_selects_what_its_release_is_named_on(sources: Sources) -> None:
    text = with_variables(enable_kube_prometheus_stack="true")
    choices = profile_of(text, sources, "bring-your-own-prometheus").choices
    assert choices["monitors"]["labels"] == choices["rules"]["labels"] == {"release": "kube-prometheus-stack"}
    assert "labels" not in profile_of(EXAMPLE, sources, "bring-your-own-prometheus").choices["monitors"]


def test_todays_blueprint_that_no_longer_says_argocd_needs_no_warning_and_keeps_its_monitor(sources: Sources) -> None:
    text = with_variables(enable_argocd=None)
    assert notices(text, sources) == []
    assert layer_of(text, sources).data == {}


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("observability_mcp_enabled", "the MCP server of the logs stays off"),
        ("enable_amazon_prometheus", "this chart's Prometheus writes nothing to that workspace"),
    ],
)
def test_what_the_blueprint_brings_and_the_chart_does_not_serve_is_said(
    sources: Sources, variable: str, expected: str
) -> None:
    (found,) = notices(with_variables(**{variable: "true"}), sources)
    assert f": {variable}: the variable is true" in found
    assert expected in found


def test_the_blueprints_mcp_servers_are_those_that_can_be_had_and_no_others(sources: Sources) -> None:
    choices = profile_of(with_variables(observability_mcp_enabled="true"), sources).choices
    servers = choices["components"]["mcp"]
    assert {name: server["enabled"] for name, server in servers.items()} == {
        "kubernetes": True,
        "prometheus": True,
        "opensearch": False,
    }
    assert "mcp" not in layer_of(EXAMPLE, sources).data.get("components", {})


def test_a_switch_that_the_base_module_does_not_have_is_said(sources: Sources) -> None:
    (found,) = notices(with_variables(enable_warp_drive="true"), sources)
    assert found.startswith(
        "x.tfvars:10: unknown variable 'enable_warp_drive', which changes nothing (AI on EKS has no"
    )
    assert notices(with_variables(warp_drive="true"), sources) == []


def test_a_misspelt_variable_is_named_with_the_right_one(sources: Sources) -> None:
    text = with_variables(enable_jupyterhub=None, enable_jupyter_hub="true")
    (found,) = notices(text, sources)
    assert found.startswith("x.tfvars:9: unknown variable 'enable_jupyter_hub', which changes nothing")
    assert found.endswith("(did you mean 'enable_jupyterhub'?)")


def test_other_variables_of_the_base_module_are_not_taken_for_misspelt_ones(sources: Sources) -> None:
    others = [
        *BLUEPRINT.others,
        *("kube_prometheus_stack_version", "kube_prometheus_stack_namespace", "kuberay_operator_version"),
    ]
    text = "enable_ai_ml_observability_stack = true\nenable_argocd = true\n" + "".join(
        f"{one} = true\n" for one in others
    )
    assert notices(text, sources) == []

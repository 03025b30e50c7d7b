"""Where OpenSearch is off, nothing may ask it: its pods would wait for Secrets that nobody makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helm_python import HelmError

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError
from tests.conftest import PROFILES
from tests.opensearch.plan import rendered

if TYPE_CHECKING:
    from generator.build.sources import Sources

OFF = {"opensearch": {"enabled": False}}
STACK = "kube-prometheus-stack"
DASHBOARDS = "opensearch-dashboards"
FLUENT_BIT = "Fluent Bit still sends to this chart's OpenSearch"
BROWSER = "OpenSearch Dashboards still asks this chart's OpenSearch"

ASKED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("standalone", {}, {FLUENT_BIT}),
    ("standalone", {STACK: {"enabled": False}}, {FLUENT_BIT}),
    ("kind", {STACK: {"grafana": {"enabled": False}}}, {FLUENT_BIT}),
    ("bring-your-own-prometheus", {}, {FLUENT_BIT}),
    ("bring-your-own-prometheus", {"fluent-bit": {"enabled": False}, DASHBOARDS: {"enabled": True}}, {BROWSER}),
]
"""Profile, values besides OpenSearch's switch → what asks it."""

ELSEWHERE: dict[str, dict[str, Any]] = {
    "components": {"opensearch": {"enabled": False}, "fluent-bit": {"host": "logs.example", "caSecret": "their-ca"}},
    "secrets": {"existing": {"opensearchFluentBit": "mine"}},
}


@pytest.mark.parametrize(("profile", "values", "askers"), ASKED)
def test_values_that_leave_somebody_asking_it_are_refused_when_the_chart_is_made(
    sources: Sources, profile: str, values: dict[str, Any], askers: set[str]
) -> None:
    overlay = Layer("mine.yaml", {"values": {**OFF, **values}})
    with pytest.raises(InputError) as error:
        fit(load_profile(profile, sources, [overlay]), sources)
    assert {problem.message.removeprefix("found false, but ") for problem in error.value.problems} == askers
    assert {(problem.file, problem.path) for problem in error.value.problems} == {
        ("mine.yaml", "values.opensearch.enabled")
    }
    assert all(problem.hint for problem in error.value.problems)


@pytest.mark.parametrize(("profile", "values", "askers"), ASKED)
def test_values_that_leave_somebody_asking_it_are_refused_at_install_time(
    sources: Sources, profile: str, values: dict[str, Any], askers: set[str]
) -> None:
    with pytest.raises(HelmError) as error:
        rendered(sources, profile, {**OFF, **values})
    assert any(f"opensearch.enabled: found false, but {asker} (" in str(error.value) for asker in askers)


def test_its_user_interface_cannot_be_on_without_it(sources: Sources) -> None:
    choices = {"components": {**ELSEWHERE["components"], DASHBOARDS: {"enabled": True}}}
    with pytest.raises(InputError, match=BROWSER) as error:
        fit(load_profile("standalone", sources, [Layer("mine.yaml", choices)]), sources)
    assert error.value.problems[0].path == "components.opensearch.enabled"


@pytest.mark.sample(3)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "choices", [ELSEWHERE, {"components": {**ELSEWHERE["components"], "fluent-bit": {"enabled": False}}}]
)
def test_who_sends_elsewhere_or_keeps_no_logs_needs_none(
    sources: Sources, profile: str, choices: dict[str, Any]
) -> None:
    chosen = load_profile(profile, sources, [Layer("mine.yaml", choices)])
    assert fit(chosen, sources).values["opensearch"]["enabled"] is False
    rendered(sources, chosen)


def test_a_host_named_at_install_time_is_enough(sources: Sources) -> None:
    outputs = "[OUTPUT]\n    Name opensearch\n    Host opensearch-cluster-master.logs.example\n"
    rendered(sources, "bring-your-own-prometheus", {**OFF, "fluent-bit": {"config": {"outputs": outputs}}})

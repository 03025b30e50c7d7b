"""Who may do what in OpenSearch, and what is deleted when, as the chart renders it: no OpenSearch is needed to see that
a role has gained a right, or that a data stream would be kept for ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.stack.fluent_bit.destination import STREAMS as WRITTEN
from tests import libyaml
from tests.opensearch.plan import setup_plan

if TYPE_CHECKING:
    from generator.build.sources import Sources

FOLDER = Path(__file__).parent


def golden(name: str) -> dict[str, Any]:
    data: dict[str, Any] = libyaml.load((FOLDER / name).read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="module")
def plan(sources: Sources) -> dict[str, Any]:
    return setup_plan(sources)


def test_no_role_has_more_or_other_rights_than_are_written_down(plan: dict[str, Any]) -> None:
    assert plan["roles"] == golden("roles.yaml")["roles"]


def test_every_user_has_the_one_role_that_is_written_down(plan: dict[str, Any]) -> None:
    assert {login["key"]: login["role"] for login in plan["logins"]} == golden("roles.yaml")["logins"]


def test_what_writes_logs_can_read_nothing_and_reaches_the_logs_alone(plan: dict[str, Any]) -> None:
    role = plan["roles"]["ai-ml-observability-writer"]
    (rule,) = role["index_permissions"]
    assert set(rule["index_patterns"]) == set(WRITTEN.values())
    for action in (*role["cluster_permissions"], *rule["allowed_actions"]):
        assert action.startswith("indices:data/write/")


def test_only_the_administrator_and_opensearch_dashboards_server_have_roles_that_are_not_ours(
    plan: dict[str, Any],
) -> None:
    theirs = {login["key"] for login in plan["logins"] if login["role"] not in plan["roles"]}
    assert theirs == {"opensearchAdmin", "opensearchDashboards"}


def test_templates_retention_and_numbers_are_those_that_are_written_down(plan: dict[str, Any]) -> None:
    expected = golden("policies.yaml")
    settings = plan["componentTemplates"]["ai-ml-observability-log-settings"]["template"]["settings"]["index"]
    assert settings == expected.pop("settings")
    assert {key: plan[key] for key in expected} == expected


@pytest.mark.parametrize(
    "values", [{}, {"opensearch": {"singleNode": True}}, {"opensearchSetup": {"retention": "1h", "shards": 7}}]
)
def test_every_stream_that_is_written_has_a_template_and_ends(sources: Sources, values: dict[str, Any]) -> None:
    made = setup_plan(sources, values=values)
    managed = [
        pattern
        for policy in made["policies"].values()
        for template in policy["ism_template"]
        for pattern in template["index_patterns"]
    ]
    assert sorted(managed) == sorted(made["indexTemplates"]) == sorted(WRITTEN.values())
    for policy in made["policies"].values():
        states = {state["name"]: state for state in policy["states"]}
        (transition,) = states[policy["default_state"]]["transitions"]
        assert "delete" in states[transition["state_name"]]["actions"][0]

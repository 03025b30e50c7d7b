"""What the chart says of OpenSearch: templates, retention, roles and the set-up's objects, as data and as rendered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.logs.fields import LogField
from generator.stack.opensearch import indices, security
from generator.stack.opensearch.setup import CLIENTS, opensearch_templates, setup_plan
from generator.stack.secrets.names import SECRETS

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.choices.profiles import Profile


@pytest.fixture
def profile(sources: Sources) -> Any:
    def make(name: str = "standalone", **choices: Any) -> Profile:
        return load_profile(name, sources, [Layer("test", {"components": {"opensearch": choices}})])

    return make


def test_fields_with_dots_become_objects_and_the_rest_is_not_indexed() -> None:
    fields = [LogField("a.b", "keyword", "", ""), LogField("a.c", "flat_object", "", ""), LogField("d", "date", "", "")]
    assert indices.mapping(fields) == {
        "dynamic": "false",
        "properties": {
            "a": {"properties": {"b": {"type": "keyword", "ignore_above": 1024}, "c": {"type": "flat_object"}}},
            "d": {"type": "date"},
        },
    }


@pytest.mark.parametrize(
    ("nodes", "primaries", "replicas"), [(1, "1", "0"), (2, "2", "1"), (3, "3", "1"), (9, "3", "1")]
)
def test_shards_and_copies_follow_the_number_of_nodes(profile: Any, nodes: int, primaries: str, replicas: str) -> None:
    chosen = profile(nodes=nodes)
    found = indices.index_templates(chosen)
    assert found["logs-kubernetes"]["template"]["settings"]["index"]["number_of_shards"] == primaries
    assert found["logs-host"]["template"]["settings"]["index"]["number_of_shards"] == "1"
    settings = indices.component_templates(chosen, [])[indices.SETTINGS]["template"]["settings"]["index"]
    assert settings["number_of_replicas"] == replicas
    assert set(indices.cluster_settings(chosen).values()) == {replicas}
    assert set(indices.management_settings(chosen).values()) == {replicas}


@pytest.mark.parametrize(
    ("volume", "size"), [("5Gi", "512mb"), ("50Gi", "5120mb"), ("1Ti", "30720mb"), ("100Mi", "100mb")]
)
def test_an_index_is_a_small_part_of_the_disk(profile: Any, volume: str, size: str) -> None:
    written, deleted = indices.policy(profile(volume=volume))["states"]
    assert written["actions"][0]["rollover"]["min_primary_shard_size"] == size
    assert deleted["transitions"] == []


def test_a_line_is_kept_for_the_retention_at_least_counted_from_the_end_of_its_index(profile: Any) -> None:
    (transition,) = indices.policy(profile(retention="36h"))["states"][0]["transitions"]
    assert transition == {"state_name": "deleted", "conditions": {"min_rollover_age": "36h"}}
    for name, kept in (("standalone", "14d"), ("kind", "1d")):
        (transition,) = indices.policy(profile(name))["states"][0]["transitions"]
        assert transition["conditions"] == {"min_rollover_age": kept}


def test_every_user_has_a_secret_and_a_role_that_exists() -> None:
    for login in security.LOGINS:
        assert SECRETS[login.key].username
        assert login.role in security.ROLES or login.role in ("all_access", "kibana_server")


def test_a_new_cluster_has_no_user_no_role_of_ours_and_asks_for_a_login() -> None:
    files = security.initial_files()
    for name, content in files.items():
        if name != "config.yml":
            assert list(content) == ["_meta"]
    dynamic = files["config.yml"]["config"]["dynamic"]
    assert dynamic["http"]["anonymous_auth_enabled"] is False
    assert "hash" not in str(files)


def test_the_plan_holds_nothing_secret_and_is_the_same_each_time(profile: Any, sources: Sources) -> None:
    plans = {json.dumps(setup_plan(profile(), sources.log_fields)) for _ in range(2)}
    (text,) = plans
    assert "password" not in text
    assert "BEGIN" not in text


def test_text_that_helm_would_take_for_a_template_arrives_as_it_is(profile: Any) -> None:
    fields = {"a": LogField("a", "keyword", "", "")}
    chart = opensearch_templates(profile(), fields, header="made")
    text = chart["templates/opensearch/_setup.tpl"]
    plan = text.split("plan.json: |\n")[1].split('\n{{- include "ai-ml-observability.programs"')[0]
    assert yaml.safe_load(plan) == setup_plan(profile(), fields)


def test_the_clients_are_those_whose_logins_there_are() -> None:
    assert {"fluent-bit", "grafana", "opensearch-dashboards", "opensearch-exporter"} < set(CLIENTS)

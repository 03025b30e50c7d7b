"""What the chart says of OpenSearch: templates, retention, roles and the set-up's objects, as data and as rendered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.logs.fields import LogField
from generator.stack.opensearch import indices, security
from generator.stack.opensearch.setup import CLIENTS
from generator.stack.secrets.names import SECRETS
from tests.opensearch.plan import setup_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources


Plan = dict[str, Any]


@pytest.fixture
def plan(sources: Sources) -> Callable[..., Plan]:
    """Returns a function from choices about OpenSearch, and values of the install, to the set-up's plan."""

    def make(name: str = "standalone", values: Plan | None = None, **choices: Any) -> Plan:
        chosen = load_profile(name, sources, [Layer("test", {"components": {"opensearch": choices}})])
        return setup_plan(sources, chosen, values)

    return make


def copies(plan: Plan) -> set[str]:
    """Returns every number of copies in a plan."""
    index = plan["componentTemplates"][indices.SETTINGS]["template"]["settings"]["index"]
    return {index["number_of_replicas"], *plan["clusterSettings"].values(), *plan["managementSettings"].values()}


def primaries(plan: Plan) -> dict[str, str]:
    """Returns data stream → primary shards."""
    return {
        stream: body["template"]["settings"]["index"]["number_of_shards"]
        for stream, body in plan["indexTemplates"].items()
    }


def life(plan: Plan) -> tuple[str, str]:
    """Returns the size at which an index is followed by a new one, and how long it is kept."""
    written, deleted = plan["policies"][indices.POLICY]["states"]
    (transition,) = written["transitions"]
    assert deleted["transitions"] == []
    return written["actions"][0]["rollover"]["min_primary_shard_size"], transition["conditions"]["min_rollover_age"]


def test_fields_with_dots_become_objects_and_the_rest_is_not_indexed() -> None:
    fields = [LogField("a.b", "keyword", "", ""), LogField("a.c", "flat_object", "", ""), LogField("d", "date", "", "")]
    assert indices.mapping(fields) == {
        "dynamic": "false",
        "properties": {
            "a": {"properties": {"b": {"type": "keyword", "ignore_above": 1024}, "c": {"type": "flat_object"}}},
            "d": {"type": "date"},
        },
    }


@pytest.mark.parametrize(("nodes", "shards", "replicas"), [(1, "1", "0"), (2, "2", "1"), (3, "3", "1"), (9, "3", "1")])
def test_shards_and_copies_follow_the_number_of_nodes(
    plan: Callable[..., Plan], nodes: int, shards: str, replicas: str
) -> None:
    for made in (plan(nodes=nodes), plan(values={"opensearch": {"replicas": nodes, "singleNode": nodes == 1}})):
        assert primaries(made) == {"logs-kubernetes": shards, "logs-host": "1"}
        assert copies(made) == {replicas}


def test_opensearch_scaled_to_none_still_has_indices_with_a_shard(plan: Callable[..., Plan]) -> None:
    made = plan(values={"opensearch": {"replicas": 0}})
    assert primaries(made) == {"logs-kubernetes": "1", "logs-host": "1"}
    assert copies(made) == {"0"}


def test_a_single_node_is_one_whatever_the_number_of_replicas_says(plan: Callable[..., Plan]) -> None:
    assert copies(plan(values={"opensearch": {"singleNode": True}})) == {"0"}
    assert copies(plan(values={"opensearch": {"replicas": 1}})) == {"0"}


@pytest.mark.parametrize(
    ("volume", "size"),
    [
        ("5Gi", "512mb"),
        ("50Gi", "5120mb"),
        ("1Ti", "30720mb"),
        ("100Mi", "100mb"),
        ("50G", "4768mb"),
        ("1.5Ti", "30720mb"),
        (53687091200, "5120mb"),
        ("53687091200", "5120mb"),
    ],
)
def test_an_index_is_a_small_part_of_the_disk(plan: Callable[..., Plan], volume: str | int, size: str) -> None:
    assert life(plan(values={"opensearch": {"persistence": {"size": volume}}})) == (size, "14d")
    if str(volume).endswith("i") and "." not in str(volume):
        assert life(plan(volume=volume)) == (size, "14d")


def test_a_size_that_cannot_be_reckoned_with_is_refused_with_the_way_out(plan: Callable[..., Plan]) -> None:
    def size(text: str | None, **setup: str) -> Plan:
        return plan(values={"opensearch": {"persistence": {"size": text}}, "opensearchSetup": setup})

    for text in ("1e9", "big", "50gi", None):
        with pytest.raises(Exception, match=r"opensearch\.persistence\.size: found .*rolloverSize"):
            size(text)
    assert life(size("1e9", rolloverSize="2Gi")) == ("2048mb", "14d")


def test_a_line_is_kept_for_the_retention_at_least_counted_from_the_end_of_its_index(
    plan: Callable[..., Plan],
) -> None:
    assert [life(plan(name))[1] for name in ("standalone", "kind")] == ["14d", "1d"]
    assert life(plan(retention="36h"))[1] == "36h"
    assert life(plan(values={"opensearchSetup": {"retention": "3d"}}))[1] == "3d"


def test_what_is_derived_can_be_said_instead(plan: Callable[..., Plan]) -> None:
    made = plan(values={"opensearchSetup": {"replicas": 2, "shards": 5, "rolloverSize": "1Ti"}})
    assert (copies(made), primaries(made)["logs-kubernetes"], life(made)[0]) == ({"2"}, "5", "1048576mb")
    assert copies(plan(values={"opensearchSetup": {"replicas": 0}})) == {"0"}


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


def test_the_plan_holds_nothing_secret_and_is_the_same_each_time(plan: Callable[..., Plan]) -> None:
    first, second = (json.dumps(plan()) for _ in range(2))
    assert first == second
    assert "password" not in first
    assert "BEGIN" not in first


def test_text_that_helm_would_take_for_a_template_arrives_as_it_is(sources: Sources) -> None:
    fields = {"a": LogField("{{ .Values }}", "keyword", "", "")}
    plan = setup_plan(replace(sources, log_fields=fields))
    properties = plan["componentTemplates"][indices.FIELDS]["template"]["mappings"]["properties"]
    assert list(properties) == ["{{ "]


def test_the_clients_are_those_whose_logins_there_are() -> None:
    assert {"fluent-bit", "grafana", "opensearch-dashboards", "opensearch-exporter"} < set(CLIENTS)

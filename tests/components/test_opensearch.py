"""The store for logs: one node or a quorum, no privileged container, no password that a template would have to make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[..., dict[str, dict]]

NAME = "opensearch"


@pytest.mark.parametrize(("nodes", "single"), [(1, True), (2, False), (3, False), (5, False)])
def test_one_node_needs_no_quorum_more_do(values: Values, nodes: int, single: bool) -> None:
    found = values("standalone", {"components": {NAME: {"nodes": nodes}}})[NAME]
    assert (found["replicas"], found["singleNode"]) == (nodes, single)


def test_kind_runs_a_single_node(values: Values) -> None:
    assert values("kind")[NAME]["singleNode"] is True


def test_the_heap_is_fixed_so_that_it_never_grows_at_work(values: Values) -> None:
    found = values("standalone", {"components": {NAME: {"heap": "31g"}}})[NAME]
    assert found["opensearchJavaOpts"] == "-Xms31g -Xmx31g"


def test_without_its_security_plugin_it_speaks_http_and_makes_no_demo_certificates(values: Values) -> None:
    found = values()[NAME]
    assert found["protocol"] == "http"
    assert found["securityConfig"] == {"enabled": False}
    assert {entry["name"] for entry in found["extraEnvs"]} == {"DISABLE_INSTALL_DEMO_CONFIG", "DISABLE_SECURITY_PLUGIN"}


def test_no_node_needs_a_sysctl_and_no_container_runs_as_root(values: Values) -> None:
    found = values()[NAME]
    assert yaml.safe_load(found["config"]["opensearch.yml"])["node.store.allow_mmap"] is False
    assert found["persistence"]["enableInitChown"] is False
    assert "sysctl" not in found
    assert "sysctlInit" not in found


def test_its_user_interface_finds_it_and_expects_no_login_either(values: Values) -> None:
    found = values()["opensearch-dashboards"]
    assert found["opensearchHosts"] == "http://opensearch-cluster-master:9200"
    assert found["extraEnvs"] == [{"name": "DISABLE_SECURITY_DASHBOARDS_PLUGIN", "value": "true"}]
    assert found["enabled"] is False

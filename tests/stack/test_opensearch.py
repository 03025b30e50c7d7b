"""The store for logs: one node or a quorum, TLS and logins from Secrets, no privileged container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import libyaml
from tests.opensearch import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources

    Values = Callable[..., dict[str, dict[str, Any]]]
    Configuration = Callable[..., dict[str, Any]]

NAME = "opensearch"
MARKS = "cluster.routing.allocation.disk.watermark"


@pytest.fixture
def configuration(sources: Sources) -> Configuration:
    """Returns a function from a profile and values of the install to opensearch.yml as data."""

    def read(profile: str = "standalone", values: dict[str, Any] | None = None) -> dict[str, Any]:
        settings: dict[str, Any] = libyaml.load(plan.configuration(sources, profile, values))
        return settings

    return read


@pytest.mark.parametrize(("nodes", "single"), [(1, True), (2, False), (3, False), (5, False)])
def test_one_node_needs_no_quorum_more_do(values: Values, nodes: int, single: bool) -> None:
    found = values("standalone", {"components": {NAME: {"nodes": nodes}}})[NAME]
    assert (found["replicas"], found["singleNode"]) == (nodes, single)


def test_kind_runs_a_single_node(values: Values) -> None:
    assert values("kind")[NAME]["singleNode"] is True


def test_the_heap_is_fixed_so_that_it_never_grows_at_work(values: Values) -> None:
    found = values("standalone", {"components": {NAME: {"heap": "31g"}}})[NAME]
    assert found["opensearchJavaOpts"] == "-Xms31g -Xmx31g"


@pytest.mark.parametrize("layer", ["http", "transport"])
def test_both_layers_speak_tls_with_the_certificate_of_the_secret(configuration: Configuration, layer: str) -> None:
    found = configuration()
    for key, name in (("pemcert", "tls.crt"), ("pemkey", "tls.key"), ("pemtrustedcas", "ca.crt")):
        assert found[f"plugins.security.ssl.{layer}.{key}_filepath"] == f"tls/{name}"
    assert found["plugins.security.ssl.http.enabled"] is True


def test_the_certificate_is_a_whole_volume_inside_the_configuration_so_that_a_renewed_one_arrives(
    values: Values, configuration: Configuration
) -> None:
    (mount,) = values()[NAME]["secretMounts"]
    assert mount["path"] == "/usr/share/opensearch/config/tls"
    assert mount["secretName"] == "opensearch-node-tls"
    assert "subPath" not in mount
    assert mount["defaultMode"] == 0o440, "the group is fsGroup, OpenSearch's"
    assert configuration()["plugins.security.ssl.certificates_hot_reload.enabled"] is True


def test_a_secret_of_ones_own_is_mounted_instead(values: Values) -> None:
    existing = {"secrets": {"existing": {"opensearchNodeTls": "mine", "opensearchDashboards": "my-login"}}}
    found = values("standalone", existing)
    assert found[NAME]["secretMounts"][0]["secretName"] == "mine"
    dashboards = found["opensearch-dashboards"]
    assert dashboards["extraVolumes"][0]["secret"]["secretName"] == "mine"
    assert {entry["valueFrom"]["secretKeyRef"]["name"] for entry in dashboards["extraEnvs"]} == {"my-login"}


def test_security_is_on_and_no_demo_user_or_certificate_is_left(values: Values, configuration: Configuration) -> None:
    found = values()[NAME]
    environment = {entry["name"]: entry["value"] for entry in found["extraEnvs"]}
    assert environment["DISABLE_INSTALL_DEMO_CONFIG"] == "true"
    assert "DISABLE_SECURITY_PLUGIN" not in environment
    assert "plugins.security.disabled" not in configuration()
    (mount,) = found["extraVolumeMounts"]
    assert mount["mountPath"] == "/usr/share/opensearch/config/opensearch-security"
    assert "subPath" not in mount, "the image's own files would stay beside it"


def test_only_two_names_are_trusted(configuration: Configuration) -> None:
    found = configuration()
    assert found["plugins.security.nodes_dn"] == ["CN=opensearch-node"]
    assert found["plugins.security.authcz.admin_dn"] == ["CN=opensearch-admin"]


def test_the_disks_marks_are_shares_of_a_volume_and_sizes_on_a_shared_disk(configuration: Configuration) -> None:
    def marks(*arguments: Any) -> list[str]:
        found = configuration(*arguments)
        return [found[f"{MARKS}.{mark}"] for mark in ("low", "high", "flood_stage")]

    assert marks("standalone") == ["85%", "90%", "95%"]
    assert marks("kind") == ["3gb", "2gb", "1gb"]
    assert marks("standalone", {NAME: {"persistence": {"enabled": False}}}) == ["3gb", "2gb", "1gb"]


def test_no_node_needs_a_sysctl_and_no_container_runs_as_root(values: Values, configuration: Configuration) -> None:
    found = values()[NAME]
    assert configuration()["node.store.allow_mmap"] is False
    assert found["persistence"]["enableInitChown"] is False
    assert found["podSecurityContext"]["runAsNonRoot"] is True
    assert "sysctl" not in found
    assert "sysctlInit" not in found


def test_its_user_interface_logs_in_over_tls_that_it_verifies(values: Values) -> None:
    found = values()["opensearch-dashboards"]
    assert found["enabled"] is False
    assert found["opensearchHosts"] == "https://opensearch-cluster-master:9200"
    written = libyaml.load(found["config"]["opensearch_dashboards.yml"])
    assert written["opensearch.ssl.verificationMode"] == "full"
    (authority,) = written["opensearch.ssl.certificateAuthorities"]
    (volume,), (mount,) = found["extraVolumes"], found["extraVolumeMounts"]
    assert authority == f"{mount['mountPath']}/{volume['secret']['items'][0]['path']}"
    assert volume["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}], "not the key of OpenSearch's certificate"


def test_its_login_is_filled_in_by_the_server_and_is_no_argument_of_its_process(values: Values) -> None:
    found = values()["opensearch-dashboards"]
    written = libyaml.load(found["config"]["opensearch_dashboards.yml"])
    names = {entry["name"] for entry in found["extraEnvs"]}
    assert {written["opensearch.username"], written["opensearch.password"]} == {f"${{{name}}}" for name in names}
    assert not names & {"OPENSEARCH_USERNAME", "OPENSEARCH_PASSWORD"}

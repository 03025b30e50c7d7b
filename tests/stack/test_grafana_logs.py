"""Grafana's data source for logs: verified TLS, no secret in clear, and a plugin that need not be downloaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests import libyaml
from tests.conftest import PROFILES, lineage

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[..., dict[str, Any]]

NAME = "kube-prometheus-stack"
OWN = [profile for profile in PROFILES if "bring-your-own-prometheus" not in lineage(profile)]


def grafana(values: Values, profile: str = "standalone", **choices: Any) -> dict[str, Any]:
    found: dict[str, Any] = values(profile, choices)[NAME]["grafana"] if choices else values(profile)[NAME]["grafana"]
    return found


def plugin(values: Values, **choice: Any) -> dict[str, Any]:
    return grafana(values, components={NAME: {"grafana": {"opensearchPlugin": choice}}})


@pytest.mark.parametrize("profile", OWN)
def test_the_data_source_is_not_the_default_and_verifies_the_certificate(values: Values, profile: str) -> None:
    (source,) = grafana(values, profile)["additionalDataSources"]
    assert (source["uid"], source["type"]) == ("opensearch", "grafana-opensearch-datasource")
    assert source["isDefault"] is False
    assert source["url"] == "https://opensearch-cluster-master:9200"
    assert source["jsonData"]["tlsAuthWithCACert"] is True
    assert "tlsSkipVerify" not in libyaml.dump(source)
    assert source["jsonData"]["database"] == "logs-*"


def test_login_and_certificate_come_from_secrets_and_nothing_else_of_these_is_mounted(values: Values) -> None:
    found = grafana(values)
    (source,) = found["additionalDataSources"]
    named = re.findall(r"\$__env\{(\w+)\}", libyaml.dump(source))
    assert sorted(named) == sorted(found["envValueFrom"])
    references = [one["secretKeyRef"] for one in found["envValueFrom"].values()]
    assert {(one["name"], one["key"]) for one in references} == {
        ("opensearch-grafana", "username"),
        ("opensearch-grafana", "password"),
    }
    (mount,) = found["extraSecretMounts"]
    assert mount["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert source["secureJsonData"]["tlsCACert"] == f"$__file{{{mount['mountPath']}/ca.crt}}"


def test_secrets_of_ones_own_are_used(values: Values) -> None:
    found = grafana(values, secrets={"existing": {"opensearchGrafana": "mine", "opensearchNodeTls": "my-tls"}})
    assert found["envValueFrom"]["OPENSEARCH_PASSWORD"]["secretKeyRef"]["name"] == "mine"
    assert found["extraSecretMounts"][0]["secretName"] == "my-tls"


def test_grafana_fetches_the_pinned_plugin_in_the_background_so_that_it_starts_without_a_way_out(
    values: Values,
) -> None:
    found = grafana(values)
    assert re.fullmatch(r"grafana-opensearch-datasource@\d+\.\d+\.\d+", found["grafana.ini"]["plugins"]["preinstall"])
    assert "plugins" not in found, "the chart's own list is preinstall_sync, which keeps Grafana from starting"
    assert found["extraInitContainers"] == []


def test_an_archive_inside_the_network_is_named_behind_the_version(values: Values) -> None:
    found = plugin(values, version="2.34.2", url="https://files.example/plugin.zip")
    expected = "grafana-opensearch-datasource@2.34.2@https://files.example/plugin.zip"
    assert found["grafana.ini"]["plugins"]["preinstall"] == expected


def test_from_an_image_the_plugin_is_copied_and_nothing_is_fetched(values: Values) -> None:
    found = plugin(values, image="registry.example/plugin:1")
    assert found["grafana.ini"]["plugins"] == {"preinstall": ""}
    (container,) = found["extraInitContainers"]
    assert container["image"] == "registry.example/plugin:1"
    assert container["volumeMounts"] == [{"name": "storage", "mountPath": "/var/lib/grafana"}]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_without_opensearch_there_is_neither_data_source_nor_plugin(values: Values) -> None:
    found = grafana(values, components={"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}})
    assert [found[key] for key in ("additionalDataSources", "extraSecretMounts", "extraInitContainers")] == [[], [], []]
    assert "envValueFrom" not in found
    assert found["grafana.ini"]["plugins"] == {"preinstall": ""}

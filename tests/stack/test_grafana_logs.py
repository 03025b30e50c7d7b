"""Grafana's data source for logs: verified TLS, no secret in clear, and a plugin that need not be downloaded."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.files.templating import render
from generator.stack.grafana.log_source import CONFIG_MAP, data_source_template
from tests import helm, libyaml
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


def data_source(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the data source that the chart's own ConfigMap has, rendered by Helm's engine."""
    files = {
        "Chart.yaml": libyaml.dump({"apiVersion": "v2", "name": "ai-ml-observability", "version": "1.2.3"}),
        "values.yaml": libyaml.dump({"parts": {"stack": True}, "opensearchExternal": {}, "secrets": {}, **values}),
        "templates/_helpers.tpl": render("build/templates/_helpers.tpl", header="Generated."),
        **data_source_template(header="Generated."),
    }
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        found = helm.render_in_process(Path(folder), {})
    (source,) = libyaml.load(found[CONFIG_MAP]["data"]["logs.yaml"])["datasources"]
    return dict(source)


@pytest.mark.parametrize("profile", OWN)
def test_the_data_source_is_not_the_default_and_verifies_the_certificate(values: Values, profile: str) -> None:
    source = data_source(values(profile))
    assert (source["uid"], source["type"]) == ("opensearch", "grafana-opensearch-datasource")
    assert source["isDefault"] is False
    assert source["url"] == "https://opensearch-cluster-master:9200"
    assert source["jsonData"]["tlsAuthWithCACert"] is True
    assert "tlsSkipVerify" not in libyaml.dump(source)
    assert source["jsonData"]["database"] == "logs-*"


def test_login_and_certificate_come_from_secrets_and_nothing_else_of_these_is_mounted(values: Values) -> None:
    source = data_source(values("standalone"))
    found = grafana(values)
    mounts = {mount["secretName"]: mount for mount in found["extraSecretMounts"]}
    authority, login = (mounts[name] for name in ("opensearch-node-tls", "opensearch-grafana"))
    assert authority["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert source["secureJsonData"]["tlsCACert"] == f"$__file{{{authority['mountPath']}/ca.crt}}"
    assert source["basicAuthUser"] == f"$__file{{{login['mountPath']}/username}}"
    assert source["secureJsonData"]["basicAuthPassword"] == f"$__file{{{login['mountPath']}/password}}"
    # Without OpenSearch nobody makes them, and the pod must not wait; with it Grafana cannot read its files and ends.
    assert all(mount["optional"] is True for mount in mounts.values())
    files = {mount["configMap"]: mount["subPath"] for mount in found["extraConfigmapMounts"]}
    assert files == {"kube-prometheus-stack-grafana-datasource": "datasource.yaml", CONFIG_MAP: "logs.yaml"}


def test_secrets_of_ones_own_are_used(values: Values) -> None:
    found = grafana(values, secrets={"existing": {"opensearchGrafana": "mine", "opensearchNodeTls": "my-tls"}})
    assert [mount["secretName"] for mount in found["extraSecretMounts"]] == ["my-tls", "mine"]


KEPT = {"preinstall_auto_update": False}
"""Or Grafana 13.2 ends its own data source of Prometheus at each start, to replace it by whatever is newest."""


def test_grafana_fetches_the_pinned_plugin_in_the_background_so_that_it_starts_without_a_way_out(
    values: Values,
) -> None:
    found = grafana(values)
    assert re.fullmatch(r"grafana-opensearch-datasource@\d+\.\d+\.\d+", found["grafana.ini"]["plugins"]["preinstall"])
    assert "plugins" not in found, "the chart's own list is preinstall_sync, which keeps Grafana from starting"
    assert found["grafana.ini"]["plugins"].items() >= KEPT.items()
    assert found["extraInitContainers"] == []


def test_an_archive_inside_the_network_is_named_behind_the_version(values: Values) -> None:
    found = plugin(values, version="2.34.2", url="https://files.example/plugin.zip")
    expected = "grafana-opensearch-datasource@2.34.2@https://files.example/plugin.zip"
    assert found["grafana.ini"]["plugins"]["preinstall"] == expected


def test_from_an_image_the_plugin_is_copied_and_nothing_is_fetched(values: Values) -> None:
    found = plugin(values, image="registry.example/plugin:1")
    assert found["grafana.ini"]["plugins"] == {"preinstall": "", **KEPT, "preinstall_disabled": True}
    (container,) = found["extraInitContainers"]
    assert container["image"] == "registry.example/plugin:1"
    assert container["volumeMounts"] == [{"name": "storage", "mountPath": "/var/lib/grafana"}]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_without_opensearch_there_is_neither_data_source_nor_plugin(values: Values) -> None:
    found = grafana(values, components={"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}})
    assert [found[key] for key in ("extraSecretMounts", "extraInitContainers")] == [[], []]
    assert CONFIG_MAP not in [mount["configMap"] for mount in found["extraConfigmapMounts"]]
    assert found["grafana.ini"]["plugins"] == {"preinstall": "", **KEPT}

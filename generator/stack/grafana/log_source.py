"""Grafana's way to the logs: the data source for OpenSearch, its login and the plugin that it needs.

Facts are from the grafana chart 12.11.1, Grafana 13.2 and grafana-opensearch-datasource 2.34.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.dashboards.opensearch import PLUGIN
from generator.files.templating import render
from generator.stack.component import choices_of
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.external import external
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

UID = "opensearch"
"""Identity of the data source in addresses and in Explore; dashboards choose it by a variable."""

CONFIG_MAP = "ai-ml-observability-grafana-logs"
"""The ConfigMap with the data source; it is there as long as this chart's Grafana is, and empty without OpenSearch."""

_MOUNTED = {"ca": "/etc/grafana/opensearch", "login": "/etc/grafana/opensearch-login"}
"""Where Grafana finds the authority of the certificate, ca.crt, and the login, username and password."""

_PLUGINS = "/var/lib/grafana/plugins"
"""Where Grafana looks for plugins."""


def log_context(profile: Profile, plugin: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what values.yaml beside this module is filled with; ``logs`` is None if there is no OpenSearch to ask.

    Args:
        profile: the choices.
        plugin: where the plugin comes from; ``image`` wins over ``url``, and that over grafana.com.
    """
    other = external(profile)
    if other is None and not choices_of(profile, opensearch.NAME)["enabled"]:
        return {"logs": None, "preinstall": "", "plugins": _PLUGINS}
    logs = {
        "plugin": PLUGIN,
        "image": plugin["image"],
        "config_map": CONFIG_MAP,
        "mounted": _MOUNTED,
    }
    if other is None:
        logs |= {"url": opensearch.URL, "login": secret_name(profile, "opensearchGrafana"), "region": None}
        logs["ca"] = secret_name(profile, "opensearchNodeTls")
    else:
        login = profile.choices["secrets"]["existing"]["opensearchGrafana"]
        logs |= {"url": other.url, "login": login, "ca": other.ca, "region": other.region}
    parts = (PLUGIN, plugin["version"], *([plugin["url"]] if plugin["url"] is not None else ()))
    return {"logs": logs, "preinstall": "" if plugin["image"] else "@".join(parts), "plugins": _PLUGINS}


def data_source_template(*, header: str) -> Chart:
    """Builds the template of the data source's ConfigMap, by its path in the chart; ``header`` is its first line."""
    text = render(
        "stack/grafana/templates/data-source.yaml",
        header=header,
        name=CONFIG_MAP,
        uid=UID,
        plugin=PLUGIN,
        url=opensearch.URL,
        mounted=_MOUNTED,
    )
    return {"templates/grafana/data-source.yaml": text}

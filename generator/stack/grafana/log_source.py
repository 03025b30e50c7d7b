"""Grafana's way to the logs: the data source for OpenSearch, its login and the plugin that it needs.

Facts are from the grafana chart 12.11.1, Grafana 13.2 and grafana-opensearch-datasource 2.34.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.dashboards.opensearch import PLUGIN
from generator.stack.component import choices_of
from generator.stack.opensearch import component as opensearch
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

UID = "opensearch"
"""Identity of the data source in addresses and in Explore; dashboards choose it by a variable."""

_PLUGINS = "/var/lib/grafana/plugins"
"""Where Grafana looks for plugins."""


def log_context(profile: Profile, plugin: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what values.yaml beside this module is filled with; ``logs`` is None if this chart has no OpenSearch.

    Args:
        profile: the choices.
        plugin: where the plugin comes from; ``image`` wins over ``url``, and that over grafana.com.
    """
    if not choices_of(profile, opensearch.NAME)["enabled"]:
        return {"logs": None, "preinstall": "", "plugins": _PLUGINS}
    logs = {
        "uid": UID,
        "plugin": PLUGIN,
        "url": opensearch.URL,
        "login": secret_name(profile, "opensearchGrafana"),
        "node_tls": secret_name(profile, "opensearchNodeTls"),
        "image": plugin["image"],
    }
    parts = (PLUGIN, plugin["version"], *([plugin["url"]] if plugin["url"] is not None else ()))
    return {"logs": logs, "preinstall": "" if plugin["image"] else "@".join(parts), "plugins": _PLUGINS}

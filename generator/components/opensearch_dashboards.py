"""OpenSearch Dashboards, optional (opensearch-dashboards chart 3.6.0 values.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.components import opensearch
from generator.components.component import Component, choices_of

if TYPE_CHECKING:
    from generator.profiles import Profile

NAME = "opensearch-dashboards"


def component(profile: Profile) -> Component:
    """Gives OpenSearch Dashboards as the profile wants it."""
    values: dict[str, Any] = {
        "enabled": choices_of(profile, NAME)["enabled"],
        "fullnameOverride": NAME,
        "opensearchHosts": f"http://{opensearch.SERVICE}:9200",
        "extraEnvs": [{"name": "DISABLE_SECURITY_DASHBOARDS_PLUGIN", "value": "true"}],
    }
    comments = {"extraEnvs": "OpenSearch runs without its security plugin, so its dashboards must too."}
    return Component(NAME, "OpenSearch's own user interface", values, comments)

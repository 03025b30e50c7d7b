"""OpenSearch Dashboards, optional (opensearch-dashboards chart 3.6.0 values.yaml and templates)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.stack.component import Component, choices_of, from_template
from generator.stack.opensearch import component as opensearch
from generator.stack.priorities import priority_context
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "opensearch-dashboards"


def component(profile: Profile) -> Component:
    """Builds OpenSearch Dashboards as the profile wants it."""
    return from_template(
        NAME,
        "OpenSearch's own user interface",
        choices=choices_of(profile, NAME),
        **priority_context(profile),
        url=opensearch.URL,
        login=secret_name(profile, "opensearchDashboards"),
        node_tls=secret_name(profile, "opensearchNodeTls"),
    )

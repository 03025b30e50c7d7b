"""OpenSearch, the store for logs (opensearch chart 3.6.0 values.yaml and templates).

Its users, roles, templates and retention are not here: generator/opensearch has them, and a Job brings them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import InputError
from generator.files.templating import render
from generator.stack.component import Component, choices_of, from_template
from generator.stack.opensearch.external import external_problems
from generator.stack.priorities import priority_context
from generator.stack.secrets.names import ADMIN_NAME, NODE_NAME, secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "opensearch"
SERVICE = "opensearch-cluster-master"
"""The Service's name: the chart derives it from clusterName and nodeGroup, never from the release."""

URL = f"https://{SERVICE}:9200"
"""What clients in the release's namespace use; its certificate names the host."""

SECURITY_CONFIG = "ai-ml-observability-opensearch-security"
"""The ConfigMap with the security configuration that a new cluster starts with."""

_CONFIG_FOLDER = "/usr/share/opensearch/config"
_TLS = "tls"
"""The folder of the certificates, below OpenSearch's configuration; it reads no file outside of that."""


def component(profile: Profile) -> Component:
    """Builds OpenSearch as the profile wants it.

    Raises:
        InputError: see external_problems.
    """
    if problems := tuple(external_problems(profile)):
        raise InputError(*problems)
    return from_template(
        NAME,
        "the store for logs",
        choices=choices_of(profile, NAME),
        **priority_context(profile),
        storage=profile.choices["storage"],
        configuration=render(
            "stack/opensearch/templates/opensearch.yml", tls=_TLS, node_name=NODE_NAME, admin_name=ADMIN_NAME
        ),
        folder=_CONFIG_FOLDER,
        tls=_TLS,
        node_tls=secret_name(profile, "opensearchNodeTls"),
        security_config=SECURITY_CONFIG,
    )

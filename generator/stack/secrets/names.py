"""The names of the Secrets that the chart's pods read; none of their contents is ever known here.

A name is fixed, because there is one such chart in a namespace, or is the one that the profile gives under
``secrets.existing``. Who makes them is told in docs/secrets.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

NODE_NAME = "opensearch-node"
"""Common name of the certificate of OpenSearch's nodes; OpenSearch takes no other one for a node."""

ADMIN_NAME = "opensearch-admin"
"""Common name of the client certificate that may change OpenSearch's users and roles."""


@dataclass(frozen=True)
class Secret:
    """What one Secret is for.

    Attributes:
        name: its name unless the profile names another one.
        username: the user whose password it holds; "" for a certificate.
        user_key: the key of the user's name; "" for a certificate.
        password_key: the key of the password; "" for a certificate.
    """

    name: str
    username: str = ""
    user_key: str = ""
    password_key: str = ""


def _login(name: str, username: str) -> Secret:
    return Secret(name, username, "username", "password")


SECRETS: Mapping[str, Secret] = MappingProxyType(
    {
        "opensearchCa": Secret("opensearch-ca"),
        "opensearchNodeTls": Secret("opensearch-node-tls"),
        "opensearchAdminTls": Secret("opensearch-admin-tls"),
        "opensearchAdmin": _login("opensearch-admin", "admin"),
        "opensearchFluentBit": _login("opensearch-fluent-bit", "fluent-bit"),
        "opensearchGrafana": _login("opensearch-grafana", "grafana"),
        "opensearchExporter": _login("opensearch-exporter", "exporter"),
        "opensearchDashboards": _login("opensearch-dashboards", "dashboards"),
        "grafanaAdmin": Secret("grafana-admin", "admin", "admin-user", "admin-password"),
    }
)
"""Every Secret by its key under ``secrets.existing``."""


def secret_name(profile: Profile, key: str) -> str:
    """Returns the name of a Secret in the release's namespace.

    Args:
        profile: the choices; ``secrets.existing`` may name another Secret.
        key: one of SECRETS.
    """
    existing: Mapping[str, str | None] = profile.choices["secrets"]["existing"]
    return existing[key] or SECRETS[key].name

"""OpenSearch Dashboards, optional (opensearch-dashboards chart 3.6.0 values.yaml and templates)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.stack.component import Component, choices_of
from generator.stack.opensearch import component as opensearch
from generator.stack.secrets.names import SECRETS, secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "opensearch-dashboards"
_LOGIN = "opensearchDashboards"
_CA_FOLDER = "/usr/share/opensearch-dashboards/config/ca"
_CA = "ca.crt"

# Written as ${NAME}, which the server fills in by itself. From OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD the image's
# entrypoint would make arguments of the process.
_CONFIG = {
    "server.host": "0.0.0.0",  # noqa: S104 - the pod's own network
    "opensearch.username": "${DASHBOARDS_USERNAME}",
    "opensearch.password": "${DASHBOARDS_PASSWORD}",
    "opensearch.ssl.verificationMode": "full",
    "opensearch.ssl.certificateAuthorities": [f"{_CA_FOLDER}/{_CA}"],
    "opensearch.requestHeadersAllowlist": ["authorization", "securitytenant"],
    "opensearch_security.multitenancy.enabled": False,
    "opensearch_security.cookie.password": "${DASHBOARDS_PASSWORD}",
}

_COMMENTS = {
    "config": (
        "People log in with a user of OpenSearch. The cookie's password, at least 32 characters, is the login's: its "
        "default is the same everywhere."
    ),
}


def component(profile: Profile) -> Component:
    """Gives OpenSearch Dashboards as the profile wants it."""
    login = SECRETS[_LOGIN]
    keys = {"DASHBOARDS_USERNAME": login.user_key, "DASHBOARDS_PASSWORD": login.password_key}
    source = {"secretName": secret_name(profile, "opensearchNodeTls"), "items": [{"key": _CA, "path": _CA}]}
    values: dict[str, Any] = {
        "enabled": choices_of(profile, NAME)["enabled"],
        "fullnameOverride": NAME,
        "opensearchHosts": opensearch.URL,
        "config": {"opensearch_dashboards.yml": yamlfile.dump(_CONFIG)},
        "extraEnvs": [
            {
                "name": name,
                "valueFrom": {"secretKeyRef": {"name": secret_name(profile, _LOGIN), "key": key}},
            }
            for name, key in keys.items()
        ],
        "extraVolumes": [{"name": "opensearch-ca", "secret": source}],
        "extraVolumeMounts": [{"name": "opensearch-ca", "mountPath": _CA_FOLDER, "readOnly": True}],
        "rbac": {"create": False},
        "serviceAccount": {"automountServiceAccountToken": False},
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {"allowPrivilegeEscalation": False},
    }
    return Component(NAME, "OpenSearch's own user interface", values, _COMMENTS)

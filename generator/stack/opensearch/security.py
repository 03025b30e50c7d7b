"""Who may do what in OpenSearch: the roles, who has them, and the configuration that a new cluster starts with.

No password and no hash is here. A new cluster knows no user; the set-up, which the admin certificate lets in, gives it
the users that the Secrets name.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from generator.stack.opensearch.indices import STREAMS
from generator.stack.secrets.names import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping

INDEX_PATTERN = "logs-*"
"""What people and Grafana search."""

WRITER, READER, WATCHER = "ai-ml-observability-writer", "ai-ml-observability-reader", "ai-ml-observability-watcher"


@dataclass(frozen=True)
class Login:
    """A user whose name and password are in a Secret.

    Attributes:
        key: the Secret's key under ``secrets.existing``.
        role: the one role that the user has; one of ROLES, or one that the security plugin brings.
        description: who uses it.
        optional: whether the chart may be installed without it: OpenSearch Dashboards is off as a rule.
    """

    key: str
    role: str
    description: str
    optional: bool = False


LOGINS = (
    Login("opensearchAdmin", "all_access", "People who look after the cluster"),
    Login("opensearchFluentBit", WRITER, "Fluent Bit, which brings the logs"),
    Login("opensearchGrafana", READER, "Grafana's data source"),
    Login("opensearchExporter", WATCHER, "The exporter of metrics"),
    Login("opensearchDashboards", "kibana_server", "The server of OpenSearch Dashboards", optional=True),
)

"""The users of OpenSearch."""

ROLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # A bulk request of create operations and nothing else. It cannot make a data stream, so that no record can come
        # before the templates; it cannot read back what it wrote, change or delete it.
        WRITER: {
            "description": "Adds documents to the data streams of the logs.",
            "cluster_permissions": ["indices:data/write/bulk"],
            "index_permissions": [
                {
                    "index_patterns": list(STREAMS),
                    "allowed_actions": ["indices:data/write/bulk*", "indices:data/write/index"],
                }
            ],
        },
        # What Grafana's data source asks: the version, the indices' names, fields and mapping, and searches.
        READER: {
            "description": "Searches the logs.",
            "cluster_permissions": ["cluster:monitor/main", "indices:data/read/msearch"],
            "index_permissions": [
                {
                    "index_patterns": [INDEX_PATTERN],
                    "allowed_actions": [
                        "indices:admin/mappings/fields/get*",
                        "indices:admin/mappings/get",
                        "indices:data/read/field_caps*",
                        "indices:data/read/search*",
                    ],
                }
            ],
        },
        # What elasticsearch_exporter 1.11.0 asks with the arguments of this chart; without any of these it is refused.
        # It asks about all indices, so a narrower pattern is refused as well. None of it reads a document.
        WATCHER: {
            "description": "Reads the state of the cluster, its nodes and data streams, and the settings of indices.",
            "cluster_permissions": [
                "cluster:monitor/health",
                "cluster:monitor/main",
                "cluster:monitor/nodes/stats",
                "cluster:monitor/state",
            ],
            "index_permissions": [
                {
                    "index_patterns": ["*"],
                    "allowed_actions": ["indices:monitor/data_stream/stats", "indices:monitor/settings/get"],
                }
            ],
        },
    }
)
"""Each role by name, as the security plugin's REST API takes it."""


def initial_files() -> dict[str, Any]:
    """Returns the security configuration of a new cluster by file name: a login is asked for, and nobody has one.

    They take the place of the image's own files, which have users with passwords that everybody knows.
    """
    basic = {
        "description": "Users whose names and passwords are in OpenSearch",
        "http_enabled": True,
        "transport_enabled": False,
        "order": 0,
        "http_authenticator": {"type": "basic", "challenge": True},
        "authentication_backend": {"type": "internal"},
    }
    dynamic = {
        # One space for all in OpenSearch Dashboards.
        "kibana": {"multitenancy_enabled": False, "server_username": SECRETS["opensearchDashboards"].username},
        "http": {"anonymous_auth_enabled": False},
        "authc": {"basic": basic},
    }
    empty = {
        "action_groups.yml": "actiongroups",
        "internal_users.yml": "internalusers",
        "nodes_dn.yml": "nodesdn",
        "roles.yml": "roles",
        "roles_mapping.yml": "rolesmapping",
        "tenants.yml": "tenants",
    }
    files: dict[str, Any] = {name: {"_meta": {"type": kind, "config_version": 2}} for name, kind in empty.items()}
    files["config.yml"] = {"_meta": {"type": "config", "config_version": 2}, "config": {"dynamic": dynamic}}
    return dict(sorted(files.items()))

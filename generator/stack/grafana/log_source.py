"""Grafana's way to the logs: the data source for OpenSearch, its login and the plugin that it needs.

Facts are from the grafana chart 12.11.1, Grafana 13.2 and grafana-opensearch-datasource 2.34.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.dashboards.opensearch import PLUGIN
from generator.stack.component import choices_of
from generator.stack.opensearch import component as opensearch
from generator.stack.secrets.names import SECRETS, secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

UID = "opensearch"
"""Identity of the data source in addresses and in Explore; dashboards choose it by a variable."""

COMMENTS = {
    "grafana.additionalDataSources": (
        "The logs. The login comes from a Secret, as environment variables that Grafana fills in when it reads this; "
        "the certificate is verified with the authority's, which is all that is mounted of the Secret. The plugin "
        "(plugins.preinstall below) is fetched in the background: without a way out Grafana starts all the same."
    ),
}

COPY_COMMENT = "Copies the plugin, signature included, from an image: nothing is downloaded."

_LOGIN = "opensearchGrafana"
_CA_FOLDER = "/etc/grafana/opensearch"
_USER, _PASSWORD = "OPENSEARCH_USER", "OPENSEARCH_PASSWORD"
_STORAGE = "/var/lib/grafana"
_GROUP_MAY_READ = 0o440


def log_values(profile: Profile, plugin: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what Grafana's values need so that it can show logs; empty lists if this chart brings no OpenSearch.

    Args:
        profile: the choices.
        plugin: where the plugin comes from; ``image`` wins over ``url``, and that over grafana.com.
    """
    if not choices_of(profile, opensearch.NAME)["enabled"]:
        return {"additionalDataSources": [], "extraSecretMounts": [], "extraInitContainers": []}
    name, login = secret_name(profile, _LOGIN), SECRETS[_LOGIN]
    return {
        "additionalDataSources": [_data_source()],
        "envValueFrom": {
            _USER: {"secretKeyRef": {"name": name, "key": login.user_key}},
            _PASSWORD: {"secretKeyRef": {"name": name, "key": login.password_key}},
        },
        "extraSecretMounts": [
            {
                "name": "opensearch-ca",
                "secretName": secret_name(profile, "opensearchNodeTls"),
                "mountPath": _CA_FOLDER,
                "readOnly": True,
                "defaultMode": _GROUP_MAY_READ,
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        ],
        "extraInitContainers": [_copy(plugin["image"])] if plugin["image"] is not None else [],
    }


def preinstalled(profile: Profile, plugin: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the part of grafana.ini that says which plugin Grafana fetches; an empty text, its default, for none.

    ``preinstall`` and not the chart's ``plugins``, which is ``preinstall_sync``: Grafana would not start without the
    download.
    """
    if plugin["image"] is not None or not choices_of(profile, opensearch.NAME)["enabled"]:
        return {"plugins": {"preinstall": ""}}
    parts = (PLUGIN, plugin["version"], *([plugin["url"]] if plugin["url"] is not None else ()))
    return {"plugins": {"preinstall": "@".join(parts)}}


def _data_source() -> dict[str, Any]:
    return {
        "name": "OpenSearch",
        "uid": UID,
        "type": PLUGIN,
        "access": "proxy",
        "url": opensearch.URL,
        "isDefault": False,
        "basicAuth": True,
        "basicAuthUser": f"$__env{{{_USER}}}",
        "jsonData": {
            "database": "logs-*",
            "flavor": "opensearch",
            # The plugin refuses an empty version and asks no more of one of this flavour.
            "version": "3.0.0",
            "timeField": "@timestamp",
            "timeInterval": "10s",
            "logMessageField": "log",
            "logLevelField": "level",
            "maxConcurrentShardRequests": 5,
            "pplEnabled": False,
            "tlsAuthWithCACert": True,
        },
        "secureJsonData": {
            "basicAuthPassword": f"$__env{{{_PASSWORD}}}",
            "tlsCACert": f"$__file{{{_CA_FOLDER}/ca.crt}}",
        },
    }


def _copy(image: str) -> dict[str, Any]:
    """Gives the init container that copies the plugin from /plugin of its image into Grafana's volume."""
    target = f"{_STORAGE}/plugins"
    return {
        "name": "opensearch-plugin",
        "image": image,
        "command": [
            "sh",
            "-c",
            f"rm -rf {target}/{PLUGIN} && mkdir -p {target} && cp -R /plugin/{PLUGIN} {target}/",
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
        "volumeMounts": [{"name": "storage", "mountPath": _STORAGE}],
    }

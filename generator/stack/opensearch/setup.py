"""The files of the chart that set OpenSearch up: what it starts with, and the Job and CronJob that do the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.templating import literal, render
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch import indices, security
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile
    from generator.files.tree import Chart
    from generator.logs.fields import LogField

CLIENTS = (
    "fluent-bit",
    "grafana",
    "opensearch-dashboards",
    "opensearch-exporter",
    "opensearch-setup",
    "secrets-rotation",
)
"""app.kubernetes.io/name of the release's pods that may connect to OpenSearch's port 9200."""

_TEMPLATES = (
    "_setup.tpl",
    "networkpolicy.yaml",
    "security-configmap.yaml",
    "setup-configmap.yaml",
    "setup-cronjob.yaml",
    "setup-job.yaml",
)


def opensearch_templates(profile: Profile, fields: Mapping[str, LogField], *, header: str) -> Chart:
    """Gives the templates about OpenSearch by their path in the chart.

    Args:
        profile: the choices.
        fields: the fields of a log record by name.
        header: the first line of every file.
    """
    plan = setup_plan(profile, fields)
    initial = {name: yamlfile.dump(content) for name, content in security.initial_files().items()}
    given = {
        "header": header,
        "admin": secret_name(profile, "opensearchAdminTls"),
        "clients": CLIENTS,
        "logins": plan["logins"],
        "plan": literal(json.dumps(plan, indent=1, ensure_ascii=False)),
        "security": {name: literal(text) for name, text in initial.items()},
        "security_name": opensearch.SECURITY_CONFIG,
    }
    return {
        f"templates/opensearch/{name}": render(f"stack/opensearch/templates/{name}", **given) for name in _TEMPLATES
    }


def setup_plan(profile: Profile, fields: Mapping[str, LogField]) -> dict[str, Any]:
    """Gives what generator/cluster/opensearch_setup.py makes of OpenSearch; no part of it is secret."""
    return {
        "url": opensearch.URL,
        "componentTemplates": indices.component_templates(profile, fields.values()),
        "indexTemplates": indices.index_templates(profile),
        "clusterSettings": indices.cluster_settings(profile),
        "managementSettings": indices.management_settings(profile),
        "policies": {indices.POLICY: indices.policy(profile)},
        "roles": dict(security.ROLES),
        "logins": [
            {
                "key": login.key,
                "secret": secret_name(profile, login.key),
                "role": login.role,
                "description": login.description,
                "optional": login.optional,
            }
            for login in security.LOGINS
        ],
    }

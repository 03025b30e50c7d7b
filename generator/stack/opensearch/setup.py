"""The files of the chart that set OpenSearch up: what it starts with, and the Job and CronJob that do the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.templating import literal, render
from generator.stack.component import choices_of
from generator.stack.opensearch import clients, indices, security
from generator.stack.opensearch import component as opensearch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile
    from generator.files.tree import Chart
    from generator.logs.fields import LogField

TEST = "release-test-logs"
"""app.kubernetes.io/name of the Pods of `helm test` that ask OpenSearch; see generator.stack.release_tests."""

CLIENTS = (
    "fluent-bit",
    "grafana",
    "opensearch-dashboards",
    "opensearch-exporter",
    "opensearch-setup",
    "secrets-rotation",
    TEST,
)
"""app.kubernetes.io/name of the release's pods that may connect to OpenSearch's port 9200."""

MCP = "opensearch-mcp-server"
"""The same of the one that is there on demand; see generator.stack.mcp."""

_TEMPLATES = (
    "_setup.tpl",
    "clients.yaml",
    "networkpolicy.yaml",
    "security-configmap.yaml",
    "setup-configmap.yaml",
    "setup-cronjob.yaml",
    "setup-job.yaml",
)


def opensearch_templates(fields: Mapping[str, LogField], *, header: str) -> Chart:
    """Builds the templates about OpenSearch, by their path in the chart.

    Args:
        fields: the fields of a log record by name.
        header: the first line of every file, without comment signs.
    """
    context = {
        "header": header,
        "clients": CLIENTS,
        "mcp": MCP,
        "refusals": clients.REFUSALS,
        "sends_here": clients.SENDS_HERE,
        "fields": indices.FIELDS,
        "largest_shard": indices.LARGEST_SHARD,
        "logins": security.LOGINS,
        "mapping": indices.mapping(fields.values()),
        "policy": indices.POLICY,
        "roles": dict(security.ROLES),
        "security": {name: literal(yamlfile.dump(content)) for name, content in security.initial_files().items()},
        "security_name": opensearch.SECURITY_CONFIG,
        "settings": indices.SETTINGS,
        "streams": indices.STREAMS,
        "url": opensearch.URL,
    }
    return {
        f"templates/opensearch/{name}": render(f"stack/opensearch/templates/{name}", **context) for name in _TEMPLATES
    }


def setup_values(profile: Profile) -> dict[str, Any]:
    """Returns the chart's values below ``opensearchSetup`` that the profile decides."""
    return {"retention": choices_of(profile, opensearch.NAME)["retention"]}

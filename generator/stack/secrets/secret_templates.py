"""The templates and values of what makes, renews and rotates the Secrets (docs/secrets.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import Problem
from generator.files.templating import render
from generator.stack.alertmanager.values import alert_secrets
from generator.stack.images.values import own_image
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.setup import MCP
from generator.stack.opensearch_exporter import exporter
from generator.stack.secrets.names import ADMIN_NAME, NODE_NAME, SECRETS

if TYPE_CHECKING:
    from generator.choices.pins import Pins
    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

_CHECKS = "ai-ml-observability-bootstrap-checks"
"""The ClusterRole with which the bootstrap looks at the cluster."""

_TEMPLATES = (
    "_checks.tpl",
    "_secrets.tpl",
    "secrets/bootstrap.yaml",
    "secrets/certificates.yaml",
    "secrets/maintenance.yaml",
)


def secret_templates(header: str) -> Chart:
    """Builds the templates, by their path in the chart; ``header`` is the first line of each."""
    return {
        f"templates/{path}": render(
            f"stack/secrets/templates/{path.removeprefix('secrets/')}",
            header=header,
            secrets=SECRETS,
            node_name=NODE_NAME,
            admin_name=ADMIN_NAME,
            service=opensearch.SERVICE,
            opensearch_url=opensearch.URL,
            exporter=exporter.NAME,
            mcp=MCP,
            checks=_CHECKS,
        )
        for path in _TEMPLATES
    }


def issuer_warnings(profile: Profile) -> tuple[Problem, ...]:
    """Returns that an issuer which signs for others too makes OpenSearch's administrators of them."""
    choice = profile.choices["secrets"]["certManager"]
    issuer = choice["issuer"] or {}
    opensearch = profile.choices["components"]["opensearch"]["enabled"]
    if not (opensearch and choice["enabled"] and issuer.get("kind") == "ClusterIssuer"):
        return ()
    text = (
        f"found the ClusterIssuer '{issuer['name']}': whoever else gets a certificate CN=opensearch-admin or "
        "CN=opensearch-node from its authority is OpenSearch's administrator, or one of its nodes"
    )
    path = "secrets.certManager.issuer"
    hint = (
        "take an Issuer whose authority signs for this release alone, or null, or have a policy of cert-manager refuse "
        "these names to others"
    )
    return (Problem(text, profile.file_of(*path.split(".")), path, hint=hint),)


def secret_values(profile: Profile, pins: Pins) -> dict[str, Any]:
    """Returns the chart's values below ``secrets`` that the profile and pins.yaml decide.

    Raises:
        InputError: the image is not pinned, or the profile's digests are not its own.
    """
    job = {"image": own_image(profile, pins, pins.image("k8s-sidecar"))}
    return {**profile.choices["secrets"], "alerts": alert_secrets(profile), "job": job}

"""The exporter that tells Prometheus of OpenSearch: prometheus-community's elasticsearch_exporter.

What was measured with version 1.11.0 and three nodes of OpenSearch 3.4.0: clusters, nodes, settings, data streams and
read-only blocks are told; life cycles (ILM, SLM) and the health report are Elasticsearch's alone and answer 400.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.images.values import own_image
from generator.stack.opensearch import component as opensearch
from generator.stack.secrets.names import SECRETS

if TYPE_CHECKING:
    from generator.choices.pins import Pins
    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

KEY = "opensearchExporter"
"""Its key in the chart's values, and that of its Secret under ``secrets.existing``."""

APP = "opensearch-exporter"
"""The pod's app.kubernetes.io/name, by which the monitor and the NetworkPolicy know it."""

NAME = f"ai-ml-observability-{APP}"
"""The Deployment's name, which alerts and the rotation of passwords know."""


def exporter_values(profile: Profile, pins: Pins) -> dict[str, Any]:
    """Returns the chart's values below ``opensearchExporter`` that the profile and pins.yaml decide.

    Raises:
        InputError: the image is not pinned, or the profile's digests are not its own.
    """
    return {"image": own_image(profile, pins, pins.image("elasticsearch-exporter"))}


def exporter_templates(*, header: str) -> Chart:
    """Builds the exporter's template, by its path in the chart; ``header`` is its first line."""
    text = render(
        "stack/opensearch_exporter/templates/deployment.yaml",
        header=header,
        app=APP,
        name=NAME,
        url=opensearch.URL,
        login=KEY,
        user_key=SECRETS[KEY].user_key,
        password_key=SECRETS[KEY].password_key,
    )
    return {"templates/opensearch/exporter.yaml": text}

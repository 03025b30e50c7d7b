"""What the chart's templates about OpenSearch come to, rendered by Helm's engine without any upstream chart."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.stack.opensearch.setup import opensearch_templates
from tests import secret_chart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

SETUP = "ai-ml-observability-opensearch-setup"

_CONFIGURATION = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: configuration
data:
  opensearch.yml: |
    {{- $root := dict "Values" .Values.opensearch "Template" .Template }}
    {{- tpl (index .Values.opensearch.config "opensearch.yml") $root | nindent 4 }}
"""
"""Fills in what the upstream chart fills in (opensearch 3.6.0 templates/configmap.yaml)."""


def rendered(
    sources: Sources, profile: Profile | str = "standalone", values: Mapping[str, Any] | None = None
) -> secret_chart.Objects:
    """Returns the objects about OpenSearch and Secrets; ``values`` are those of the install."""
    templates = opensearch_templates(sources.log_fields, header="Generated.")
    more = {**templates, "templates/configuration.yaml": _CONFIGURATION}
    with tempfile.TemporaryDirectory() as folder:
        chart = secret_chart.write_chart(Path(folder), sources, profile, more=more)
        return secret_chart.objects(chart, values)


def setup_plan(
    sources: Sources, profile: Profile | str = "standalone", values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns what generator/cluster/opensearch_setup.py makes of OpenSearch; see rendered."""
    return secret_chart.plan_text(rendered(sources, profile, values), SETUP)


def configuration(
    sources: Sources, profile: Profile | str = "standalone", values: Mapping[str, Any] | None = None
) -> str:
    """Returns the opensearch.yml that a node reads; see rendered."""
    text: str = rendered(sources, profile, values)["ConfigMap", "configuration"]["data"]["opensearch.yml"]
    return text

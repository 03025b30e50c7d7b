"""The dashboards' part of the chart: templates and the schema of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.cache import cached
from generator.files.schema_values import closed, entry
from generator.files.templating import json_in_yaml, literal, render, render_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.dashboards.brought import BroughtDashboard
    from generator.dashboards.spec import Dashboard

FOLDER_ANNOTATION = "grafana_folder"
"""The annotation that names Grafana's folder. Grafana's sidecar reads it only if the Grafana chart says so:
``sidecar.dashboards.folderAnnotation: grafana_folder`` and
``sidecar.dashboards.provider.foldersFromFilesStructure: true`` (grafana 12.11.1 values.yaml; both off there)."""

_OBJECT_PREFIX = "ai-ml-observability-dashboard-"


def dashboard_files(specs: Mapping[str, Dashboard], header: str) -> dict[str, str]:
    """Returns the chart's templates by their path in the chart.

    Each dashboard is ``templates/dashboards/_NAME.tpl``, which defines its JSON, on a line of its own and itself valid
    JSON, and ``templates/dashboards/NAME.yaml``, its ConfigMap by the helper ``templates/dashboards/_dashboards.tpl``.
    The helper needs ``ai-ml-observability.labels`` from the chart.

    Args:
        specs: the dashboards by name.
        header: the sentence that opens a generated file, without comment signs.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    helper = render(
        "dashboards/templates/_dashboards.tpl",
        header=header,
        folder_annotation=FOLDER_ANNOTATION,
        prefix=_OBJECT_PREFIX,
    )
    files = {"templates/dashboards/_dashboards.tpl": helper}
    for name, spec in sorted(specs.items()):
        files[f"templates/dashboards/_{name}.tpl"] = _template(name, spec, header)
        files[f"templates/dashboards/{name}.yaml"] = render(
            "dashboards/templates/dashboard.yaml", header=header, name=name
        )
    return files


@cached("dashboards", shape=str)
def _template(name: str, spec: Dashboard, header: str) -> str:
    from generator.dashboards.compiler import compile_dashboard

    text = literal(json_in_yaml(compile_dashboard(name, spec))).rstrip("\n")
    return render_once("dashboards/templates/_dashboard.tpl", header=header, name=name, text=text)


def dashboard_values_schema(
    block: Mapping[str, Any], specs: Mapping[str, Dashboard], brought: Mapping[str, BroughtDashboard] | None = None
) -> dict[str, Any]:
    """Returns the JSON Schema of ``dashboards`` in the chart's values, closed over the dashboards.

    Args:
        block: ``dashboards`` of values-schemas/values.schema.yaml; its ``additionalProperties`` is a dashboard's block.
        specs: the dashboards by name.
        brought: a person's dashboards in Grafana's own form.
    """
    template = block["additionalProperties"]
    texts = {
        name: f'The dashboard "{spec.title}". {" ".join(spec.description.split())}' for name, spec in specs.items()
    }
    texts |= {name: f'The dashboard "{one.title}" of {one.file}.' for name, one in (brought or {}).items()}
    return closed(block, {name: entry(template, text) for name, text in sorted(texts.items())})

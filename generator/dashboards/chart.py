"""The dashboards' part of the chart: templates, values and their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.cache import kept
from generator.files.templating import literal, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.dashboards.spec import Dashboard

FOLDER_ANNOTATION = "grafana_folder"
"""The annotation that names Grafana's folder. Grafana's sidecar reads it only if the Grafana chart says so:
``sidecar.dashboards.folderAnnotation: grafana_folder`` and
``sidecar.dashboards.provider.foldersFromFilesStructure: true`` (grafana 12.11.1 values.yaml; both off there)."""

_OBJECT_PREFIX = "ai-ml-observability-dashboard-"


def object_name(name: str) -> str:
    """Gives the name of a dashboard's ConfigMap, the same under every release name."""
    return f"{_OBJECT_PREFIX}{name}"


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
        ValueError: the header would end the comment that it stands in.
    """
    if "*/" in header:
        raise ValueError("a header must not hold '*/'")
    helper = render(
        "dashboards/templates/_dashboards.tpl",
        header=header,
        folder_annotation=FOLDER_ANNOTATION,
        prefix=_OBJECT_PREFIX,
    )
    files = {"templates/dashboards/_dashboards.tpl": helper}
    for name, spec in sorted(specs.items()):
        text = literal(_json(name, spec)).rstrip("\n")
        for template, path in (("_dashboard.tpl", f"_{name}.tpl"), ("dashboard.yaml", f"{name}.yaml")):
            files[f"templates/dashboards/{path}"] = render(
                f"dashboards/templates/{template}", header=header, name=name, text=text
            )
    return files


@kept("dashboards")
def _json(name: str, spec: Dashboard) -> str:
    from generator.dashboards.compiler import compile_dashboard

    return compile_dashboard(name, spec)


def dashboard_values(specs: Mapping[str, Dashboard]) -> dict[str, Any]:
    """Gives what stands under ``dashboards`` in the chart's values: everything on."""
    values: dict[str, Any] = {
        "enabled": True,
        # kube-prometheus-stack 88.5.3 values.yaml: grafana.sidecar.dashboards.label and labelValue.
        "labels": {"grafana_dashboard": "1"},
        "annotations": {},
        "folder": "AI-ML",
    }
    values.update({name: {"enabled": True} for name in sorted(specs)})
    return values


def dashboard_values_schema(specs: Mapping[str, Dashboard]) -> dict[str, Any]:
    """Gives the JSON Schema of ``dashboards`` in the chart's values: closed, each key described.

    Unknown keys are refused by ``propertyNames`` too, because that is where Helm's message lists the valid names.
    """
    properties: dict[str, Any] = {
        "enabled": {"description": "Whether the chart brings any dashboard.", "type": "boolean"},
        "labels": _texts("Labels of every dashboard's ConfigMap; Grafana's sidecar finds them by one of these."),
        "annotations": _texts("Annotations of every dashboard's ConfigMap."),
        "folder": {
            "description": (
                f'Grafana\'s folder for the dashboards, set as the annotation {FOLDER_ANNOTATION}; "" for none. '
                "Grafana's sidecar must be told to read that annotation."
            ),
            "type": "string",
            "pattern": "^([^/.][^/]*)?$",
        },
    }
    for name, spec in sorted(specs.items()):
        properties[name] = _switch(spec)
    return {
        "description": "Grafana dashboards, one ConfigMap each.",
        "type": "object",
        "additionalProperties": False,
        "propertyNames": {"enum": list(properties)},
        "properties": properties,
    }


def _texts(description: str) -> dict[str, Any]:
    return {"description": description, "type": "object", "additionalProperties": {"type": "string"}}


def _switch(spec: Dashboard) -> dict[str, Any]:
    return {
        "description": f'The dashboard "{spec.title}". {" ".join(spec.description.split())}',
        "type": "object",
        "additionalProperties": False,
        "properties": {"enabled": {"description": "Whether the chart brings it.", "type": "boolean"}},
    }

"""The dashboards' part of the chart: templates and the schema of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.dashboards.queries import shipped_texts
from generator.files.cache import cached
from generator.files.schema_values import closed, entry
from generator.files.templating import json_in_yaml, literal, render, render_once

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from generator.dashboards.brought import BroughtDashboard
    from generator.dashboards.spec import Dashboard
    from generator.promql.reading import Recorded

FOLDER_ANNOTATION = "grafana_folder"
"""The annotation that names Grafana's folder. Grafana's sidecar reads it only if the Grafana chart says so:
``sidecar.dashboards.folderAnnotation: grafana_folder`` and
``sidecar.dashboards.provider.foldersFromFilesStructure: true`` (grafana 12.11.1 values.yaml; both off there)."""

_OBJECT_PREFIX = "ai-ml-observability-dashboard-"


def dashboard_files(
    specs: Mapping[str, Dashboard], header: str, records: Sequence[Recorded] = (), *, components: Collection[str] = ()
) -> dict[str, str]:
    """Returns the chart's templates by their path in the chart.

    Each dashboard is ``templates/dashboards/_NAME.tpl``, which defines its JSON, on a line of its own and itself valid
    JSON, and ``templates/dashboards/NAME.yaml``, its ConfigMap by the helper ``templates/dashboards/_dashboards.tpl``.
    The helper needs ``ai-ml-observability.labels`` from the chart, and with records ``ai-ml-observability.crd``. A
    dashboard that reads records has a second form without, for a release that does not bring the rules that it needs.

    Args:
        specs: the dashboards by name.
        header: the sentence that opens a generated file, without comment signs.
        records: what panels read in place of what it records.
        components: workloads that a component of the same name brings; a dashboard goes with the last of its own.

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
        text, rules = _template(name, spec, header, tuple(records))
        files[f"templates/dashboards/_{name}.tpl"] = text
        files[f"templates/dashboards/{name}.yaml"] = render(
            "dashboards/templates/dashboard.yaml",
            header=header,
            name=name,
            components=[name for name in spec.workloads if name in components],
            logs=all(panel.asks_logs or not panel.targets for _, panel in spec.panels()),
            rules=rules,
        )
    return files


@cached("dashboards", shape=(str, [str]))
def _template(name: str, spec: Dashboard, header: str, records: tuple[Recorded, ...]) -> list[Any]:
    """Returns a dashboard's template, and the files of rules without which its second form is shown."""
    from generator.dashboards.compiler import compile_dashboard

    rules: list[str] = shipped_texts(spec, records)["rules"]
    texts = {
        form: compile_dashboard(name, spec, read) for form, read in (("", records), (".raw", ())) if rules or not form
    }
    texts = {form: literal(json_in_yaml(text)).rstrip("\n") for form, text in texts.items()}
    return [render_once("dashboards/templates/_dashboard.tpl", header=header, name=name, texts=texts), rules]


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

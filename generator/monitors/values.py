"""The schema of each monitor's block of the chart's values, its defaults included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files.schema_values import closed, entry

if TYPE_CHECKING:
    from collections.abc import Mapping


def monitor_values_schema(block: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the JSON Schema of ``monitors``, closed over the workloads, with the defaults of their files.

    Args:
        block: ``monitors`` of values-schemas/values.schema.yaml; its ``additionalProperties`` is a workload's block.
        specs: workload → content of monitors/NAME.yaml, checked against its schema.

    Raises:
        InputError: a workload is named like a common key of the block.
    """
    for name in specs:
        if name in block["properties"]:
            raise bad_input(
                f"'{name}' is a common key of `monitors` in the chart's values",
                file=f"monitors/{name}.yaml",
                hint="rename the file",
            )
    template = block["additionalProperties"]
    return closed(block, {name: _workload(template, spec) for name, spec in sorted(specs.items())})


def _workload(template: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    description = " ".join((spec["description"], *spec.get("notes", ())))
    own = {key: spec[key] for key in ("enabled", "sampleLimit") if key in spec}
    block = entry(template, description, own)
    endpoints = block["properties"]["endpoints"]
    block["properties"]["endpoints"] = {
        **endpoints,
        "properties": {
            name: entry(endpoints["additionalProperties"], endpoint["description"])
            for name, endpoint in spec["endpoints"].items()
        },
    }
    return block

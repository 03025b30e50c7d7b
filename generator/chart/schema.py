"""The JSON Schema of the chart's values, in the dialect that Helm 3.17 and Helm 4 both read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.components.component import Component

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""Helm 3.17 validates with xeipuu/gojsonschema, which knows drafts 4, 6 and 7."""


def values_schema(
    own: Mapping[str, Any],
    components: Iterable[Component],
    blocks: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Assembles the schema of the chart's values.

    Args:
        own: values-schemas/values.schema.yaml.
        components: the upstream charts; each becomes an open object with a boolean ``enabled``.
        blocks: schemas of the keys whose workloads come from a room of their own (monitors, dashboards, rules).

    Returns:
        A draft-07 schema. Closed objects also list their names under ``propertyNames``, because that is the
        one keyword for which Helm's message shows the valid names.
    """
    properties = dict(own["properties"]) | dict(blocks)
    for component in components:
        properties[component.name] = {
            "description": f"Helm values of the upstream chart: {component.summary}.",
            "type": "object",
            "properties": {
                "enabled": {"description": "Whether the chart is installed.", "type": "boolean"},
                "rendered": {
                    "description": "false leaves its objects out of this rendering, though it is enabled; see parts.",
                    "enum": [False],
                },
            },
        }
    schema = {"$schema": _DIALECT, **own, "properties": properties}
    return {key: _list_names(value) for key, value in schema.items()} | {"propertyNames": _names(properties)}


def _list_names(schema: Any) -> Any:
    """Adds ``propertyNames`` to every closed object below; drops the keys (x-…) that only we read."""
    if isinstance(schema, list):
        return [_list_names(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _list_names(value) for key, value in schema.items() if not key.startswith("x-")}
    if schema.get("additionalProperties") is False and isinstance(schema.get("properties"), dict):
        result["propertyNames"] = _names(schema["properties"])
    return result


def _names(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"enum": sorted(properties)}


def schema_json(schema: Mapping[str, Any], header: str) -> str:
    """Writes the schema as JSON; the header stands in its first key, since JSON has no comments."""
    return json.dumps({"$comment": header, **schema}, indent=1, ensure_ascii=False) + "\n"

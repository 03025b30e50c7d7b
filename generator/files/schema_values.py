"""What a schema of values-schemas/ says besides its rules: shared parts, and the value of each key that nobody sets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFINITIONS = "#/$defs/"


def inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schema without ``$defs``: in place of a ``$ref`` stands what it names, the keys beside it over that.

    Args:
        schema: a JSON Schema whose every ``$ref`` is ``#/$defs/NAME``, none of them inside itself.

    Raises:
        KeyError: a ``$ref`` names no definition.
    """
    definitions = schema.get("$defs", {})

    def written_out(part: Any) -> Any:
        if isinstance(part, list):
            return [written_out(item) for item in part]
        if not isinstance(part, dict):
            return part
        own = {key: written_out(value) for key, value in part.items() if key != "$ref"}
        if not isinstance(part.get("$ref"), str):
            return own
        return written_out(definitions[part["$ref"].removeprefix(_DEFINITIONS)]) | own

    return {key: written_out(value) for key, value in schema.items() if key != "$defs"}


def filled(schema: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``data`` with the ``default`` of each key that it lacks, at any depth, in the order of the schema.

    A key that neither ``data`` nor a default sets is left out.

    Args:
        schema: a JSON Schema of an object, without ``$ref``; see inlined.
        data: values that follow it; keys that the schema does not list come last.
    """
    values: dict[str, Any] = {}
    properties: Mapping[str, Any] = schema.get("properties", {})
    for key, child in properties.items():
        if key not in data and "default" in child:
            values[key] = copy.deepcopy(child["default"])
        elif isinstance(data.get(key, {}), dict):
            if (inner := filled(child, data.get(key, {}))) or key in data:
                values[key] = inner
        else:
            values[key] = data[key]
    return values | {key: value for key, value in data.items() if key not in properties}


def listed(schema: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``data`` without the keys that a closed schema does not list, at any depth.

    Args:
        schema: a JSON Schema of an object, without ``$ref``; see inlined.
        data: values that may have more keys.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    is_closed = schema.get("additionalProperties") is False
    return {
        key: listed(properties[key], value) if key in properties and isinstance(value, dict) else value
        for key, value in data.items()
        if key in properties or not is_closed
    }


def closed(block: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the schema of an object that has its own properties, ``entries``, and no other.

    Args:
        block: a schema whose ``additionalProperties`` says what an entry is like; see entry.
        entries: schemas of the entries that there are, by name.
    """
    properties = {**block.get("properties", {}), **entries}
    return {**block, "additionalProperties": False, "properties": properties}


def entry(template: Mapping[str, Any], description: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the schema of one entry.

    Args:
        template: the schema that all entries share.
        description: what this one is.
        values: defaults of some of its properties.
    """
    properties = dict(template.get("properties", {}))
    for key, value in (values or {}).items():
        properties[key] = {**properties[key], "default": value}
    return {"description": description, **template, "properties": properties}

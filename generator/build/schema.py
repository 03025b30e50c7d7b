"""The JSON Schema of the chart's values, in the dialect that Helm 3.17 and Helm 4 both read."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from generator.files.cache import cached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from generator.stack.component import Component

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""Helm 3.17 validates with xeipuu/gojsonschema, which knows drafts 4, 6 and 7."""


def values_schema(own: Mapping[str, Any], components: Iterable[Component], *, complete: bool = False) -> dict[str, Any]:
    """Assembles the schema of the chart's values.

    Args:
        own: the chart's own keys, without ``$ref``.
        components: the upstream charts; each becomes an open object with a boolean ``enabled``.
        complete: whether the values are those that Helm has merged, so that every key with a default must be there;
            else they may be a part of them, as a person's file is. Helm takes a key out whose value is null before it
            asks the schema, so only a key that must be there cannot be null.

    Returns:
        A draft-07 schema. Closed objects also list their names under ``propertyNames``, because that is the
        one keyword for which Helm's message shows the valid names.
    """
    properties = dict(own["properties"])
    for component in components:
        properties[component.name] = {
            "description": f"Helm values of the upstream chart: {component.summary}.",
            "type": "object",
            "properties": {
                "enabled": {"description": "Whether the chart is installed.", "type": "boolean", _ALWAYS_SET: True},
                "rendered": {
                    "description": "false leaves its objects out of this rendering, though it is enabled; see parts.",
                    "enum": [False],
                },
            },
        }
    schema = {"$schema": _DIALECT, **own, "properties": properties}
    if complete:
        schema = _complete(schema)
    listed: dict[str, Any] = _list_names(schema)
    return listed


_ALWAYS_SET = "x-always-set"
"""Says of a key without default whether it has a value in every chart: pins.yaml or the profile may decide it."""


def _complete(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schema of an object with all that has a value in every chart, at any depth, under ``required``."""
    if "properties" not in schema:
        return dict(schema)
    properties = {name: _complete(child) for name, child in schema["properties"].items()}
    required = [*schema.get("required", ()), *(name for name, child in properties.items() if _always_set(child))]
    return {**schema, "properties": properties} | ({"required": required} if required else {})


def _always_set(child: Mapping[str, Any]) -> bool:
    if _ALWAYS_SET in child:
        return bool(child[_ALWAYS_SET])
    return child.get("default") is not None or (child.get("type") == "object" and "required" in child)


def _list_names(schema: Any) -> Any:
    """Adds ``propertyNames`` to every closed object below; drops what only we read (x-… and defaults)."""
    if not isinstance(schema, dict):
        return schema
    result = {key: value for key, value in schema.items() if key != "default" and not key.startswith("x-")}
    result = _mapped(result, lambda part, _name: _list_names(part))
    if schema.get("additionalProperties") is False and isinstance(schema.get("properties"), dict):
        result["propertyNames"] = _names(schema["properties"])
    return result


def _names(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"enum": sorted(properties)}


_SUBSCHEMAS = ("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then")
_LISTS_OF_SUBSCHEMAS = ("allOf", "anyOf", "oneOf")
_MAPS_OF_SUBSCHEMAS = ("definitions", "patternProperties", "properties")

_WORTH_SHARING = 60
"""Characters of JSON from which a part that is there twice is written once."""


@cached("schemas", shape=str)
def schema_json(schema: Mapping[str, Any], header: str, *, indent: int = 0) -> str:
    """Writes the schema as JSON; the header stands in its first key, since JSON has no comments.

    What is there several times (the keys of an alert, for each alert) is written once, under ``definitions``, and lines
    are not indented: Kubernetes stores the schema in every release. Each key has a line, so that changes can be read.

    Args:
        schema: a JSON Schema.
        header: the sentence that opens a generated file.
        indent: spaces for each level.
    """
    separators = (",", ": " if indent else ":")
    data = {"$comment": header, **_shared(schema)}
    return json.dumps(data, indent=indent, separators=separators, ensure_ascii=False) + "\n"


_ANNOTATIONS = ("default", "description", "examples", "title")
"""What a schema says to people alone."""


def bare(schema: Any) -> Any:
    """Returns a schema without what it says to people alone.

    It accepts the same values, and Helm says the same of others, since it shows no descriptions. The chart's schema has
    none, because Kubernetes stores it in every release: values.yaml and docs/values.md have them, and
    docs/values.schema.json is the whole schema.
    """
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = _mapped(
        {key: part for key, part in schema.items() if key not in _ANNOTATIONS}, lambda part, _name: bare(part)
    )
    others = result.get("additionalProperties")
    if isinstance(others, dict) and isinstance(result.get("properties"), dict):
        # What is like any other key need not be named: so the blocks of all monitors are one, and written once.
        result["properties"] = {name: part for name, part in result["properties"].items() if part != others}
        if not result["properties"]:
            del result["properties"]
    return result


def _shared(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schema with what it repeats under ``definitions``, named by the key that it was first met under."""
    times: Counter[str] = Counter()

    def count(part: Any, _name: str) -> Any:
        text = json.dumps(part)
        times[text] += 1
        # Inside what is there twice nothing is counted again, or its parts would be taken for repeated ones.
        return _mapped(part, count) if times[text] == 1 else part

    _mapped(schema, count)
    definitions: dict[str, Any] = {}
    names: dict[str, str] = {}

    def replace(part: Any, name: str) -> Any:
        text = json.dumps(part)
        if times[text] < 2 or len(text) < _WORTH_SHARING:
            return _mapped(part, replace)
        if text not in names:
            names[text] = next(free for free in _numbered(name) if free not in names.values())
            definitions[names[text]] = _mapped(part, replace)
        return {"$ref": f"#/definitions/{names[text]}"}

    replaced: dict[str, Any] = _mapped(schema, replace)
    return replaced | ({"definitions": definitions} if definitions else {})


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{number}" for number in itertools.count(2))


def _mapped(part: Any, function: Callable[[Any, str], Any]) -> Any:
    """Returns a schema with the function's answer in the place of each schema directly below; booleans stay."""
    if not isinstance(part, dict):
        return part
    result = dict(part)
    for key, value in part.items():
        if key in _SUBSCHEMAS and isinstance(value, dict):
            result[key] = function(value, key)
        elif key in _LISTS_OF_SUBSCHEMAS:
            result[key] = [function(item, key) for item in value]
        elif key in _MAPS_OF_SUBSCHEMAS:
            result[key] = {name: function(item, name) for name, item in value.items()}
    return result

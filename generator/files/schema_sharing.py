"""Writes each part of a schema once, so that a validator compiles it once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Keywords of JSON Schema 2020-12 whose value holds schemas. Elsewhere (`default`, `enum`, `const`) a mapping is data.
_ONE = frozenset(
    ("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then", "unevaluatedProperties")
)
_BY_NAME = frozenset(("$defs", "dependentSchemas", "patternProperties", "properties"))
_LISTED = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))


def shared(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an equivalent schema in which a part that stands in several places is a definition with references.

    A validator compiles each place on its own: with the endpoints of all monitors, each with every key that the
    operator knows, jsonschema-rs takes 10 MB for a profile's schema as it is, and 3 MB when they are written once.

    Args:
        schema: a JSON Schema; parts are shared where they are the same object, as those made from one template are.
    """
    uses = Counter[int]()

    def count(part: Any) -> Any:
        uses[id(part)] += 1
        if uses[id(part)] == 1:
            _rewritten(part, count)
        return part

    definitions: dict[int, tuple[str, Any]] = {}

    def written_once(part: Any) -> Any:
        if not isinstance(part, dict) or len(part) < 2 or uses[id(part)] < 2:
            return _rewritten(part, written_once)
        if id(part) not in definitions:
            name = f"shared-{len(definitions)}"
            definitions[id(part)] = name, None
            definitions[id(part)] = name, _rewritten(part, written_once)
        return {"$ref": f"#/$defs/{definitions[id(part)][0]}"}

    count(schema)
    result = _rewritten(schema, written_once)
    return {**result, "$defs": {**result.get("$defs", {}), **dict(definitions.values())}}


def _rewritten(schema: Any, change: Callable[[Any], Any]) -> Any:
    """Returns the schema with ``change`` of each schema that stands directly below it; true and false as they are."""
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    for key, value in schema.items():
        if key in _ONE:
            result[key] = change(value)
        elif key in _BY_NAME:
            result[key] = {name: change(child) for name, child in value.items()}
        elif key in _LISTED:
            result[key] = [change(child) for child in value]
    return result

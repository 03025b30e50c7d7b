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


_ANNOTATIONS = frozenset(("$comment", "default", "description", "examples", "title"))


def shared(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schema that takes the same data, in which equal parts are one definition with references.

    A validator compiles each place on its own: with the endpoints of all monitors, each with every key that the
    operator knows, jsonschema-rs takes 12 MB for a profile's schema as it is, and 3 MB when they are written once.
    What tells people about a part, its description for one, is left out: the same pattern stands below many.
    """
    uses = Counter[int]()

    def count(part: Any) -> Any:
        uses[id(part)] += 1
        if uses[id(part)] == 1:
            _rewritten(part, count)
        return part

    definitions: dict[int, tuple[str, Any]] = {}

    def written_once(part: Any) -> Any:
        if not isinstance(part, dict) or not part or uses[id(part)] < 2 or part.keys() == {"$ref"}:
            return _rewritten(part, written_once)
        if id(part) not in definitions:
            name = f"shared-{len(definitions)}"
            definitions[id(part)] = name, None
            definitions[id(part)] = name, _rewritten(part, written_once)
        return {"$ref": f"#/$defs/{definitions[id(part)][0]}"}

    plain = _interned(schema)
    count(plain)
    result = _rewritten(plain, written_once)
    return {**result, "$defs": {**result.get("$defs", {}), **dict(definitions.values())}}


def _interned(schema: Mapping[str, Any]) -> Any:
    """Returns the schema without annotations, equal parts being the same object."""
    of_source: dict[int, Any] = {}
    parts: dict[tuple[object, ...], Any] = {}

    def interned(part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        if id(part) not in of_source:
            kept = {key: value for key, value in part.items() if key not in _ANNOTATIONS and not key.startswith("x-")}
            result = _rewritten(kept, interned)
            of_source[id(part)] = parts.setdefault(_identity(result), result)
        return of_source[id(part)]

    return interned(schema)


def _identity(schema: Mapping[str, Any]) -> tuple[object, ...]:
    """Returns what is equal for equal schemas whose direct parts are interned."""
    found: list[object] = []
    for key, value in schema.items():
        found.append(key)
        if key in _ONE:
            found.append(id(value))
        elif key in _BY_NAME:
            found.append(tuple((name, id(child)) for name, child in value.items()))
        elif key in _LISTED:
            found.append(tuple(map(id, value)))
        else:
            found.append(repr(value))
    return tuple(found)


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

"""The blocks of the chart's values as values-schemas/values.schema.yaml has them, for tests of a single folder."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.schema_values import inlined
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def block(name: str) -> dict[str, Any]:
    """Returns one block's schema, before its folder's files are put into it."""
    schema = inlined(yamlfile.load_mapping(ROOT / "values-schemas" / "values.schema.yaml"))
    properties: dict[str, dict[str, Any]] = schema["properties"]
    return properties[name]


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Yields every mapping of a schema, the schema itself first."""
    if isinstance(schema, dict):
        yield schema
        for child in schema.values():
            yield from subschemas(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from subschemas(child)

"""The blocks of the chart's values as values-schemas/values.schema.yaml has them, for tests of a single folder."""

from __future__ import annotations

from functools import cache
from typing import Any

from generator.files import yamlfile
from generator.files.schema_values import inlined
from tests.conftest import ROOT


@cache
def block(name: str) -> dict[str, Any]:
    """Returns one block's schema, before its folder's files are put into it."""
    schema = inlined(yamlfile.load_mapping(ROOT / "values-schemas" / "values.schema.yaml"))
    found: dict[str, Any] = schema["properties"][name]
    return found

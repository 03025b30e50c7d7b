"""The schema of a profile for tests of what needs no monitor, dashboard or rule."""

from __future__ import annotations

from typing import Any

from generator.files import yamlfile
from tests.conftest import ROOT


def open_schema() -> dict[str, Any]:
    """Gives the profile schema; the parts that other rooms define take any mapping."""
    schema = yamlfile.load_mapping(ROOT / "values-schemas" / "profile.schema.yaml")
    named = [child.get("$ref", "").removeprefix("#/$defs/") for child in schema["properties"].values()]
    rooms = {name: {"type": "object"} for name in named if name and name not in schema["$defs"]}
    return {**schema, "$defs": {**schema["$defs"], **rooms, "exemption": {"type": "object"}}}

"""The schema of a profile for tests of what needs no monitor, dashboard or rule."""

from __future__ import annotations

from typing import Any

from generator.files import yamlfile
from tests.conftest import ROOT


def open_schema() -> dict[str, Any]:
    """Returns the profile schema; the parts that other folders define take any mapping."""
    schema = yamlfile.load_mapping(ROOT / "values-schemas" / "profile.schema.yaml")
    blocks = {name: {"type": "object"} for name in ("monitors", "dashboards", "rules")}
    values = yamlfile.load_mapping(ROOT / "values-schemas" / "values.schema.yaml")
    existing = values["properties"]["secrets"]["properties"]["existing"]
    loose = {"exemption": {"type": "object"}, "alerts": {"type": "object"}}
    parts = {**values["$defs"], "existingSecrets": existing, **loose}
    return {**schema, "properties": schema["properties"] | blocks, "$defs": {**schema["$defs"], **parts}}

"""The shipped dashboards and small ones to bend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.dashboards.reader import parse_dashboard, read_dashboards
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.dashboards.spec import Dashboard

ROOT = Path(__file__).parents[2]

SCHEMA = yamlfile.load_mapping(ROOT / "values-schemas" / "dashboard.schema.yaml")
SHIPPED = read_dashboards(ROOT / "dashboards", SCHEMA)


@pytest.fixture(params=sorted(SHIPPED))
def shipped(request: pytest.FixtureRequest) -> Dashboard:
    return SHIPPED[request.param]


def panel(**changes: Any) -> dict[str, Any]:
    """Returns a valid panel as YAML would, with changes; None removes a key."""
    data = {
        "title": "Up",
        "type": "timeseries",
        "unit": "short",
        "description": "Whether the target answers; 0 is bad.",
        "targets": [{"expr": "up"}],
        **changes,
    }
    return {key: value for key, value in data.items() if value is not None}


def dashboard(*panels: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Returns a valid dashboard of one row as YAML would, with changes."""
    rows = [{"title": "Row", "panels": list(panels) or [panel()]}]
    return {"title": "Test", "uid": "test", "description": "For tests.", "variables": [], "rows": rows, **changes}


def parse(*panels: Mapping[str, Any], **changes: Any) -> Dashboard:
    return parse_dashboard("test", dashboard(*panels, **changes), SCHEMA, file="dashboards/test.yaml")

"""The shipped dashboards, small ones to bend, and what real exporters emitted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.dashboards import parse_dashboard, read_dashboards
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.dashboards import Dashboard

ROOT = Path(__file__).parents[2]
CAPTURES = Path(__file__).parent / "captures"

SCHEMA = yamlfile.load_mapping(ROOT / "values-schemas" / "dashboard.schema.yaml")
SHIPPED = read_dashboards(ROOT / "dashboards", SCHEMA)


@pytest.fixture(params=sorted(SHIPPED))
def shipped(request: pytest.FixtureRequest) -> Dashboard:
    return SHIPPED[request.param]


def panel(**changes: Any) -> dict[str, Any]:
    """Gives a valid panel as YAML would, with changes; None removes a key."""
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
    """Gives a valid dashboard of one row as YAML would, with changes."""
    rows = [{"title": "Row", "panels": list(panels) or [panel()]}]
    return {"title": "Test", "uid": "test", "description": "For tests.", "variables": [], "rows": rows, **changes}


def parse(*panels: Mapping[str, Any], **changes: Any) -> Dashboard:
    return parse_dashboard("test", dashboard(*panels, **changes), SCHEMA, file="dashboards/test.yaml")


def captured() -> dict[str, set[str]]:
    """Gives the labels of every sample name in the captures, those that a scrape adds included."""
    labels: dict[str, set[str]] = {}
    for path in sorted(CAPTURES.glob("*.prom")):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("#"):
                continue
            name = re.split(r"[{ ]", line, maxsplit=1)[0]
            found = set(re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', line))
            labels.setdefault(name, set()).update(found, {"namespace", "pod", "job", "instance", "node"})
            if path.name != "gpu-from-sources.prom" or name.startswith("ray_"):
                labels[name].add("ray_io_cluster")
    return labels


def declared() -> dict[str, str]:
    """Gives the type of every family in the captures, as its exporter declares it."""
    types: dict[str, str] = {}
    for path in sorted(CAPTURES.glob("*.prom")):
        types.update(re.findall(r"^# TYPE (\S+) (\w+)$", path.read_text("utf-8"), re.MULTILINE))
    return types

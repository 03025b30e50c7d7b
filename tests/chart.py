"""What a test wants to know of a generated chart without Helm."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from generator.build.library import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping


def dashboards(chart: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Returns the dashboards of a chart (path → text) by name, as Grafana reads them."""
    folder = f"{FOLDER}/templates/dashboards/_"
    ours = (f"{folder}dashboards.tpl", ".yaml")
    texts = {path: text for path, text in chart.items() if path.startswith(folder) and not path.endswith(ours)}
    return {PurePosixPath(path).stem[1:]: _json(text) for path, text in texts.items()}


def _json(template: str) -> dict[str, Any]:
    """Returns the JSON between the lines that define its first form, Go's braces put back."""
    _header, _define, line, *_others = template.splitlines()
    data: dict[str, Any] = json.loads(line.replace("{{`{{`}}", "{{"))
    return data

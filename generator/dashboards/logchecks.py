"""Finds what is wrong with panels over logs, as far as no field's type matters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.dashboards.spec import Logs
from generator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.dashboards.spec import Panel, Target

_COUNTING = ("timeseries", "stat", "table")
"""Types of panel that can count lines."""

_UNITS = {"timeseries": "cpm", "stat": "short", "table": "short"}
"""Grafana's unit of a count by the panel's type: lines per minute, or lines."""

LEGEND = re.compile(r"{{\s*([^{}]*?)\s*}}")
"""A field in a legend."""


def log_panel_problems(file: str, path: str, panel: Panel) -> Iterator[Problem]:
    """Yields every problem of a panel that shows or counts lines, and of one that should."""
    logs = [isinstance(target.query, Logs) for target in panel.targets]
    if any(logs) and not all(logs):
        yield Problem("found queries for Prometheus and for logs, expected one kind", file, f"{path}.targets")
    if panel.type == "logs" and not all(logs):
        yield Problem("found no 'logs', which a logs panel shows", file, f"{path}.targets")
    if any(logs) and panel.type not in ("logs", *_COUNTING):
        types = ", ".join(("logs", *_COUNTING))
        yield Problem(f"found '{panel.type}', expected a type that logs have: {types}", file, f"{path}.type")
    elif any(logs) and panel.type in ("logs", "table") and len(panel.targets) > 1:
        yield Problem(f"found {len(panel.targets)} log queries, expected one", file, f"{path}.targets")
    elif all(logs):
        for index, target in enumerate(panel.targets):
            yield from _target_problems(file, f"{path}.targets[{index}]", panel, target)


def _target_problems(file: str, path: str, panel: Panel, target: Target) -> Iterator[Problem]:
    logs = target.query
    if not isinstance(logs, Logs):
        return
    keys = [key for key, value in (("count", logs.counted), ("share", logs.share)) if value]
    if panel.type == "logs":
        for key in (*keys, *(key for key in ("legend", "unit") if getattr(target, key))):
            yield Problem(f"found '{key}', which a logs panel does not use", file, f"{path}.{key}")
        return
    if len(keys) != 1:
        listed = " and ".join(f"'{key}'" for key in keys) or "none"
        yield Problem(f"found {listed} of count, share, expected exactly one", file, path)
        return
    if logs.share and panel.type == "stat" and panel.decimals is not None:
        hint = "leave it out, and the digits follow the value"
        yield Problem("found 'decimals' for a share, of which 0.04 % would read 0 %", file, path, hint=hint)
    yield from _unit_problems(file, path, panel, target, logs)
    yield from _by_problems(file, path, panel, target, logs)


def _by_problems(file: str, path: str, panel: Panel, target: Target, logs: Logs) -> Iterator[Problem]:
    if panel.type == "table":
        if not logs.by:
            yield Problem("found no 'count.by', expected what the table's rows are", file, path)
        elif tuple(name for name, _ in panel.columns) != logs.by:
            message = f"found columns {_list(name for name, _ in panel.columns)}, expected those of count.by, in order"
            yield Problem(message, file, f"{path}.count.by", hint=_list(logs.by))
    elif panel.type == "stat" and logs.by:
        yield Problem("found 'count.by', which a stat does not use", file, f"{path}.count.by")
    else:
        for name in LEGEND.findall(target.legend):
            if name not in logs.by:
                message = f"found '{{{{{name}}}}}', expected a field of count.by"
                yield Problem(message, file, f"{path}.legend", hint=_list(logs.by))


def _unit_problems(file: str, path: str, panel: Panel, target: Target, logs: Logs) -> Iterator[Problem]:
    if logs.share and panel.type == "table":
        yield Problem("found 'share', which a table does not show", file, f"{path}.share")
        return
    expected = "percentunit" if logs.share else _UNITS[panel.type]
    unit = target.unit or panel.unit
    if unit != expected:
        yield Problem(f"found the unit '{unit}', expected {expected}", file, f"{path}.unit")


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"

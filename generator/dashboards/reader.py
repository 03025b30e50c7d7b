"""Turns ``dashboards/NAME.yaml`` into data, or says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.dashboards.spec import (
    RESERVED,
    Dashboard,
    Link,
    Logs,
    Panel,
    Row,
    Target,
    Threshold,
    Variable,
)
from generator.errors import InputError, Problem
from generator.files import schemas
from generator.files.cache import cached
from generator.files.folder import name_problems, read_folder
from generator.promql.shorthands import Percentiles, Ratio, Shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PANEL_PATH = re.compile(r"rows\[(\d+)\]\.panels\[(\d+)\]")


def read_dashboards(directory: Path, schema: Mapping[str, Any]) -> dict[str, Dashboard]:
    """Reads every dashboard of a folder; see folder.read_folder.

    Args:
        directory: the folder.
        schema: ``values-schemas/dashboard.schema.yaml`` as a mapping.

    Raises:
        InputError: what parse_dashboard raises, for all files at once, or two dashboards share a uid or a title.
    """

    def parse(name: str, data: Any, file: str) -> Dashboard:
        return parse_dashboard(name, data, schema, file=file)

    return read_folder(directory, parse, shared_problems)


def shared_problems(dashboards: Mapping[str, Dashboard]) -> Iterator[Problem]:
    """Yields a Problem for each uid or title that two dashboards share."""
    for key in ("uid", "title"):
        users: dict[str, Dashboard] = {}
        for dashboard in dashboards.values():
            value = getattr(dashboard, key)
            first = users.setdefault(value, dashboard)
            if first is not dashboard:
                yield Problem(f"found the {key} '{value}', which {first.file} has already", dashboard.file, key)


def parse_dashboard(name: str, data: Any, schema: Mapping[str, Any], *, file: str) -> Dashboard:
    """Checks one dashboard and gives it as data; expressions are left as written.

    Args:
        name: the file's base name.
        data: what the YAML holds.
        schema: ``values-schemas/dashboard.schema.yaml`` as a mapping.
        file: the name shown in errors.

    Raises:
        InputError: the schema is violated, the name cannot be a key of the chart's values, or checks finds
            something. A Problem inside a panel names it by its title, and its path ends in the target.
    """
    problems = [
        *name_problems(name, file, block="dashboards", reserved=RESERVED),
        *schemas.problems(data, schema, file=file),
    ]
    if not problems:
        problems = list(_choice_problems(data, file))
    if not problems:
        dashboard = _dashboard(name, data, file)
        if _sound(dashboard):
            return dashboard
        from generator.dashboards.checks import dashboard_problems

        problems = dashboard_problems(dashboard)
    raise InputError(*(_with_title(problem, data) for problem in problems))


@cached("sound", shape=bool)
def _sound(dashboard: Dashboard) -> bool:
    from generator.dashboards.checks import dashboard_problems

    return not dashboard_problems(dashboard)


def _with_title(problem: Problem, data: Any) -> Problem:
    """Adds the panel's title to a problem that lies inside a panel: indexes alone are hard to follow."""
    match = _PANEL_PATH.match(problem.path)
    if not match:
        return problem
    panel = data["rows"][int(match[1])]["panels"][int(match[2])]
    title = panel.get("title") if isinstance(panel, dict) else None
    if not isinstance(title, str):
        return problem
    return replace(problem, message=f"panel '{title}': {problem.message}")


def _choice_problems(data: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """Finds targets and links that say two things at once, or nothing."""
    for index, link in enumerate(data.get("links", ())):
        yield from _one_of(link, ("tag", "url"), file, f"links[{index}]")
    for index, variable in enumerate(data["variables"]):
        yield from _one_of(variable, ("query", "field", "search"), file, f"variables[{index}]")
    for row_index, row in enumerate(data["rows"]):
        for panel_index, panel in enumerate(row["panels"]):
            for index, target in enumerate(panel.get("targets", ())):
                path = f"rows[{row_index}].panels[{panel_index}].targets[{index}]"
                yield from _one_of(target, ("expr", "percentiles", "ratio", "logs"), file, path)


def _one_of(data: Mapping[str, Any], keys: tuple[str, ...], file: str, path: str) -> Iterator[Problem]:
    present = [key for key in keys if key in data]
    if len(present) != 1:
        listed = " and ".join(f"'{key}'" for key in present) or "none"
        yield Problem(f"found {listed} of {', '.join(keys)}, expected exactly one", file, path)


def _dashboard(name: str, data: Mapping[str, Any], file: str) -> Dashboard:
    time = data.get("time", {})
    return Dashboard(
        name=name,
        file=file,
        title=data["title"],
        uid=data["uid"],
        description=data["description"].strip(),
        variables=tuple(_variable(item) for item in data["variables"]),
        rows=tuple(
            Row(row["title"], tuple(_panel(panel) for panel in row["panels"]), row.get("collapsed", False))
            for row in data["rows"]
        ),
        shared=Shared(
            *({k: t.strip() for k, t in data.get(key, {}).items()} for key in ("matchers", "parts", "logFilters"))
        ),
        tags=tuple(data.get("tags", ())),
        links=tuple(Link(**link) for link in data.get("links", ())),
        time_from=time.get("from", Dashboard.time_from),
        time_to=time.get("to", Dashboard.time_to),
        refresh=data.get("refresh", Dashboard.refresh),
        workloads=tuple(data.get("workloads", ())),
    )


def _variable(data: Mapping[str, Any]) -> Variable:
    return Variable(
        name=data["name"],
        description=data["description"].strip(),
        query=data.get("query", "").strip(),
        field=data.get("field", ""),
        logs=data.get("logs", "").strip(),
        search=data.get("search", False),
        label=data.get("label", ""),
        regex=data.get("regex", ""),
        multi=data.get("multi", False),
        include_all=data.get("includeAll", False),
        all_value=data.get("allValue", ""),
    )


def _panel(data: Mapping[str, Any]) -> Panel:
    same = (
        "title",
        "type",
        "unit",
        "decimals",
        "min",
        "max",
        "width",
        "height",
        "stack",
        "legend",
        "sparkline",
        "every",
        "content",
    )
    return Panel(
        **{key: data[key] for key in same if key in data},
        description=data["description"].strip(),
        no_value=data.get("noValue", ""),
        thresholds=tuple(
            Threshold(step.get("from"), step["color"], step.get("text", ""), step.get("meaning", "").strip())
            for step in data.get("thresholds", ())
        ),
        colors=tuple(data.get("colors", {}).items()),
        columns=tuple(data.get("columns", {}).items()),
        fields=tuple(data.get("fields", ())),
        max_lines=data.get("maxLines", 0),
        targets=tuple(_target(target) for target in data.get("targets", ())),
    )


def _target(data: Mapping[str, Any]) -> Target:
    query: str | Percentiles | Ratio | Logs = data.get("expr", "").strip()
    if "percentiles" in data:
        settings = data["percentiles"]
        quantiles = tuple(float(quantile) for quantile in settings["quantiles"])
        by = tuple(settings.get("by", ()))
        query = Percentiles(settings["histogram"].strip(), quantiles, by, settings.get("mean", False))
    elif "ratio" in data:
        settings = data["ratio"]
        query = Ratio(settings["part"].strip(), settings["whole"].strip(), tuple(settings.get("by", ())))
    elif "logs" in data:
        settings = data.get("count", {})
        query = Logs(
            data["logs"].strip(),
            "count" in data,
            tuple(settings.get("by", ())),
            settings.get("top", Logs.top),
            settings.get("missing", ""),
            data.get("share", "").strip(),
        )
    return Target(query, data.get("legend", ""), data.get("unit", ""))

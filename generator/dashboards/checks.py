"""Finds what a schema cannot: names that meet nothing, settings without effect, an order that is wrong."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from generator.dashboards.logchecks import log_panel_problems
from generator.dashboards.logs import asks_logs, asks_metrics, panel_log_queries, variable_log_query, variable_texts
from generator.dashboards.queries import target_queries, variable_query
from generator.dashboards.spec import DATASOURCE, LOG_SOURCE
from generator.errors import InputError, Problem, nearest
from generator.promql.references import used_variables
from generator.promql.shorthands import expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.dashboards.spec import Dashboard, Panel, Variable

_ONLY = {
    "columns": "table",
    "stack": "timeseries",
    "legend": "timeseries",
    "colors": "timeseries",
    "sparkline": "stat",
    "every": "timeseries",
    "content": "text",
    "fields": "logs",
    "max_lines": "logs",
}
"""Settings that work with one type of panel only."""


def dashboard_problems(dashboard: Dashboard) -> list[Problem]:
    """Returns every problem of a dashboard that the schema let pass, in the order of the file; [] if none."""
    problems = list(_duplicates(dashboard))
    for path, panel in dashboard.panels():
        problems.extend(_panel_problems(dashboard.file, path, panel))
    used, broken = _used_names(dashboard)
    problems.extend(broken)
    return problems or list(_name_problems(dashboard, used))


def _duplicates(dashboard: Dashboard) -> Iterator[Problem]:
    names = Counter([DATASOURCE, LOG_SOURCE, *(variable.name for variable in dashboard.variables)])
    for index, variable in enumerate(dashboard.variables):
        if names[variable.name] > 1:
            message = f"found the variable '{variable.name}' twice"
            hint = "the compiler adds this one" if variable.name in (DATASOURCE, LOG_SOURCE) else ""
            yield Problem(message, dashboard.file, f"variables[{index}].name", hint=hint)
        yield from _variable_problems(dashboard.file, f"variables[{index}]", variable)
    titles = Counter(panel.title for _, panel in dashboard.panels())
    for path, panel in dashboard.panels():
        if titles[panel.title] > 1:
            yield Problem("found this title twice, expected each once", dashboard.file, f"{path}.title")


def _variable_problems(file: str, path: str, variable: Variable) -> Iterator[Problem]:
    if variable.logs and not variable.field:
        yield Problem("found 'logs', which only a menu of a log 'field' uses", file, f"{path}.logs")
    if variable.search:
        menu = {
            "regex": variable.regex,
            "multi": variable.multi,
            "includeAll": variable.include_all,
            "allValue": variable.all_value,
        }
        for key, value in menu.items():
            if value:
                yield Problem(f"found '{key}', which a box for words does not use", file, f"{path}.{key}")


def _color_problems(file: str, path: str, panel: Panel) -> Iterator[Problem]:
    legends = [target.legend for target in panel.targets]
    known = legends if all(legends) and not any("{{" in legend for legend in legends) else None
    for name, _ in panel.colors:
        place = f"{path}.colors"
        if not name.startswith("/"):
            if known is not None and name not in known:
                yield Problem(f"found '{name}', which no legend says", file, place, hint=nearest(name, known))
        elif len(name) < 3 or not name.endswith("/"):
            yield Problem(f"found '{name}', expected a regular expression between slashes", file, place)
        else:
            try:
                re.compile(name[1:-1])
            except re.error as error:
                yield Problem(f"found '{name}', which is no regular expression: {error}", file, place)


def _panel_problems(file: str, path: str, panel: Panel) -> Iterator[Problem]:
    for key, kind in _ONLY.items():
        if getattr(panel, key) and panel.type != kind:
            written = "maxLines" if key == "max_lines" else key
            yield Problem(f"found '{written}', which only a {kind} panel uses", file, f"{path}.{written}")
    yield from _color_problems(file, path, panel)
    if panel.sparkline and (len(panel.targets) > 1 or any("{{" in target.legend for target in panel.targets)):
        hint = "a sparkline is drawn behind one number; leave it out, and the panel asks for the present"
        yield Problem("found 'sparkline' in a stat of several numbers", file, f"{path}.sparkline", hint=hint)
    if panel.type == "text" and panel.targets:
        yield Problem("found 'targets', which a text panel does not use", file, f"{path}.targets")
    yield from log_panel_problems(file, path, panel)
    if panel.min is not None and panel.max is not None and panel.min >= panel.max:
        yield Problem(f"found min {panel.min:g}, expected less than max {panel.max:g}", file, f"{path}.min")
    before: float | None = None
    for index, step in enumerate(panel.thresholds):
        place = f"{path}.thresholds[{index}].from"
        if index == 0 and step.start is not None:
            yield Problem(f"found {step.start:g}, expected none in the first step", file, place)
        elif index and step.start is None:
            yield Problem("the key 'from' is missing", file, place)
        elif before is not None and step.start is not None and step.start <= before:
            yield Problem(f"found {step.start:g}, expected more than {before:g}", file, place)
        before = step.start


def _used_names(dashboard: Dashboard) -> tuple[set[str], list[Problem]]:
    """Returns what is used of what queries share, with its sign, and the shorthands that cannot be written out."""
    used: set[str] = set()
    broken: list[Problem] = []
    for index, variable in enumerate(dashboard.variables):
        try:
            variable_query(dashboard, index)
            used |= expand(variable.query, dashboard.shared).used
            lines = variable_log_query(dashboard, index)
            used |= {f"filter {name}" for name in lines.used} if lines else set()
        except InputError as error:
            broken.extend(error.problems)
    for path, panel in dashboard.panels():
        for index in range(len(panel.targets)):
            try:
                for query in target_queries(dashboard, f"{path}.targets[{index}]", panel, index):
                    used |= query.used
            except InputError as error:
                broken.extend(error.problems)
        try:
            for log_query in panel_log_queries(dashboard, path, panel):
                used |= {f"filter {name}" for written in log_query.written for name in written.used}
        except InputError as error:
            broken.extend(error.problems)
    return used, broken


def _name_problems(dashboard: Dashboard, used_shared: set[str]) -> Iterator[Problem]:
    """Finds variables without a definition, and definitions without a use."""
    defined = {variable.name for variable in dashboard.variables}
    defined |= {name for name, asks in ((DATASOURCE, asks_metrics), (LOG_SOURCE, asks_logs)) if asks(dashboard)}
    used: set[str] = set()
    for path, text in _texts(dashboard):
        mentioned = used_variables(text)
        used |= mentioned
        for name in sorted(mentioned - defined):
            yield Problem(f"unknown variable '${name}'", dashboard.file, path, hint=nearest(name, defined))
    for index, variable in enumerate(dashboard.variables):
        if variable.name not in used:
            message = f"the variable '{variable.name}' is not used"
            yield Problem(message, dashboard.file, f"variables[{index}]", hint="use it or remove it")
    shared = dashboard.shared
    for key, names, sign in (("matchers", shared.matchers, "@"), ("parts", shared.parts, "$part:")):
        for name in names:
            if f"{sign}{name}" not in used_shared:
                message = f"'{name}' is not used"
                yield Problem(message, dashboard.file, f"{key}.{name}", hint=f"write {sign}{name} or remove it")
    for name in shared.filters:
        if f"filter {name}" not in used_shared:
            path = f"logFilters.{name}"
            yield Problem(f"'{name}' is not used", dashboard.file, path, hint=f"write @{name} or remove it")


def _texts(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Yields every text in which Grafana fills in variables, with its place."""
    for index in range(len(dashboard.variables)):
        key = "logs" if dashboard.variables[index].field else "query"
        for text in variable_texts(dashboard, index):
            yield f"variables[{index}].{key}", text
    for index, row in enumerate(dashboard.rows):
        yield f"rows[{index}].title", row.title
    for path, panel in dashboard.panels():
        yield f"{path}.title", panel.title
        yield f"{path}.description", panel.description
        yield f"{path}.content", panel.content
        for index in range(len(panel.targets)):
            for query in target_queries(dashboard, f"{path}.targets[{index}]", panel, index):
                yield query.place, query.text
                yield query.place, query.legend
        for lines in panel_log_queries(dashboard, path, panel):
            for written in lines.written:
                yield lines.path, written.text

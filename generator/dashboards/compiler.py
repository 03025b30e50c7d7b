"""Compiles a dashboard to the JSON that Grafana 11 to 13 read.

Grafana's own builders make the JSON, so that its field names and enumerations are Grafana's; they are imported inside
the functions, because they are of use to one command only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.dashboards.layout import lay_out
from generator.dashboards.logpanels import build_log_panel
from generator.dashboards.logs import asks_logs, asks_metrics, panel_log_queries, variable_log_query
from generator.dashboards.opensearch import PLUGIN
from generator.dashboards.panels import build_panel, datasource_ref
from generator.dashboards.queries import shipped_queries, variable_query
from generator.dashboards.spec import DATASOURCE, LOG_SOURCE
from generator.logs.lucene import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grafana_foundation_sdk.builders import dashboard as builders

    from generator.dashboards.layout import Rectangle
    from generator.dashboards.spec import Dashboard, Link, Variable
    from generator.promql.reading import Recorded

_DEFAULTS: dict[str, Any] = {
    "allowCustomValue": True,
    "auto": False,
    "auto_count": 30,
    "auto_min": "10s",
    "calcs": [],
    "cellHeight": "sm",
    "dedupStrategy": "none",
    "displayMode": "list",
    "enableLogDetails": True,
    "fiscalYearStartMonth": 0,
    "footer": {"countRows": False, "reducer": [], "show": False},
    "frameIndex": 0,
    "id": 0,
    "instant": False,
    "justifyMode": "auto",
    "legend": {},
    "orientation": "auto",
    "percentChangeColorMode": "standard",
    "placement": "bottom",
    "prettifyLogMessage": False,
    "range": False,
    "repeatDirection": "h",
    "reverse": False,
    "showCommonLabels": False,
    "showHeader": True,
    "showLabels": False,
    "showLegend": True,
    "showLogContextToggle": False,
    "showPercentChange": False,
    "showTypeIcons": False,
    "skipUrlSync": False,
    "sortOrder": "Descending",
    "textMode": "auto",
    "transparent": False,
    "wideLayout": True,
}
"""What the builders write although Grafana assumes it."""


def compile_dashboard(name: str, spec: Dashboard, records: Sequence[Recorded] = ()) -> str:
    """Returns the dashboard's JSON on one line, the same bytes every time, with a line feed at its end.

    Every panel and every variable's query asks the data source that the variable ``datasource`` names, or ``logs`` if
    it asks for logs; a target for Prometheus asks its panel's (@grafana/scenes 6, SceneQueryRunner). There is no
    ``__inputs`` and no data source's uid. Panels have no number: Grafana gives them theirs, in this order, when it
    loads the dashboard (DashboardModel.ensurePanelsHaveUniqueIds; apps/dashboard/pkg/migration in its server).

    Args:
        name: the dashboard's name; it must be the one that the dashboard was read under.
        spec: the dashboard, as parse_dashboard gives it.
        records: what panels read in place of what it records.

    Raises:
        InputError: a shorthand that cannot be written out.
        ValueError: ``name`` is another dashboard's.
    """
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

    if name != spec.name:
        raise ValueError(f"'{name}' names the dashboard '{spec.name}'")
    built = (
        builders.Dashboard(spec.title)
        .uid(spec.uid)
        .description(spec.description)
        .tags(list(spec.tags))
        .editable()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time(spec.time_from, spec.time_to)
        .refresh(spec.refresh)
        .links([_link(link) for link in spec.links])
        .variables(list(_variables(spec)))
    )
    _add_rows(built, spec, records)
    return json.dumps(_plain(built.build()), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Returns what the builders have built as data, without what Grafana assumes anyway, at every depth."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    fields = value.to_json() if hasattr(value, "to_json") else value
    if not isinstance(fields, dict):
        return fields
    plain = ((key, _plain(item)) for key, item in fields.items())
    return {key: item for key, item in plain if not (key in _DEFAULTS and item == _DEFAULTS[key])}


def _link(link: Link) -> builders.DashboardLink:
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models.dashboard import DashboardLinkType

    built = builders.DashboardLink(link.title).include_vars(True).keep_time(True).tooltip(link.tooltip)
    if link.tag:
        return built.type(DashboardLinkType.DASHBOARDS).tags([link.tag]).as_dropdown(True)
    return built.type(DashboardLinkType.LINK).url(link.url)


_SOURCES = (
    (DATASOURCE, asks_metrics, "Data source", "The Prometheus that the panels ask.", "prometheus"),
    (LOG_SOURCE, asks_logs, "Logs", "The OpenSearch whose logs are shown.", PLUGIN),
)
"""The menus for data sources: name, when there is one, label, description, plugin."""


def _variables(spec: Dashboard) -> Iterator[Any]:
    from grafana_foundation_sdk.builders import dashboard as builders

    for name, asks, label, description, plugin in _SOURCES:
        if asks(spec):
            yield builders.DatasourceVariable(name).label(label).description(description).type(plugin)
    for index, variable in enumerate(spec.variables):
        if variable.search:
            box = builders.TextBoxVariable(variable.name).label(variable.label or variable.name)
            yield box.description(variable.description).default_value("")
        else:
            yield _menu(spec, index, variable)


def _menu(spec: Dashboard, index: int, variable: Variable) -> builders.QueryVariable:
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableOption, VariableRefresh, VariableSort

    lines = variable_log_query(spec, index)
    if lines:
        # The plugin reads a variable's query as JSON (2.34.2, metricFindQuery).
        query = json.dumps({"find": "terms", "field": variable.field, "query": lines.text, "size": 500})
        source = DataSourceRef(type_val=PLUGIN, uid=f"${{{LOG_SOURCE}}}")
    else:
        query, source = variable_query(spec, index), datasource_ref()
    built = (
        builders.QueryVariable(variable.name)
        .label(variable.label or variable.name)
        .description(variable.description)
        .datasource(source)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(variable.multi)
        .include_all(variable.include_all)
    )
    if variable.regex:
        built.regex(variable.regex)
    if variable.all_value or (lines and variable.include_all):
        built.all_value(variable.all_value or ANYTHING)
    if variable.include_all:
        text: str | list[str] = ["All"] if variable.multi else "All"
        value: str | list[str] = ["$__all"] if variable.multi else "$__all"
        built.current(VariableOption(selected=True, text=text, value=value))
    return built


def _add_rows(built: builders.Dashboard, spec: Dashboard, records: Sequence[Recorded]) -> None:
    from grafana_foundation_sdk.builders import dashboard as builders

    for row_index, (row, rectangles) in enumerate(zip(spec.rows, lay_out(spec), strict=True)):
        heading = builders.Row(row.title).collapsed(row.collapsed).grid_pos(_grid(rectangles.heading))
        panels = []
        for index, (panel, rectangle) in enumerate(zip(row.panels, rectangles.panels, strict=True)):
            path = f"rows[{row_index}].panels[{index}]"
            lines = list(panel_log_queries(spec, path, panel))
            asked = [] if lines else list(shipped_queries(spec, path, panel, records))
            panel_builder = build_log_panel(panel, lines) if lines else build_panel(panel, asked)
            panels.append(panel_builder.grid_pos(_grid(rectangle)))
        if row.collapsed:
            for item in panels:
                heading.with_panel(item)
            built.with_row(heading)
        else:
            built.with_row(heading)
            for item in panels:
                built.with_panel(item)


def _grid(rectangle: Rectangle) -> Any:
    from grafana_foundation_sdk.models.dashboard import GridPos

    return GridPos(h=rectangle.h, w=rectangle.w, x=rectangle.x, y=rectangle.y)

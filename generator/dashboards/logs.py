"""Every log query of a dashboard as Grafana will send it, and what a dashboard is without them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.dashboards.queries import queries, variable_query
from generator.dashboards.spec import Logs
from generator.errors import bad_input
from generator.logs.lucene import LuceneQuery, write_query
from generator.promql.references import used_variables
from generator.promql.shorthands import ShorthandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.dashboards.spec import Dashboard, Panel, Row


@dataclass(frozen=True)
class LogQuery:
    """The lines that one target of one panel asks for.

    Attributes:
        path: its place in the file, ``rows[0].panels[1].targets[0]``.
        logs: what was written.
        lines: the query, written out.
        part: for a share, the lines above the line of the fraction; else None.
        legend: the name of its series, or the heading of a table's column of counts; "" leaves it to the compiler.
        unit: its unit where it is not the panel's, else "".
    """

    path: str
    logs: Logs
    lines: LuceneQuery
    part: LuceneQuery | None
    legend: str
    unit: str

    @property
    def written(self) -> tuple[LuceneQuery, ...]:
        """What is sent, one query or two."""
        return (self.lines, self.part) if self.part else (self.lines,)


def log_queries(dashboard: Dashboard) -> Iterator[tuple[Panel, LogQuery]]:
    """Yields every log query with its panel, in the order of the file.

    Raises:
        InputError: a query that cannot be written out; names its place.
    """
    for path, panel in dashboard.panels():
        for query in panel_log_queries(dashboard, path, panel):
            yield panel, query


def panel_log_queries(dashboard: Dashboard, path: str, panel: Panel) -> Iterator[LogQuery]:
    """Yields the log queries of one panel; see log_queries."""
    for index, target in enumerate(panel.targets):
        if isinstance(target.query, Logs):
            place = f"{path}.targets[{index}]"
            logs = target.query
            lines = _written(dashboard, logs.query, f"{place}.logs")
            part = None
            if logs.share:
                part = _written(dashboard, f"({logs.query}) AND ({logs.share})", f"{place}.share")
            yield LogQuery(place, logs, lines, part, target.legend, target.unit)


def variable_log_query(dashboard: Dashboard, index: int) -> LuceneQuery | None:
    """Returns the query that narrows down the lines whose values fill a menu; None for any other variable.

    Raises:
        InputError: it cannot be written out.
    """
    variable = dashboard.variables[index]
    if not variable.field:
        return None
    return _written(dashboard, variable.logs or "*:*", f"variables[{index}].logs")


def _written(dashboard: Dashboard, query: str, path: str) -> LuceneQuery:
    try:
        return write_query(query, dashboard.shared.filters, dashboard.variables)
    except ShorthandError as error:
        raise bad_input(str(error), file=dashboard.file, path=path, hint=error.hint) from None


def asks_logs(dashboard: Dashboard) -> bool:
    """Whether anything of the dashboard asks OpenSearch."""
    return any(panel.asks_logs for _, panel in dashboard.panels()) or any(
        variable.field for variable in dashboard.variables
    )


def asks_metrics(dashboard: Dashboard) -> bool:
    """Whether anything of the dashboard asks Prometheus."""
    panels = (panel for _, panel in dashboard.panels() if panel.targets)
    return any(not panel.asks_logs for panel in panels) or any(variable.query for variable in dashboard.variables)


def without_logs(dashboard: Dashboard) -> Dashboard | None:
    """Returns the dashboard without the panels that ask for logs, and without rows and variables that only these need.

    Returns:
        None if nothing would be left.
    """
    if not asks_logs(dashboard):
        return dashboard
    rows = tuple(row for row in (_metrics_row(row) for row in dashboard.rows) if row)
    if not rows:
        return None
    left = replace(dashboard, rows=rows, shared=replace(dashboard.shared, filters={}))
    unused = used_by_panels(dashboard) - used_by_panels(left)
    variables = tuple(variable for variable in dashboard.variables if variable.name not in unused)
    return replace(left, variables=variables)


def _metrics_row(row: Row) -> Row | None:
    panels = tuple(panel for panel in row.panels if not panel.asks_logs)
    # A row of which only texts are left explains what is no longer there.
    if panels != row.panels and not any(panel.targets for panel in panels):
        return None
    return replace(row, panels=panels)


def used_by_panels(dashboard: Dashboard) -> set[str]:
    """Returns the variables that the rows use, and those that these variables' own queries use."""
    texts = [row.title for row in dashboard.rows]
    texts += [text for _, panel in dashboard.panels() for text in (panel.title, panel.description, panel.content)]
    texts += [text for query in queries(dashboard) for text in (query.text, query.legend)]
    texts += [written.text for _, query in log_queries(dashboard) for written in query.written]
    used: set[str] = set()
    while texts:
        more = {name for text in texts for name in used_variables(text)} - used
        used |= more
        texts = [
            text
            for index, variable in enumerate(dashboard.variables)
            if variable.name in more
            for text in variable_texts(dashboard, index)
        ]
    return used


def variable_texts(dashboard: Dashboard, index: int) -> Iterator[str]:
    """Yields the texts of one variable in which Grafana fills in others."""
    lines = variable_log_query(dashboard, index)
    yield lines.text if lines else variable_query(dashboard, index)

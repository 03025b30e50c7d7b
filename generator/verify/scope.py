"""What of a dashboard the check on queries has to know beside its expressions: its variables and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.dashboards.logs import log_queries, variable_log_query
from generator.dashboards.spec import DATASOURCE, LOG_SOURCE
from generator.verify.spec import Scope

if TYPE_CHECKING:
    from generator.dashboards.spec import Dashboard


def dashboard_scope(dashboard: Dashboard) -> Scope:
    """Returns the variables of a dashboard and the texts in which they may stand."""
    texts = [(f"rows[{index}].title", row.title) for index, row in enumerate(dashboard.rows)]
    for path, panel in dashboard.panels():
        texts += [(f"{path}.{key}", getattr(panel, key)) for key in ("title", "description", "content")]
    defined = {variable.name: f"variables[{index}]" for index, variable in enumerate(dashboard.variables)}
    for index in range(len(dashboard.variables)):
        lines = variable_log_query(dashboard, index)
        if lines:
            texts.append((f"variables[{index}].logs", lines.text))
    for _, log_query in log_queries(dashboard):
        texts += [(log_query.path, written.text) for written in log_query.written]
    # The compiler points every panel at the data source that one of these variables chooses.
    sources = (DATASOURCE, LOG_SOURCE)
    return Scope(dashboard.file, {**dict.fromkeys(sources, ""), **defined}, tuple(texts), frozenset(sources))

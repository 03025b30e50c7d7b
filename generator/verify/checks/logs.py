"""Do records of logs have the fields that a dashboard asks for, and does OpenSearch read its queries as they seem?

These queries are Lucene's, not PromQL: log_findings looks at them, one dashboard at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.dashboards.logs import log_queries, variable_log_query
from generator.files.cache import cached
from generator.logs.queries import QueryProblem, field_problem, query_problems
from generator.verify.hooks import Check
from generator.verify.spec import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.dashboards.logs import LogQuery
    from generator.dashboards.spec import Dashboard, Panel
    from generator.logs.fields import LogField
    from generator.promql.expression import Kind

    _Problems = Callable[[Dashboard, Mapping[str, LogField], set[str]], Iterator[tuple[str, str, QueryProblem]]]

CHECK = Check(
    name="logs",
    summary="A log query over fields that no record has, or one that OpenSearch reads otherwise than it seems to say.",
    exemptible=False,
)

_COUNTABLE = ("keyword", "integer", "long")


def log_findings(dashboard: Dashboard, fields: Mapping[str, LogField]) -> Iterator[Finding]:
    """Returns what is wrong with the log queries of a dashboard, menus first, in the order of the file.

    Raises:
        InputError: a query cannot be written out.
    """
    if not _clean(dashboard, fields):
        yield from _findings(dashboard, fields)


@cached("logs", shape=bool)
def _clean(dashboard: Dashboard, fields: Mapping[str, LogField]) -> bool:
    return not any(_findings(dashboard, fields))


def _findings(dashboard: Dashboard, fields: Mapping[str, LogField]) -> Iterator[Finding]:
    searches = {variable.name for variable in dashboard.variables if variable.search}
    kinds: tuple[tuple[Kind, _Problems], ...] = (("variable", _menu_problems), ("target", _panel_problems))
    for kind, problems in kinds:
        for place, name, problem in problems(dashboard, fields, searches):
            subjects = (problem.subject,) if problem.subject else ()
            yield Finding(CHECK.name, dashboard.file, place, kind, name, subjects, problem.message, problem.hint)


def _menu_problems(
    dashboard: Dashboard, fields: Mapping[str, LogField], searches: set[str]
) -> Iterator[tuple[str, str, QueryProblem]]:
    for index, variable in enumerate(dashboard.variables):
        lines = variable_log_query(dashboard, index)
        if lines is None:
            continue
        problem = field_problem(variable.field, fields, types=("keyword",), use="a menu")
        if problem:
            yield f"variables[{index}].field", variable.name, problem
        for problem in query_problems(lines.plain, fields, searches=searches):
            yield f"variables[{index}].logs", variable.name, problem


def _panel_problems(
    dashboard: Dashboard, fields: Mapping[str, LogField], searches: set[str]
) -> Iterator[tuple[str, str, QueryProblem]]:
    for path, panel in dashboard.panels():
        for name in panel.fields:
            problem = field_problem(name, fields)
            if problem:
                yield f"{path}.fields", panel.title, problem
    for panel, query in log_queries(dashboard):
        for problem in _problems(panel, query, fields, searches):
            yield query.path, panel.title, problem


def _problems(
    panel: Panel, query: LogQuery, fields: Mapping[str, LogField], searches: set[str]
) -> Iterator[QueryProblem]:
    # A share's second query is the first one and what it asks beyond that.
    yield from query_problems((query.part or query.lines).plain, fields, searches=searches)
    for name in query.logs.by:
        problem = field_problem(name, fields, types=_COUNTABLE, use=f"what '{panel.title}' counts by")
        if problem:
            yield problem
        elif query.logs.missing and fields.get(name) and fields[name].type != "keyword":
            message = f"found 'missing' with '{name}', a {fields[name].type}; words stand for a keyword only"
            yield QueryProblem(name, message, "leave it out")

"""Every PromQL expression of a dashboard as Grafana will send it, for the compiler and for the checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.dashboards.spec import Logs
from generator.errors import bad_input
from generator.files.cache import cached
from generator.promql.expression import Expression
from generator.promql.shorthands import Percentiles, Ratio, ShorthandError, expand, percentiles, ratio
from generator.promql.views import rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.dashboards.spec import Dashboard, Panel, Target
    from generator.promql.reading import Recorded


def expressions(dashboard: Dashboard) -> list[Expression]:
    """Returns every query for Prometheus of a dashboard, menus first, in the order of the file.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    return [
        Expression(**{**data, "columns": tuple(data["columns"]), "used": frozenset(data["used"])})
        for data in _written_out(dashboard)
    ]


_SHAPE = [
    {
        "file": str,
        "place": str,
        "kind": str,
        "name": str,
        "text": str,
        "index": int,
        "legend": str,
        "unit": str,
        "panel": str,
        "columns": [str],
        "group": str,
        "wait": str,
        "labels": {str: str},
        "annotations": {str: str},
        "used": [str],
    }
]
"""An Expression's fields, as JSON has them."""


@cached("expressions", shape=_SHAPE)
def _written_out(dashboard: Dashboard) -> list[dict[str, Any]]:
    menus = (
        Expression(dashboard.file, f"variables[{index}].query", "variable", variable.name, text)
        for index, variable in enumerate(dashboard.variables)
        if (text := variable_query(dashboard, index))
    )
    return [{**vars(expression), "used": sorted(expression.used)} for expression in (*menus, *queries(dashboard))]


def queries(dashboard: Dashboard) -> Iterator[Expression]:
    """Returns every query of every panel that asks Prometheus, in the order of the file.

    Raises:
        InputError: a shorthand that cannot be written out; names the panel's and the target's place.
    """
    for path, panel in dashboard.panels():
        yield from panel_queries(dashboard, path, panel)


def panel_queries(dashboard: Dashboard, path: str, panel: Panel) -> Iterator[Expression]:
    """Returns the queries of one panel; see queries."""
    for index in range(len(panel.targets)):
        yield from target_queries(dashboard, f"{path}.targets[{index}]", panel, index)


def shipped_queries(dashboard: Dashboard, path: str, panel: Panel, records: Sequence[Recorded]) -> Iterator[Expression]:
    """Returns the queries of one panel as they are shipped: they read records where these hold what is asked."""
    texts = shipped_texts(dashboard, tuple(records))["charts" if panel.type in _CHARTS else "now"] if records else {}
    for query in panel_queries(dashboard, path, panel):
        yield replace(query, text=texts.get(query.text, query.text))


_CHARTS = frozenset({"heatmap", "timeseries"})
"""Types of panels that show a course. All others show what is now, for which a record of counts, which is up to a
minute and a half behind, comes too late; and they ask for one moment, which costs little."""


@cached("shipped", shape={"charts": {str: str}, "now": {str: str}, "records": [str], "rules": [str]})
def shipped_texts(dashboard: Dashboard, records: tuple[Recorded, ...]) -> dict[str, Any]:
    """Returns what of a dashboard's queries reads records in place of what was written.

    Returns:
        ``charts`` and ``now``: of each query that does, what was written → what is shipped, in panels that show a
        course and in all others; ``records``: the records that are put in, sorted; ``rules``: the files of rules that
        these stand in, sorted.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    gauges = tuple(record for record in records if not record.evaluations)
    asked = {
        chart: {query.text: None for query in queries(dashboard) if (query.panel in _CHARTS) is chart}
        for chart in (True, False)
    }
    charts, now = (
        {text: one for text in asked[chart] if (one := rewritten(text, read)).records}
        for chart, read in ((True, records), (False, gauges))
    )
    made = [*charts.values(), *now.values()]
    return {
        "charts": {text: one.text for text, one in charts.items()},
        "now": {text: one.text for text, one in now.items()},
        "records": sorted({name for one in made for name in one.records}),
        "rules": sorted({rules for one in made for rules in one.rules}),
    }


def target_queries(dashboard: Dashboard, path: str, panel: Panel, index: int) -> Iterator[Expression]:
    """Returns the queries of one target; see queries."""
    target = panel.targets[index]
    columns = tuple(label for label, _ in panel.columns)
    try:
        for legend, expression in _written(target):
            expansion = expand(expression, dashboard.shared)
            yield Expression(
                file=dashboard.file,
                place=path,
                kind="target",
                name=panel.title,
                text=expansion.text,
                index=index,
                legend=legend,
                unit=target.unit or panel.unit,
                panel=panel.type,
                columns=columns,
                used=expansion.used,
            )
    except ShorthandError as error:
        raise bad_input(str(error), file=dashboard.file, path=path, hint=error.hint) from None


def _written(target: Target) -> list[tuple[str, str]]:
    """Returns (legend, expression with shorthands) of a target."""
    if isinstance(target.query, Percentiles):
        prefix = [target.legend] if target.legend else [f"{{{{{label}}}}}" for label in target.query.by]
        return [(" ".join([*prefix, name]), text) for name, text in percentiles(target.query)]
    if isinstance(target.query, Ratio):
        return [(target.legend, ratio(target.query))]
    if isinstance(target.query, Logs):
        return []
    return [(target.legend, target.query)]


def variable_query(dashboard: Dashboard, index: int) -> str:
    """Returns the query of one variable with its shorthands written out; "" if Prometheus does not fill it.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    try:
        return expand(dashboard.variables[index].query, dashboard.shared).text
    except ShorthandError as error:
        path = f"variables[{index}].query"
        raise bad_input(str(error), file=dashboard.file, path=path, hint=error.hint) from None

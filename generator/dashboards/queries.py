"""Every PromQL expression of a dashboard as Grafana will send it, for the compiler and for the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.dashboards.spec import Logs, Percentiles, Ratio
from generator.errors import bad_input
from generator.promql.shorthands import ShorthandError, expand, percentiles, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.dashboards.spec import Dashboard, Panel, Target


@dataclass(frozen=True)
class Query:
    """One expression of one panel.

    Attributes:
        dashboard: the dashboard's name.
        panel: the panel's title.
        index: the target in the panel, from 0; a target with several percentiles gives several queries.
        path: its place in the file, ``rows[0].panels[1].targets[0]``.
        expr: PromQL with Grafana's variables in it, shorthands written out.
        legend: the name of its series, or the heading of its column; "" leaves it to Grafana.
        unit: its unit where it is not the panel's, else "".
        used: what it uses of what expressions share: ``@name`` for matchers, ``$part:name`` for parts.
    """

    dashboard: str
    panel: str
    index: int
    path: str
    expr: str
    legend: str
    unit: str
    used: frozenset[str]


def queries(dashboard: Dashboard) -> Iterator[Query]:
    """Gives every query of every panel that asks Prometheus, in the order of the file.

    Raises:
        InputError: a shorthand that cannot be written out; names the panel's and the target's place.
    """
    for path, panel in dashboard.panels():
        yield from panel_queries(dashboard, path, panel)


def panel_queries(dashboard: Dashboard, path: str, panel: Panel) -> Iterator[Query]:
    """Gives the queries of one panel; see queries."""
    for index in range(len(panel.targets)):
        yield from target_queries(dashboard, f"{path}.targets[{index}]", panel, index)


def target_queries(dashboard: Dashboard, path: str, panel: Panel, index: int) -> Iterator[Query]:
    """Gives the queries of one target; see queries."""
    target = panel.targets[index]
    try:
        for legend, expression in _written(target):
            expansion = expand(expression, dashboard.shared)
            yield Query(
                dashboard.name,
                panel.title,
                index,
                path,
                expansion.text,
                legend,
                target.unit,
                expansion.used,
            )
    except ShorthandError as error:
        raise bad_input(str(error), file=dashboard.file, path=path, hint=error.hint) from None


def _written(target: Target) -> list[tuple[str, str]]:
    """Gives (legend, expression with shorthands) of a target."""
    if isinstance(target.query, Percentiles):
        prefix = [target.legend] if target.legend else [f"{{{{{label}}}}}" for label in target.query.by]
        return [(" ".join([*prefix, name]), text) for name, text in percentiles(target.query)]
    if isinstance(target.query, Ratio):
        return [(target.legend, ratio(target.query))]
    if isinstance(target.query, Logs):
        return []
    return [(target.legend, target.query)]


def variable_query(dashboard: Dashboard, index: int) -> str:
    """Gives the query of one variable with its shorthands written out; "" if Prometheus does not fill it.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    try:
        return expand(dashboard.variables[index].query, dashboard.shared).text
    except ShorthandError as error:
        path = f"variables[{index}].query"
        raise bad_input(str(error), file=dashboard.file, path=path, hint=error.hint) from None

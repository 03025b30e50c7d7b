"""Turns dashboards and rules of this project into expressions to check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from generator.dashboards.logs import log_queries, variable_log_query
from generator.dashboards.queries import panel_queries, variable_query
from generator.dashboards.spec import DATASOURCE, LOG_SOURCE
from generator.verify.spec import Expression, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.dashboards.spec import Dashboard
    from generator.verify.spec import Exemption


def dashboard_expressions(dashboard: Dashboard) -> Iterator[Expression]:
    """Gives every query for Prometheus of a dashboard, menus first, in the order of the file.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    for index, variable in enumerate(dashboard.variables):
        text = variable_query(dashboard, index)
        if text:
            yield Expression(dashboard.file, variable.name, f"variables[{index}].query", text, kind="variable")
    for path, panel in dashboard.panels():
        columns = tuple(label for label, _ in panel.columns)
        for query in panel_queries(dashboard, path, panel):
            yield Expression(
                dashboard.file,
                panel.title,
                query.path,
                query.expr,
                index=query.index,
                legend=query.legend,
                unit=query.unit or panel.unit,
                columns=columns,
            )


def dashboard_scope(dashboard: Dashboard) -> Scope:
    """Gives the variables of a dashboard and the texts in which they may stand."""
    texts = [(f"rows[{index}].title", row.title) for index, row in enumerate(dashboard.rows)]
    for path, panel in dashboard.panels():
        texts += [(f"{path}.{key}", getattr(panel, key)) for key in ("title", "description", "content")]
    defined = {variable.name: f"variables[{index}]" for index, variable in enumerate(dashboard.variables)}
    for index in range(len(dashboard.variables)):
        lines = variable_log_query(dashboard, index)
        if lines:
            texts.append((f"variables[{index}].logs", lines.text))
    for _, asked in log_queries(dashboard):
        texts += [(asked.path, written.text) for written in asked.written]
    # The compiler points every panel at the data source that one of these variables chooses.
    sources = (DATASOURCE, LOG_SOURCE)
    return Scope(dashboard.file, {**dict.fromkeys(sources, ""), **defined}, tuple(texts), frozenset(sources))


def rule_expression(
    file: str,
    group: str,
    name: str,
    text: str,
    kind: Literal["record", "alert"],
    *,
    index: int = 0,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    exempt: tuple[Exemption, ...] = (),
) -> Expression:
    """Gives one rule as an expression.

    Args:
        file: the rule file.
        group: the group's name.
        name: the record's or alert's name.
        text: its PromQL.
        kind: what it is.
        index: its place in the group, from 0.
        labels: labels that it adds; their templates may name labels of the result.
        annotations: an alert's texts.
        exempt: exemptions that stand beside it.
    """
    labels, annotations = labels or {}, annotations or {}
    return Expression(
        file,
        name,
        f"groups[{group}].rules[{index}].expr",
        text,
        kind=kind,
        index=index,
        legend="\n".join([*labels.values(), *annotations.values()]),
        labels=tuple(labels.items()),
        exempt=exempt,
    )

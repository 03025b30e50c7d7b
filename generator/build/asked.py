"""Which series somebody asks for: every name in a query of a dashboard or rule, ours and those that come with us."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from generator.dashboards.queries import expressions as dashboard_expressions
from generator.errors import InputError, Problem
from generator.files.packaged import packaged
from generator.promql.parser import selectors
from generator.rules.groups import expressions as rule_expressions
from generator.verify.names import PROMETHEUS_OWN, alternatives
from generator.verify.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.sources import Sources
    from generator.promql.expression import Expression
    from generator.promql.parser import Selector

STACK = "kube-prometheus-stack"


@dataclass(frozen=True)
class Asked:
    """What queries ask for.

    Attributes:
        names: names of series as they are stored. What Prometheus itself writes and what rules of these files record is
            not among them, for no target brings it.
        patterns: RE2 expressions of whole names, sorted.
    """

    names: frozenset[str]
    patterns: tuple[str, ...]


def asked(sources: Sources, *, lenient: bool = False) -> Asked:
    """Returns what the dashboards and rules ask for, whether they are on or not: a switch may be set at install time.

    Panels are taken in the form that asks raw series, which is in the chart beside the one that reads records.

    Args:
        sources: with a person's own files.
        lenient: whether a query that names no series is passed over.

    Raises:
        InputError: a query asks for series without naming them, so that nobody can say which these are; or a shorthand
            cannot be written out.
    """
    items = prepare(_expressions(sources)).items
    names = set().union(*(item.names for item in items))
    patterns: set[str] = set()
    problems = []
    for item in items:
        for selector in selectors(item.tree) if item.broad and item.text else ():
            found = tuple(_patterns(selector))
            patterns.update(found)
            if not found and not _names(selector) and not lenient:
                message = f"found {item.expression.text!r}, which names no series: nobody can say which to keep for it"
                hint = "name them, list expressions of them in monitors.alsoKeep, or leave monitors.keep at 'all'"
                problems.append(Problem(message, item.expression.file, item.expression.place, hint=hint))
    if problems:
        raise InputError(*problems)
    recorded = {item.expression.name for item in items if item.expression.kind == "record"}
    return Asked(frozenset(names - recorded - PROMETHEUS_OWN), tuple(sorted(patterns)))


def _expressions(sources: Sources) -> Iterator[Expression]:
    for dashboard in sources.dashboards.values():
        yield from dashboard_expressions(dashboard)
    yield from rule_expressions(sources.rules)
    if sources.brought_dashboards:
        from generator.verify.grafana import grafana_dashboard

        for board in sources.brought_dashboards.values():
            yield from grafana_dashboard(board.data, board.file)[0]
    if sources.brought_rules:
        from generator.rules.brought import brought_expressions

        yield from brought_expressions(sources.brought_rules.values())


def _names(selector: Selector) -> tuple[str, ...]:
    """Returns the names that a selector lists; () if it chooses by something else."""
    if selector.name:
        return (selector.name,)
    return tuple(name for matcher in selector.names for name in alternatives(matcher))


def _patterns(selector: Selector) -> Iterator[str]:
    """Yields the expression of names that a selector has, unless anything matches it."""
    for matcher in () if _names(selector) else selector.names:
        if matcher.operator == "=~" and not matcher.variable and not _matches_anything(matcher.value):
            yield matcher.value


def _matches_anything(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "no_series_is_called_this") is not None
    except re.error:  # of RE2 alone: it is taken as it is
        return False


@cache
def asked_by_stack(*, dashboards: bool) -> frozenset[str]:
    """Returns what the rules that kube-prometheus-stack brings ask for.

    It is read from ``generator/stack/kube_prometheus_stack/asked.yaml``, which a test holds against the chart.

    Args:
        dashboards: whether that of its dashboards is among it.

    Raises:
        InputError: the file does not follow values-schemas/asked.schema.yaml.
    """
    data = packaged("generator/stack/kube_prometheus_stack/asked.yaml", "asked")
    return frozenset((*data["rules"], *(data["dashboards"] if dashboards else ())))

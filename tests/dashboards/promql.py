"""What the tests need to know of an expression: the selectors in it, and the labels that it matches and groups by."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import promql_parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WINDOWS = {"__rate_interval": "2m", "__interval": "30s", "__range": "30m"}


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Puts values in the place of Grafana's variables, as Grafana does before it asks."""
    known = {**WINDOWS, **variables}

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return known[name]

    return re.sub(r"\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))", value, text)


@dataclass(frozen=True)
class Selector:
    """One vector selector: the names that it may mean and the labels that it matches."""

    names: tuple[str, ...]
    labels: frozenset[str]


@dataclass
class Parsed:
    """The selectors of an expression, and the labels that it groups, joins or copies by."""

    selectors: list[Selector] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)


def parse(expression: str) -> Parsed:
    """Parses PromQL without Grafana's variables; raises ValueError if it is none."""
    found = Parsed()
    for node in _walk(promql_parser.parse(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            found.selectors.append(_selector(node))
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.labels.update(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            matching = node.modifier.matching
            found.labels.update(matching.labels if matching is not None else ())
            found.labels.update(node.modifier.group_labels or ())
        elif isinstance(node, promql_parser.Call) and node.func.name == "label_replace":
            found.labels.add(node.args[3].val)
    return found


def _selector(node: Any) -> Selector:
    matchers = node.matchers.matchers
    names = [node.name] if node.name else []
    for matcher in matchers:
        if matcher.name == "__name__":
            names.extend(matcher.value.split("|"))
    return Selector(tuple(names), frozenset(m.name for m in matchers if m.name != "__name__"))


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector", "param", "args"):
        below = getattr(node, name, None)
        for child in below if isinstance(below, list) else [below]:
            if isinstance(child, promql_parser.Expr):
                yield from _walk(child)

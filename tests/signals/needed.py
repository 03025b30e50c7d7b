"""Which metric names the queries ask for, so that no sample is made that nobody reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.promql.parser import parse, selectors

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL_VALUES = re.compile(r"label_values\((?:(.*),)?\s*[A-Za-z_]\w*\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Needed:
    """Names, and regular expressions of names; ``in`` tells whether a name is asked for."""

    names: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]

    def __contains__(self, name: str) -> bool:
        """Returns whether a query reads this name."""
        return name in self.names or any(pattern.fullmatch(name) for pattern in self.patterns)


def needed(expressions: Iterable[str]) -> Needed:
    """Returns the names in PromQL expressions and in the queries of variables, Grafana's variables left in.

    Raises:
        generator.promql.filling.PromQLError: an expression that is no PromQL.
    """
    names: set[str] = set()
    patterns: set[str] = set()
    for text in expressions:
        for selector in selectors(parse(_selector_of(text)).tree):
            if selector.name:
                names.add(selector.name)
            for matcher in selector.names:
                (names if matcher.operator == "=" else patterns).add(matcher.value)
    return Needed(frozenset(names), tuple(re.compile(pattern) for pattern in sorted(patterns)))


def _selector_of(text: str) -> str:
    """Returns the PromQL in a variable's query; ``label_values(label)`` without a selector reads the name ``up``."""
    if match := _LABEL_VALUES.fullmatch(text.strip()):
        return match[1] or "up"
    match = _QUERY_RESULT.fullmatch(text.strip())
    return match[1] if match else text

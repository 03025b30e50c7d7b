"""Expressions as trees: kept between rounds of questions, and selectors written out again."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from generator.promql.parser import parse
from generator.verify.names import alternatives

if TYPE_CHECKING:
    from generator.promql.parser import Selector

NEVER_EMPTY = frozenset(("absent", "absent_over_time", "vector", "scalar", "time", "pi"))
"""Functions that give something whatever they are given, or give something where there is nothing."""


@lru_cache(maxsize=8192)
def tree_of(text: str) -> Any:
    """Returns an expression's tree; the same one is looked at in each round of questions.

    Raises:
        PromQLError: it is not PromQL.
    """
    return parse(text).tree


def written_names(node: Selector) -> tuple[str, ...]:
    """Returns the names that a selector lists; () if it has a regular expression that may be any."""
    if node.name:
        return (node.name,)
    return next((listed for matcher in node.names if (listed := alternatives(matcher))), ())


def selector_text(node: Selector) -> str:
    """Returns a selector as PromQL."""
    inside = ",".join(
        f"{matcher.label}{matcher.operator}{json.dumps(matcher.value, ensure_ascii=False)}"
        for matcher in (*node.names, *node.matchers)
    )
    return f"{node.name}{{{inside}}}" if inside else node.name

"""Parses every expression once, so that it can be checked against many catalogues."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.files import cache
from generator.promql.filling import PromQLError
from generator.promql.parser import Selector, parse, selectors
from generator.promql.references import used_variables
from generator.verify.names import alternatives

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.promql.expression import Expression
    from generator.verify.spec import Scope

_QUERY = re.compile(r"\s*(label_values|label_names|query_result|metrics)\s*\((.*)\)\s*", re.DOTALL)
_LABEL = re.compile(r"(?:(.*),)?\s*([A-Za-z_]\w*|\$\w+|\$\{\w+\})\s*", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One expression, parsed.

    Attributes:
        expression: what was given.
        text: the PromQL in it; "" if there is nothing to walk (or nothing that could be parsed).
        error: why it cannot be parsed, "" if it can.
        shows: the label that a menu lists, "" if it lists none.
        variables: the variables that it uses, in the legend too.
        names: the names of metrics that it mentions.
        broad: whether it selects by a regular expression that may match any name.
    """

    expression: Expression
    text: str
    error: str
    shows: str
    variables: frozenset[str]
    names: frozenset[str]
    broad: bool

    @cached_property
    def tree(self) -> Any:
        """The parsed expression; None if there is nothing to walk. Parsed when it is asked for."""
        return parse(self.text).tree if self.text else None


@dataclass(frozen=True)
class Prepared:
    """Everything to check, parsed.

    Attributes:
        items: what is checked.
        records: recording rules by name: those among the items, and those that others bring, which are not checked.
        scopes: the variables of each dashboard, by file.
        brought: the files that people bring. They may ask for what the catalogue does not know, our own may not.
        unrecorded: records of files that are off, each with what writes it and the choice that has that off.
        read: the names that dashboards read in the form in which they are shipped, those that are off included; None
            if that is not known.
    """

    items: tuple[Item, ...]
    records: Mapping[str, tuple[Item, ...]]
    scopes: Mapping[str, Scope]
    brought: frozenset[str] = frozenset()
    unrecorded: Mapping[str, str] = field(default_factory=dict)
    read: frozenset[str] | None = None

    def mentioning(self, names: Iterable[str]) -> tuple[Item, ...]:
        """Returns the expressions whose result may depend on these names, by way of recording rules too."""
        reached = set(names)
        while True:
            more = {name for name, items in self.records.items() if any(_mentions(item, reached) for item in items)}
            if more <= reached:
                return tuple(item for item in self.items if _mentions(item, reached))
            reached |= more


def _mentions(item: Item, names: set[str]) -> bool:
    return item.broad or not names.isdisjoint(item.names)


def prepare(
    expressions: Iterable[Expression],
    scopes: Iterable[Scope] = (),
    upstream: Iterable[Expression] = (),
    *,
    brought: Iterable[str] = (),
    unrecorded: Mapping[str, str] | None = None,
    read: Iterable[str] | None = None,
) -> Prepared:
    """Parses expressions.

    Args:
        expressions: what is to be checked.
        scopes: the variables of the dashboards among their files.
        upstream: recording rules that others bring (kube-prometheus-stack); only their results are used.
        brought: the files that people bring.
        unrecorded: names of records that are off → what writes them and which choice has it off.
        read: the names that all dashboards read in the form in which they are shipped.
    """
    items = tuple(map(_item, expressions))
    records: dict[str, list[Item]] = {}
    for item in (*items, *map(_item, upstream)):
        if item.expression.kind == "record":
            records.setdefault(item.expression.name, []).append(item)
    return Prepared(
        items,
        {name: tuple(rules) for name, rules in records.items()},
        {scope.file: scope for scope in scopes},
        frozenset(brought),
        {name: reason for name, reason in (unrecorded or {}).items() if name not in records},
        None if read is None else frozenset(read),
    )


_MENTIONED = {"names": [str], "broad": bool}
"""The shape of what is kept of an expression."""


def _item(expression: Expression) -> Item:
    text, shows = expression.text, ""
    if expression.kind == "variable":
        text, shows = _menu(text)
    dashboard = expression.kind in {"target", "variable"}
    variables = used_variables(expression.text) | (used_variables(expression.legend) if dashboard else frozenset())
    if not text.strip():
        error = "" if shows else "found an empty expression"
        return Item(expression, "", error, shows, variables, frozenset(), broad=bool(shows))
    memo = cache.current().memo("names")
    mentioned = memo.get(text, shape=_MENTIONED)
    if mentioned is not None:
        return Item(expression, text, "", shows, variables, frozenset(mentioned["names"]), mentioned["broad"])
    try:
        tree = parse(text).tree
    except PromQLError as error:
        return Item(expression, "", str(error), shows, variables, frozenset(), broad=False)
    names, broad = _names(tree)
    memo.set(text, {"names": sorted(names), "broad": broad})
    item = Item(expression, text, "", shows, variables, names, broad)
    item.__dict__["tree"] = tree  # what the property would parse again
    return item


def _menu(query: str) -> tuple[str, str]:
    """Returns the PromQL of a menu's query and the label that it lists; "" where there is none."""
    match = _QUERY.fullmatch(query)
    if not match:
        return query, ""
    kind, inside = match.groups()
    if kind == "label_values":
        parts = _LABEL.fullmatch(inside)
        return (parts[1] or "", parts[2]) if parts else (inside, "")
    if kind == "metrics":
        quoted = inside.strip().strip("\"'").replace("\\", "\\\\").replace('"', '\\"')
        return f'{{__name__=~".*(?:{quoted}).*"}}', ""
    return (inside, "") if kind == "query_result" else (inside, "__name__")


def _names(tree: Any) -> tuple[frozenset[str], bool]:
    names: set[str] = set()
    broad = False
    for selector in selectors(tree):
        listed = _selected(selector)
        names.update(listed)
        broad = broad or not listed
    return frozenset(names), broad


def _selected(selector: Selector) -> tuple[str, ...]:
    if selector.name:
        return (selector.name,)
    return next((listed for matcher in selector.names if (listed := alternatives(matcher))), ())

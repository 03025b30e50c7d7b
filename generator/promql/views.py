"""Reads recorded series where an expression asks for what a recording rule has written down already.

A record of an aggregation, ``sum by (namespace, pod) (X)``, holds every coarser one: ``sum by (namespace)
(X{pod="a"})`` is the sum of what is recorded for that pod. So an expression says what it means, in raw series, and
whoever ships it replaces the aggregations in it for which there is a record. Where a record is not evaluated, the
expression as it was written still answers.

An aggregation is replaced if all of this holds:

- what it aggregates is what the record aggregates, but for label matchers that the record does not have;
- these stand at every selector, and narrow down the same if they are applied to the result: each step of the expression
  keeps their labels;
- the record keeps their labels, and those by which the expression aggregates;
- its operator can be had from the record's: sums of sums and of counts, maxima of maxima, minima of minima, means as a
  sum over a count; means and quantiles from a record by the very same labels only, besides those that a matcher gives
  one value.

What is read of records of counts stands in counted.py. They lag a minute: an expression that would have one counter's
rate from a record and another's from raw series reads no record of counts, so that a ratio is of the same events.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.promql.counted import counts
from generator.promql.filling import MARK, WINDOW, PromQLError
from generator.promql.increase import increase_window
from generator.promql.literals import STRING
from generator.promql.parser import Aggregation, Binary, Selector, Window, parse
from generator.promql.reading import Recorded, View, children, fitting, grouping, names, reading
from generator.promql.references import REFERENCE, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_OPERATORS = frozenset(("avg", "count", "group", "max", "min", "quantile", "sum"))
_ALIKE = {"count": "sum", "max": "max", "min": "min", "sum": "sum"}
"""The operator that aggregates a record of an operator further."""

_TOKEN = re.compile(
    rf"(?P<string>{STRING})|(?P<comment>\#[^\n]*)|(?P<variable>\$\{{[^}}]*\}})"
    rf"|(?P<braces>\{{(?:[^{{}}\"'`]|{STRING}|\$\{{[^}}]*\}})*\}})|(?P<name>[A-Za-z_:][\w:]*)|(?P<open>\()|(?P<close>\))"
    r"|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)
_CLAUSE = re.compile(r"\s*(?:by|without)\s*\([^()]*\)", re.IGNORECASE)
_JOINT = re.compile(r"(?:(?:and|unless)\s+on\s*\((?P<on>[^()]*)\)|and|or|unless)", re.IGNORECASE)
_OPENING = re.compile(r"\s*\(")
_STRINGS = re.compile(STRING, re.DOTALL)
_QUANTILE = re.compile(r"\bhistogram_quantile\s*\([^(),]*,\s*$")
_PACE = re.compile(r" / scalar\(max\(count_over_time\([^()]*\)\)\) / 60(?=\)$)| / [0-9]+(?=\)$)")
"""Matches what makes a rate of a number of events, of which no quantile depends."""

_RATE = re.compile(r"\b(?:rate|irate|increase)\s*\(")
_HELD = re.compile(rf"{MARK}(\d+){MARK}")
_WINDOWS = re.compile(rf"\[\s*(?:{VARIABLE})\s*[\]:]")


class Rewritten(NamedTuple):
    """An expression that reads records where it can.

    Attributes:
        text: the expression; equal to what was given if it reads none.
        records: the records that were put in.
        rules: the files of rules that these stand in.
    """

    text: str
    records: frozenset[str]
    rules: frozenset[str]


def rewritten(text: str, records: Sequence[Recorded]) -> Rewritten:
    """Returns an expression that reads records instead of what they record.

    Args:
        text: PromQL with Grafana's variables, shorthands written out.
        records: the records that are at hand.
    """
    one = _rewritten(text, _views(tuple(records)))
    if _RATE.search(one.text) and any(record.evaluations for record in records if record.record in one.records):
        return _rewritten(text, _views(tuple(record for record in records if not record.evaluations)))
    return one


def _rewritten(text: str, views: Mapping[frozenset[str], list[View]]) -> Rewritten:
    found: list[View] = []
    parts: list[str] = []
    copied = at = 0
    for begin, end in _aggregations(text) if views else ():
        if begin < at:
            continue
        replacement = _replacement(text[begin:end], views, found)
        if _QUANTILE.search(text[:begin]):
            replacement = _PACE.sub("", replacement)
        if replacement:
            parts += [text[copied:begin], replacement]
            copied = at = end
    if not parts:
        return Rewritten(text, frozenset(), frozenset())
    answer = "".join([*parts, text[copied:]])
    names = {name for view in found for name in (view.of.record, view.of.evaluations) if name and name in answer}
    return Rewritten(answer, frozenset(names), frozenset(view.of.rules for view in found))


@lru_cache(maxsize=8)
def _views(records: tuple[Recorded, ...]) -> Mapping[frozenset[str], list[View]]:
    """Returns the views that records are, by the names of the metrics that each reads."""
    views: dict[frozenset[str], list[View]] = {}
    for one in records:
        view = _view(one)
        if view:
            views.setdefault(names(view.inner), []).append(view)
    return views


def _view(one: Recorded) -> View | None:
    try:
        tree = parse(one.expr).tree
    except PromQLError:  # the check on queries says so
        return None
    if not isinstance(tree, Aggregation) or tree.labels is None or tree.without:
        return None
    inner = tree.inner
    if one.evaluations:
        window = _counted(inner)
        if window is None:
            return None
        inner = window.inner
    elif tree.operator not in _OPERATORS or not _comparable(inner):
        return None
    return View(one, tree.operator, tree.parameter, frozenset(tree.labels), inner)


def _counted(tree: Any) -> Window | None:
    """Returns the range of a record of counts; None if it counts only some of the series."""
    return increase_window(tree) if isinstance(tree, Binary) else None


def _comparable(tree: Any) -> bool:
    """Returns whether a tree tells all that its text says: neither an offset nor the step of a subquery is in it."""
    if isinstance(tree, Selector):
        return not tree.has_offset
    if isinstance(tree, Window):
        return not tree.subquery and tree.seconds != WINDOW and _comparable(tree.inner)
    return all(_comparable(child) for child in children(tree))


def _aggregations(text: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of each aggregation in a text, an outer one before those inside."""
    tokens = [token for token in _TOKEN.finditer(text) if not (token["space"] or token["comment"])]
    for token in tokens:
        if not token["name"] or token["name"].lower() not in _OPERATORS:
            continue
        clause = _CLAUSE.match(text, token.end())
        opening = _OPENING.match(text, clause.end() if clause else token.end())
        closing = opening and _closing(tokens, opening.end() - 1)
        if not closing:
            continue
        behind = None if clause else _CLAUSE.match(text, closing)
        yield token.start(), behind.end() if behind else closing


def _closing(tokens: Iterable[re.Match[str]], opening: int) -> int:
    """Returns where the bracket that opens at a place has been closed; 0 if it is not."""
    depth = 0
    for token in tokens:
        if token.start() >= opening:
            depth += bool(token["open"]) - bool(token["close"])
            if depth == 0:
                return token.end()
    return 0


def _replacement(text: str, views: Mapping[frozenset[str], list[View]], found: list[View]) -> str:
    """Returns what reads records instead of one aggregation, "" if nothing does; adds the views that it reads."""
    if not any(name in text for known in views for name in known):
        return ""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        if match[0] not in held:
            held.append(match[0])
        return f"{MARK}{held.index(match[0])}{MARK}"

    try:
        tree = parse(_STRINGS.sub(lambda match: REFERENCE.sub(hold, match[0]), text)).tree
    except PromQLError:
        return ""
    if not isinstance(tree, Aggregation) or tree.without:
        return ""
    windows = {match["bare"] or match["braced"] or match["old"] for match in _WINDOWS.finditer(text)}
    answer = counts(tree, views, found, windows) or _gauges(tree, views, found)
    if answer:
        return _HELD.sub(lambda match: held[int(match[1])], answer)
    return _restricted(text, tree, views, found)


def _restricted(text: str, tree: Aggregation, views: Mapping[frozenset[str], list[View]], found: list[View]) -> str:
    """Returns what reads records in an aggregation of series that have, or have not, a partner elsewhere.

    ``sum by (a) (X and on (b) Y)`` is ``sum by (a) (sum by (a, b) (X) and on (b) Y)``, whose inner sum may be recorded.
    """
    clause = _CLAUSE.match(text, len(tree.operator))
    if tree.operator not in {"max", "min", "sum"} or bool(clause) != bool(tree.labels):
        return ""
    inner = text[text.index("(", clause.end() if clause else 0) + 1 :]
    joints = list(_joints(inner))
    if not joints or not all(joint["on"] for joint in joints):
        return ""
    labels = dict.fromkeys(tree.labels or ())
    for joint in joints:
        labels |= dict.fromkeys(re.findall(r"\w+", joint["on"]))
    first = joints[0].start()
    whole = f"{tree.operator} by ({', '.join(labels)}) ({inner[:first].strip()})"
    replacement = _replacement(whole, views, found)
    return f"{tree.operator}{grouping(tree)}({replacement}\n{inner[first:]}" if replacement else ""


def _joints(text: str) -> Iterator[re.Match[str]]:
    """Yields the operators between the operands of a text that ends behind the bracket it stands in.

    Nothing but ``and`` and ``unless`` with ``on`` has a group ``on``.
    """
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += bool(token["open"]) - bool(token["close"])
        if depth < 0:
            return
        if depth == 0 and token["name"] and token["name"].lower() in {"and", "or", "unless"}:
            joint = _JOINT.match(text, token.start())
            if joint:
                yield joint


def _gauges(tree: Aggregation, views: Mapping[frozenset[str], list[View]], found: list[View]) -> str:
    if not _comparable(tree.inner):
        return ""
    gauges = [view for view in views.get(names(tree.inner), ()) if not view.of.evaluations]
    held = list(fitting(tree, tree.inner, gauges))
    by = grouping(tree)
    for view, matchers in held:
        fixed = {matcher.label for matcher in matchers if matcher.operator == "="}
        same = view.by <= {*(tree.labels or ()), *fixed}
        if tree.operator == view.operator and tree.operator in _ALIKE:
            outer = _ALIKE[tree.operator]
        elif tree.operator == "group" or (same and tree.operator == view.operator and tree.parameter == view.parameter):
            outer = "group" if tree.operator == "group" else "max"
        else:
            continue
        found.append(view)
        return f"{outer}{by}({reading(view, matchers)})"
    if tree.operator == "avg":
        parts = [next((one for one in held if one[0].operator == operator), None) for operator in ("sum", "count")]
        if all(parts):
            found += [part[0] for part in parts if part]
            over, under = (f"sum{by}({reading(*part)})" for part in parts if part)
            return f"({over} / {under})"
    return ""

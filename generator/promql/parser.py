"""The parts of a PromQL expression that the check looks at, made once from the parser's tree.

promql-parser copies a whole subtree at each access, so that walking its tree again and again costs more than parsing.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from generator.promql import re2
from generator.promql.durations import LONGEST_MS
from generator.promql.filling import ANY_NAME, BRACES, MARK, Filled, PromQLError, fill
from generator.promql.literals import STRING
from generator.promql.newer import as_older
from generator.promql.references import used_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DEPTH = 200
"""Deepest nesting of an expression, of brackets or of operators: what walks the tree is recursive."""

MAX_OPERATORS = 1000
"""Most operators of an expression; what parses it is recursive, too."""

MAX_LENGTH = 50_000
"""Most characters of an expression. The longest of ours has 7,000; what Prometheus takes over HTTP is not more."""

_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
_STRING = re.compile(STRING, re.DOTALL)
_OPERATOR = re.compile(r"[-+*/%^=<>]+?|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_SECONDS = re.compile(r"(?:[\[:]|\boffset)\s*[-+]?\s*(nan|inf|[0-9][0-9_.]*(?:e[+-]?[0-9]+)?)(?![\w.])", re.IGNORECASE)
"""Seconds where a duration is expected. promql-parser 0.12 panics on those that its type for durations cannot hold."""
_BRACKET = re.compile(r"[(\[{)\]}]")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; ``variable`` if a Grafana variable fills in some of the value."""

    label: str
    operator: Literal["=", "!=", "=~", "!~"]
    value: str
    variable: bool

    def accepts(self, value: str) -> bool:
        """Returns whether a label with this value, "" if it is absent, matches; a variable may hold anything."""
        if self.variable:
            return True
        equal = self.value == value if self.operator in {"=", "!="} else bool(_regex(self.value).fullmatch(value))
        return equal == (self.operator in {"=", "=~"})


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector; ``name`` is "" if there is none, ``names`` are matchers of ``__name__``."""

    name: str
    names: tuple[Matcher, ...]
    matchers: tuple[Matcher, ...]
    has_offset: bool

    def __str__(self) -> str:
        """Returns the name, or the first matcher of the name."""
        return self.name or next((matcher.value for matcher in self.names), "{}")


@dataclass(frozen=True, slots=True)
class Window:
    """A range of seconds over a selector, or over an expression (a subquery)."""

    inner: Any
    seconds: float
    subquery: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class String:
    """A string."""

    value: str
    variable: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """An aggregation; ``labels`` is None without a by or without clause."""

    operator: str
    inner: Any
    parameter: Any
    labels: tuple[str, ...] | None
    without: bool


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary operator.

    Attributes:
        flag: ``bool`` stands behind it.
        on: the labels of ``on`` or ``ignoring``; None without either.
        ignoring: whether they are those of ``ignoring``.
        group: the side that has many series, "" for neither.
        include: the labels that ``group_left`` or ``group_right`` takes over.
    """

    operator: str
    left: Any
    right: Any
    flag: bool
    on: tuple[str, ...] | None
    ignoring: bool
    group: Literal["", "left", "right"]
    include: tuple[str, ...]


@dataclass(frozen=True)
class Parsed:
    """An expression as a tree, and the variables that it uses."""

    tree: Any
    variables: frozenset[str]


@lru_cache(maxsize=4096)
def _regex(text: str) -> re.Pattern[str]:
    """Returns a regular expression that Prometheus (RE2) and Python read alike, which is so for all but rarities.

    Raises:
        PromQLError: it cannot be read.
    """
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        raise PromQLError(f"found the regular expression '{text}', which cannot be read: {error}") from None


regex = _regex


def parse(text: str) -> Parsed:
    """Parses an expression with Grafana's variables in it.

    Dashboards repeat few sets of label matchers over and over; each is parsed once.

    Raises:
        PromQLError: it is not PromQL.
    """
    try:
        return Parsed(_tree(text, keep_braces=False), used_variables(text))
    except PromQLError:
        # What the parser says of the whole text is what a person can follow.
        return Parsed(_tree(text, keep_braces=True), used_variables(text))


def _tree(text: str, *, keep_braces: bool) -> Any:
    filled = fill(text, keep_braces=keep_braces)
    try:
        return _parsed(filled)
    except PromQLError:
        named = fill(text, bare=ANY_NAME, keep_braces=keep_braces)
        if named.text == filled.text:
            raise
        return _parsed(named)


@lru_cache(maxsize=4096)
def _matchers(braces: str) -> Selector:
    """Returns what stands between braces as a selector without a name."""
    tree = _tree(braces if "__name__" in braces else f"{ANY_NAME}{braces}", keep_braces=True)
    if not isinstance(tree, Selector):
        raise PromQLError(f"found '{braces}', expected label matchers")
    return tree


def _parsed(filled: Filled) -> Any:
    _refuse_size(filled.text)
    return _Converter(filled).node(_rust_tree(filled.text))


def _rust_tree(text: str) -> Any:
    import promql_parser

    try:
        return promql_parser.parse(text)
    except ValueError as error:
        older = as_older(text)
        if older != text:
            with contextlib.suppress(ValueError):
                return promql_parser.parse(older)
        raise PromQLError(_shortened(str(error))) from None
    except BaseException as error:  # a panic of Rust is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise PromQLError(_shortened(str(error))) from None


def _shortened(message: str) -> str:
    """The parser's messages repeat what they are about."""
    return message if len(message) <= 300 else f"{message[:300]}…"


def _refuse_size(text: str) -> None:
    """Refuses what is larger than any query of people, before the parser, which recurses in native code, reads it.

    Raises:
        PromQLError: too many characters or operators, a duration too long, or brackets too deep.
    """
    if len(text) > MAX_LENGTH:
        raise PromQLError(f"found {len(text):,} characters, expected at most {MAX_LENGTH:,}")
    bare = _STRING.sub("", text)
    for number in _SECONDS.findall(bare):
        try:
            length = float(number.replace("_", ""))
        except ValueError:
            continue  # the parser says what is wrong with it
        if not length <= LONGEST_MS / 1000:
            raise PromQLError(f"found the duration '{_shortened(number)}', expected at most 292 years")
    if len(text) <= MAX_DEPTH:
        return
    if sum(1 for _ in _OPERATOR.finditer(bare)) > MAX_OPERATORS:
        raise PromQLError(f"found more than {MAX_OPERATORS} operators in one expression")
    depth = 0
    for bracket in _BRACKET.findall(bare):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        if depth > MAX_DEPTH:
            raise PromQLError(_TOO_DEEP)


class _Converter:
    """Makes our tree of the parser's; what stood between braces is all that it knows beside it."""

    def __init__(self, filled: Filled) -> None:
        self.braces = filled.braces
        self.depth = 0
        self.makers: dict[str, Callable[[Any], Any]] = {
            "VectorSelector": self._selector,
            "MatrixSelector": lambda node: Window(
                self._selector(node.vector_selector), _length(node.range), subquery=False
            ),
            "SubqueryExpr": self._subquery,
            "NumberLiteral": lambda node: Number(node.val),
            "StringLiteral": lambda node: String(node.val, MARK in node.val),
            "ParenExpr": lambda node: self.node(node.expr),
            "UnaryExpr": lambda node: Binary(
                "*", Number(-1.0), self.node(node.expr), flag=False, on=None, ignoring=False, group="", include=()
            ),
            "Call": self._call,
            "AggregateExpr": self._aggregation,
            "BinaryExpr": self._binary,
        }

    def node(self, node: Any) -> Any:
        if self.depth == MAX_DEPTH:
            raise PromQLError(_TOO_DEEP)
        self.depth += 1
        tree = self.makers[type(node).__name__](node)
        self.depth -= 1
        return tree

    def _selector(self, node: Any) -> Selector:
        name, matchers = node.name or "", node.matchers.matchers
        has_offset = node.offset is not None
        if has_offset:
            _length(abs(node.offset))
        if node.matchers.or_matchers:
            raise PromQLError(
                "found 'or' between matchers, which VictoriaMetrics takes; Prometheus takes a comma alone"
            )
        if self.braces and matchers:
            inside = _matchers(self.braces[int(matchers[0].value)])
            if name and inside.names:
                raise PromQLError(f"found the names '{name}' and '{inside}' in one selector")
            if not (name or inside.names or any(not matcher.accepts("") for matcher in inside.matchers)):
                raise PromQLError("found a selector that matches everything, expected a name")
            return Selector(name, inside.names, inside.matchers, has_offset)
        read = tuple(map(_matcher, matchers))
        names = tuple(matcher for matcher in read if matcher.label == "__name__")
        rest = tuple(matcher for matcher in read if matcher.label not in {"__name__", ANY_NAME})
        return Selector(name, names, rest, has_offset)

    def _subquery(self, node: Any) -> Window:
        if node.step is not None:
            _length(node.step)
        return Window(self.node(node.expr), _length(node.range), subquery=True)

    def _call(self, node: Any) -> Call:
        call = Call(node.func.name, tuple(self.node(arg) for arg in node.args))
        if call.function in {"label_replace", "label_join"}:
            _refuse_relabelling(call)
        return call

    def _aggregation(self, node: Any) -> Aggregation:
        modifier = node.modifier
        labels = None if modifier is None else tuple(map(_label, modifier.labels))
        without = modifier is not None and str(modifier.type).endswith("Without")
        parameter = node.param
        if parameter is not None:
            parameter = self._parameter(parameter)
        return Aggregation(str(node.op), self.node(node.expr), parameter, labels, without)

    def _parameter(self, parameter: Any) -> Any:
        if isinstance(parameter, str):
            return String(parameter, MARK in parameter)
        return self.node(parameter) if type(parameter).__name__ in self.makers else Number(float(parameter))

    def _binary(self, node: Any) -> Binary:
        left, right, modifier = self.node(node.lhs), self.node(node.rhs), node.modifier
        operator = str(node.op)
        if modifier is None:
            return Binary(operator, left, right, flag=False, on=None, ignoring=False, group="", include=())
        if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
            raise PromQLError("found fill(), which Prometheus takes with the feature flag promql-binop-fill-modifiers")
        matching = modifier.matching
        group = _GROUPS.get(str(modifier.card).rpartition(".")[2], "")
        return Binary(
            operator,
            left,
            right,
            flag=modifier.return_bool,
            on=None if matching is None else tuple(map(_label, matching.labels)),
            ignoring=matching is not None and str(matching.type).endswith("Exclude"),
            group=group,
            include=tuple(map(_label, modifier.group_labels or ())),
        )


def _matcher(node: Any) -> Matcher:
    operator = cast('Literal["=", "!=", "=~", "!~"]', _OPERATORS[str(node.op).rpartition(".")[2]])
    if operator in {"=~", "!~"}:
        _refuse_regex(node.value)
    return Matcher(_label(node.name), operator, node.value, MARK in node.value)


def _refuse_regex(pattern: str) -> None:
    """Refuses what Rust's regular expressions take and Prometheus' do not."""
    problem = re2.problem(pattern)
    if problem:
        raise PromQLError(f"found the regular expression '{pattern}', which Prometheus refuses: {problem}")


def _length(duration: Any) -> float:
    """Returns the seconds of a range or a step.

    Raises:
        PromQLError: it is nothing, or more nanoseconds than 63 bits hold (prometheus/common, model.ParseDuration).
    """
    seconds = float(duration.total_seconds())
    if not 0 < seconds * 1000 <= LONGEST_MS:
        raise PromQLError(f"found a duration of {seconds:g} s, expected more than 0 s and less than 292 years")
    return seconds


def _refuse_relabelling(call: Call) -> None:
    """Refuses what Prometheus finds out when it evaluates label_replace or label_join (promql/functions.go, 3.14)."""
    target = call.args[1] if len(call.args) > 1 else None
    if isinstance(target, String) and not target.value:
        raise PromQLError(f"found no name of the label that {call.function}() writes, expected one")
    pattern = call.args[4] if call.function == "label_replace" and len(call.args) > 4 else None
    if isinstance(pattern, String) and not pattern.variable:
        _whole_regex(pattern.value)


@lru_cache(maxsize=1024)
def _whole_regex(pattern: str) -> None:
    """Refuses a regular expression that stands where promql-parser does not look at it."""
    _refuse_regex(pattern)
    try:
        _rust_tree(f'{{{BRACES}=~{json.dumps(pattern, ensure_ascii=False)},{ANY_NAME}="1"}}')
    except PromQLError:
        raise PromQLError(f"found the regular expression '{pattern}', which Prometheus cannot read") from None


def _label(text: str) -> str:
    return text.strip('"')


_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_GROUPS: dict[str, Literal["", "left", "right"]] = {"ManyToOne": "left", "OneToMany": "right"}


def scalar(tree: Any) -> bool:
    """Returns whether a tree gives one number without labels rather than a vector."""
    if isinstance(tree, Binary):
        return scalar(tree.left) and scalar(tree.right)
    return isinstance(tree, Number) or (isinstance(tree, Call) and tree.function in {"pi", "scalar", "time"})


def selectors(tree: Any) -> Iterator[Selector]:
    """Returns every selector of a tree, from left to right."""
    if isinstance(tree, Selector):
        yield tree
    elif isinstance(tree, Window):
        yield from selectors(tree.inner)
    elif isinstance(tree, Call):
        for arg in tree.args:
            yield from selectors(arg)
    elif isinstance(tree, Aggregation):
        yield from selectors(tree.inner)
        yield from selectors(tree.parameter)
    elif isinstance(tree, Binary):
        yield from selectors(tree.left)
        yield from selectors(tree.right)

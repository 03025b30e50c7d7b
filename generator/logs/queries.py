"""Checks log queries: is it Lucene that OpenSearch reads as a person means it, over fields that records have?

luqum parses; what is refused here parses, but answers something else than it seems to say. luqum takes more than
Lucene does, so that Lucene's own grammar (grammar.py, regexp.py) has the last word. Facts are from OpenSearch 3's
query_string (Lucene's classic parser, default operator OR), each seen on a real one.
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from generator.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from generator.logs.fields import LogField

LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
"""The values of the field ``level``; Fluent Bit writes no other (generator/stack/fluent_bit/templates/records.lua)."""

_TEXT = ("match_only_text", "text")
_NUMBERS = ("integer", "long")
_ESCAPED = re.compile(r"\\(.)")
_WILDCARD = re.compile(r"(?<!\\)[*?]")
_UNQUOTED = re.compile(r"(?<!\\)[/!:]")
"""Signs that luqum takes for part of a word, and Lucene's parser does not: ``/`` begins a regular expression, ``!`` is
NOT, ``:`` ends a field (Lucene 9.12 and OpenSearch 3, queryparser/classic/QueryParser.jj)."""
_VARIABLE = re.compile(r"\$([A-Za-z]\w*)")


@dataclass(frozen=True)
class QueryProblem:
    """One thing that is wrong with a log query.

    Attributes:
        subject: the field, value or variable that it is about; "" for the query as a whole.
        message: what was found and what was expected, one sentence without full stop.
        hint: what to do about it; "" if nothing helps.
    """

    subject: str
    message: str
    hint: str = ""


def query_problems(
    query: str, fields: Mapping[str, LogField], *, searches: Collection[str] = ()
) -> Iterator[QueryProblem]:
    """Yields every problem of a log query, in its order.

    Args:
        query: Lucene with Grafana's variables as ``$name``, filters written out.
        fields: the fields of a record by name.
        searches: variables that are boxes for words; every other one is a menu.
    """
    parse = _parser()
    from luqum.exceptions import ParseError  # type: ignore[import-untyped]

    try:
        tree = parse(query)
    except ParseError as error:
        yield QueryProblem("", f"found no Lucene query: {_reason(error)}")
        return
    problems = list(_Check(fields, frozenset(searches)).node(tree))
    yield from problems or _read_otherwise(query, tree)


_HINT = "put a value in quotes, or a backslash in front of each sign of Lucene's language"


def _read_otherwise(query: str, tree: Any) -> Iterator[QueryProblem]:
    """Yields what Lucene's own grammar refuses, or splits otherwise than luqum, whose tree was looked at."""
    from generator.logs.grammar import LuceneSyntaxError, atoms

    try:
        read = atoms(query)
    except LuceneSyntaxError as error:
        yield QueryProblem("", f"OpenSearch refuses the query: {error}", _HINT)
        return
    for seen, meant in zip_longest(read, _atoms(tree), fillvalue=""):
        if seen != meant:
            yield QueryProblem(meant, f"found '{meant}', which OpenSearch reads as '{seen}'", _HINT)
            return


def _atoms(node: Any) -> Iterator[str]:
    """Yields the fields, values and ends of ranges of luqum's tree, as grammar.atoms does of the text."""
    from luqum import tree  # type: ignore[import-untyped]

    text = str(node).strip()
    if isinstance(node, tree.SearchField):
        yield node.name
    elif isinstance(node, (tree.Fuzzy, tree.Proximity)):
        inner = str(node.children[0]).strip()
        yield from (inner, text.removeprefix(inner).strip())
        return
    elif isinstance(node, (tree.From, tree.To)) or not node.children:
        yield text
        return
    for child in node.children:
        yield from _atoms(child)


@cache
def _parser() -> Callable[[str], Any]:
    """Returns luqum's parser, without the conflicts of its grammar that ply prints if its tables are not kept."""
    with contextlib.redirect_stderr(io.StringIO()):
        from luqum.thread import parse  # type: ignore[import-untyped]
    function: Callable[[str], Any] = parse
    return function


def field_problem(
    name: str, fields: Mapping[str, LogField], *, types: Collection[str] = (), use: str = "asked for"
) -> QueryProblem | None:
    """Returns the problem that keeps a field from being used; None if there is none.

    Args:
        name: the field; a path below a flat_object counts as a keyword.
        fields: the fields of a record by name.
        types: the types that fit; () for all.
        use: what it is to be, for the message.
    """
    actual = field_type(name, fields)
    if not actual:
        return QueryProblem(name, f"unknown field '{name}'", nearest(name, fields) or "see logs/fields.yaml")
    if types and actual not in types:
        return QueryProblem(name, f"found '{name}', a {actual}, expected {' or '.join(types)} to be {use}")
    return None


def field_type(name: str, fields: Mapping[str, LogField]) -> str:
    """Returns the type of a field, "keyword" for a path below a flat_object, "" for an unknown one."""
    if name in fields:
        return fields[name].type
    parts = name.split(".")
    for length in range(1, len(parts)):
        outer = fields.get(".".join(parts[:length]))
        if outer and outer.type == "flat_object":
            return "keyword"
    return ""


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip("!")
    return text.removeprefix("Syntax error in input : ")[:200]


class _Check:
    """One walk over one query."""

    def __init__(self, fields: Mapping[str, LogField], searches: frozenset[str]) -> None:
        self.fields = fields
        self.searches = searches

    def node(self, node: Any, field: str = "") -> Iterator[QueryProblem]:
        """Checks one node; ``field`` is the one in front of the parentheses that it stands in."""
        from luqum import tree

        if isinstance(node, tree.SearchField):
            yield from self._search(node, field)
        elif isinstance(node, tree.UnknownOperation):
            side = " and ".join(f"'{str(child).strip()}'" for child in node.children[:2])
            yield QueryProblem("", f"found {side} side by side, which OpenSearch reads as OR", "write AND or OR")
        elif isinstance(node, (tree.Plus, tree.Prohibit)):
            yield QueryProblem("", f"found '{str(node).strip()}' with a sign in front", "write AND or NOT")
        elif isinstance(node, (tree.Boost, tree.From, tree.To)):
            yield from self._modified(node, field)
        elif isinstance(node, tree.BaseOperation):
            yield from self._operation(node, field)
        elif isinstance(node, (tree.Group, tree.FieldGroup, tree.Not)):
            yield from self.node(node.children[0], field)
        elif field:
            yield from self._value(node, field)
        else:
            text = str(node).strip()
            yield QueryProblem(text, f"found '{text}' without a field", f"write log:{text}")

    def _modified(self, node: Any, field: str) -> Iterator[QueryProblem]:
        from luqum import tree

        if isinstance(node, tree.Boost):
            yield QueryProblem(
                "", f"found '{str(node).strip()}'; '^' changes an order that logs do not have", "remove it"
            )
        elif not field:
            yield QueryProblem("", f"found '{str(node).strip()}' without a field")
        else:
            yield from self._value(node, field)

    def _operation(self, node: Any, field: str) -> Iterator[QueryProblem]:
        from luqum import tree

        for child in node.children:
            if isinstance(child, tree.BaseOperation) and not isinstance(child, tree.UnknownOperation):
                yield QueryProblem("", "found AND beside OR without parentheses", "put one of them in parentheses")
            if isinstance(node, tree.OrOperation) and isinstance(child, tree.Not):
                text = str(child).strip()
                hint = f"write OR (*:* AND {text})"
                yield QueryProblem("", f"found 'OR {text}', which OpenSearch reads as AND {text}", hint)
            yield from self.node(child, field)

    def _search(self, node: Any, outer: str) -> Iterator[QueryProblem]:
        from luqum import tree

        name = _ESCAPED.sub(r"\1", node.name)
        if outer:
            yield QueryProblem(name, f"found '{name}' inside the parentheses of '{outer}'", "close them before it")
            return
        value = node.children[0]
        if name == "*":
            if str(value).strip() != "*":
                yield QueryProblem("", f"found '{str(node).strip()}', which asks every field", "name the field")
        elif name == "_exists_":
            field = _ESCAPED.sub(r"\1", str(value).strip())
            problem = field_problem(field, self.fields)
            if problem:
                yield problem
        elif not field_type(name, self.fields):
            problem = field_problem(name, self.fields)
            if problem:
                yield problem
        elif isinstance(value, tree.SearchField):
            yield QueryProblem(name, f"found '{str(node).strip()}', expected a value behind '{name}'")
        else:
            yield from self.node(value, name)

    def _value(self, node: Any, field: str) -> Iterator[QueryProblem]:
        """Checks one value of a known field."""
        from luqum import tree

        kind = field_type(field, self.fields)
        text = str(node).strip()
        names = _VARIABLE.findall(text)
        if kind == "date":
            yield QueryProblem(field, f"found '{field}:{text}'; the time range is the dashboard's", "remove it")
        elif names and not isinstance(node, tree.Regex):
            yield from self._variable(node, field, kind, names[0])
        elif kind in _NUMBERS:
            yield from _number(node, field)
        elif isinstance(node, (tree.Range, tree.From, tree.To)):
            yield QueryProblem(field, f"found the range '{text}' of '{field}', a {kind}", "only a number has ranges")
        elif field == "level":
            yield from _level(node)
        elif isinstance(node, tree.Regex):
            yield from _regex(field, kind, text)
        elif isinstance(node, tree.Word):
            yield from _word(field, text)
        elif kind not in _TEXT and isinstance(node, (tree.Fuzzy, tree.Proximity)):
            yield QueryProblem(field, f"found '{text}'; '~' works on the words of a line, and '{field}' is a {kind}")

    def _variable(self, node: Any, field: str, kind: str, name: str) -> Iterator[QueryProblem]:
        from luqum import tree

        if not isinstance(node, tree.Word) or str(node).strip() != f"${name}":
            yield QueryProblem(name, f"found '{str(node).strip()}', expected ${name} alone behind '{field}'")
        elif name in self.searches and kind not in _TEXT:
            yield QueryProblem(name, f"found the words of '${name}' behind '{field}', a {kind}", f"write log:${name}")
        elif name not in self.searches and kind != "keyword":
            yield QueryProblem(name, f"found the menu '${name}' behind '{field}', a {kind}, expected a keyword")


def _number(node: Any, field: str) -> Iterator[QueryProblem]:
    from luqum import tree

    if isinstance(node, tree.Range):
        ends = [str(node.low).strip(), str(node.high).strip()]
    elif isinstance(node, (tree.From, tree.To)):
        ends = [str(node.children[0]).strip()]
    elif isinstance(node, tree.Word):
        ends = [str(node).strip()]
    else:
        yield QueryProblem(field, f"found '{str(node).strip()}', expected a number, for '{field}' is one")
        return
    for end in ends:
        if end != "*" and not re.fullmatch(r"[0-9]+", end):
            yield QueryProblem(field, f"found '{end}', expected a number, for '{field}' is one")


def _level(node: Any) -> Iterator[QueryProblem]:
    from luqum import tree

    text = str(node).strip()
    if isinstance(node, (tree.Word, tree.Phrase)):
        value = text.strip('"')
        if value not in (*LEVELS, "*"):
            yield QueryProblem(value, f"unknown level '{value}'", nearest(value, LEVELS))
    else:
        yield QueryProblem("level", f"found '{text}', expected a level", f"valid: {', '.join(LEVELS)}")


def _regex(field: str, kind: str, text: str) -> Iterator[QueryProblem]:
    if kind in _TEXT:
        message = f"found {text}; a regular expression sees the single words of '{field}', in lower case"
        yield QueryProblem(field, message, "write words, or a phrase in quotes")
        return
    from generator.logs.regexp import pattern_problem

    problem = pattern_problem(_VARIABLE.sub("x", text[1:-1]))
    if problem:
        yield QueryProblem(field, f"found {text}, no regular expression to Lucene: {problem}")


def _word(field: str, text: str) -> Iterator[QueryProblem]:
    if text in ("&&", "||") or text.startswith("!"):
        yield QueryProblem(field, f"found '{text}'", "write AND, OR, NOT")
    elif sign := _UNQUOTED.search(text):
        message = f"found '{field}:{text}'; to OpenSearch '{sign[0]}' is a sign of the language, not part of a word"
        yield QueryProblem(field, message, f'write {field}:"{text}"')
    elif text != "*" and _WILDCARD.match(text):
        message = f"found '{field}:{text}'; a wildcard in front reads every value there is"
        yield QueryProblem(field, message, "begin with what is known")

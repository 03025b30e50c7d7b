"""Lucene's own grammar for query_string, as strict as the real one: which texts are a query, and into what they fall.

Facts are from Lucene 9.12 queryparser/classic, QueryParser.jj and QueryParserBase.java: OpenSearch builds on it.
A token is the longest text that fits some kind, and of equal ones the kind that stands first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_START = r'(?:[^ \t\n\r\u3000+\-!():^\[\]"{}~*?\\/]|\\[\s\S])'
_CHAR = rf"(?:{_START}|[-+])"
_KINDS: dict[str, dict[str, re.Pattern[str]]] = {
    "words": {
        kind: re.compile(pattern)
        for kind, pattern in {
            "AND": r"AND|&&",
            "OR": r"OR|\|\|",
            "NOT": r"NOT|!",
            "sign": r"[+-]",
            "bare": r"[-+!][ \t\n\r\u3000]",
            "(": r"\(",
            ")": r"\)",
            ":": r":",
            "star": r"\*",
            "^": r"\^",
            "quoted": r'"(?:[^"\\]|\\[\s\S])*"',
            "term": rf"{_START}{_CHAR}*",
            "fuzzy": rf"~{_CHAR}*(?:\.[0-9]+{_CHAR}*)?",
            "wild": rf"(?:{_START}|[*?])(?:{_CHAR}|[*?])*",
            "regex": r"/(?:\\/|[^/])*/",
            "[": r"[\[{]",
        }.items()
    },
    "boost": {"number": re.compile(r"[0-9]+(?:\.[0-9]+)?")},
    "range": {
        "TO": re.compile(r"TO"),
        "]": re.compile(r"[\]}]"),
        "quoted end": re.compile(r'"(?:\\"|[^"])+"'),
        "end": re.compile(r"[^ \]}]+"),
    },
}
"""The kinds of token by what the text is at: words, behind ``^``, inside brackets."""

_NEXT = {"^": "boost", "number": "words", "[": "range", "]": "words"}
_SPACE = re.compile(r"[ \t\n\r\u3000]+")
_VALUES = frozenset({"term", "star", "wild", "regex", "quoted", "bare"})
_ENDS = frozenset({"end", "quoted end", "TO"})
_ESCAPE = re.compile(r"\\(?:u(?P<digits>.{0,4})|[\s\S])", re.DOTALL)
_DEEPEST = 100


class Token(NamedTuple):
    """A token: its kind and its text."""

    kind: str
    text: str


class LuceneSyntaxError(Exception):
    """A text is no query to Lucene; the message says what was found and what was expected."""


def atoms(query: str) -> tuple[str, ...]:
    """Returns the fields, values and ends of ranges into which Lucene's parser splits a query, in their order.

    Raises:
        LuceneSyntaxError: OpenSearch would refuse the query.
    """
    tokens = _tokens(query)
    _Reader(tokens).whole()
    kinds = _VALUES | _ENDS | {"fuzzy"}
    return tuple(
        token.text.strip()
        for before, token in zip((Token("", ""), *tokens), tokens, strict=False)
        if token.kind in kinds and not (token.kind == "TO" and before.kind in _ENDS)
    )


def _tokens(query: str) -> list[Token]:
    found: list[Token] = []
    at, state = 0, "words"
    while True:
        if state != "boost" and (space := _SPACE.match(query, at)):
            at = space.end()
        if at == len(query):
            return found
        matches = ((kind, pattern.match(query, at)) for kind, pattern in _KINDS[state].items())
        fitting = [(match.end(), kind) for kind, match in matches if match]
        if not fitting:
            raise LuceneSyntaxError(f"'{query[at : at + 20]}' begins with what is no word, phrase or sign there")
        end = max(end for end, _ in fitting)
        kind = next(kind for other, kind in fitting if other == end)
        found.append(Token(kind, query[at:end]))
        at, state = end, _NEXT.get(kind, state)


class _Reader:
    """Reads the tokens of one query by the grammar."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = [*tokens, Token("end of the query", ""), Token("", "")]
        self._at = 0

    def whole(self) -> None:
        self._query(0)
        if self._kind() != "end of the query":
            raise self._unexpected("AND, OR, or the end")

    def _kind(self, ahead: int = 0) -> str:
        return self._tokens[self._at + ahead].kind

    def _take(self, *kinds: str) -> bool:
        if self._kind() not in kinds:
            return False
        self._at += 1
        return True

    def _expect(self, expected: str, *kinds: str) -> None:
        if not self._take(*kinds):
            raise self._unexpected(expected)

    def _unexpected(self, expected: str) -> LuceneSyntaxError:
        token = self._tokens[self._at]
        found = f"'{token.text.strip()}'" if token.text else token.kind
        return LuceneSyntaxError(f"found {found}, expected {expected}")

    def _query(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise LuceneSyntaxError(f"found more than {_DEEPEST} parentheses in each other")
        self._clause(depth)
        while self._kind() not in {")", "end of the query"}:
            self._take("AND", "OR")
            self._clause(depth)

    def _clause(self, depth: int) -> None:
        self._take("sign", "NOT")
        if self._kind() in {"term", "star"} and self._kind(1) == ":":
            self._escapes()
            self._at += 2
        if self._take("("):
            self._query(depth + 1)
            self._expect("')'", ")")
            self._boost()
        elif self._take("["):
            self._range()
        elif self._kind() in _VALUES:
            self._value()
        else:
            raise self._unexpected("a field and its value")

    def _value(self) -> None:
        self._escapes()
        phrase = self._kind() == "quoted"
        self._at += 1
        if self._boost():
            self._fuzzy(phrase)
        elif self._fuzzy(phrase):
            self._boost()

    def _fuzzy(self, phrase: bool) -> bool:
        text = self._tokens[self._at].text
        if not self._take("fuzzy"):
            return False
        if not re.fullmatch(r"~[0-9]{1,4}" if phrase else r"~[012]?", text):
            expected = "~ and a whole number" if phrase else "~, ~1 or ~2"
            raise LuceneSyntaxError(f"found '{text}', expected {expected}")
        return True

    def _boost(self) -> bool:
        if not self._take("^"):
            return False
        self._expect("a number behind '^'", "number")
        return True

    def _range(self) -> None:
        self._end_of_range()
        self._expect("TO between the ends of a range", "TO")
        self._end_of_range()
        self._expect("']' or '}'", "]")
        self._boost()

    def _end_of_range(self) -> None:
        self._escapes()
        self._expect("an end of a range", *_ENDS)

    def _escapes(self) -> None:
        """Refuses escapes that Lucene cannot take off."""
        text = self._tokens[self._at].text
        for escape in _ESCAPE.finditer(text):
            digits = escape["digits"]
            if digits is not None and not re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
                raise LuceneSyntaxError(f"found '{escape[0]}', expected \\u and four hexadecimal digits")
        if self._kind() == "end" and re.search(r"(?<!\\)(?:\\\\)*\\$", text):
            raise LuceneSyntaxError(f"found '{text}', which ends with a backslash")

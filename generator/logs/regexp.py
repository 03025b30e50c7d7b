"""Lucene's regular expressions, as far as they mean what they mean everywhere else; all else is refused.

Facts are from Lucene 9.12 util/automaton/RegExp.java with all its syntax on, as OpenSearch has it. What is an operator
to Lucene alone (``& ~ # @ < > "``) may be meant as a sign, and what others know besides (``^ $ (?``) is one to Lucene.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 1000
"""Characters of a pattern; OpenSearch's index.max_regex_length."""

_MOST = 1000
"""Characters of a value that a pattern may tell apart, repetitions written out."""

_EFFORT = 30_000
"""How many positions all states of the automaton may have together; Lucene gives up at 100,000 (Operations.java)."""

_DEEPEST = 50
_UNCLOSED = "found '(' without the ')' that closes it"
_LAST = 0x10FFFF

_QUANTIFIER = re.compile(r"[*+?]|\{(?P<low>\d{1,4})(?P<more>,(?P<high>\d{1,4})?)?\}")
_OPERATORS = frozenset('&~#@<>"')
_Spans = tuple[tuple[int, int], ...]
"""Characters, as first and last of what follow each other."""

_CLASSES: dict[str, _Spans] = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
    "s": ((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20)),
}


class _PatternError(Exception):
    """A pattern is none, means something else, or takes too long."""


def pattern_problem(pattern: str) -> str:
    """Returns what is wrong with a regular expression, as it stands between its slashes; "" if nothing is."""
    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    reader = _Reader(pattern)
    try:
        tree = reader.union(0)
        if reader.rest:
            return f"found '{reader.rest[0]}', which closes nothing"
        _refuse_effort(tree)
    except _PatternError as error:
        return str(error)
    return ""


class _Node(NamedTuple):
    """A part of a pattern.

    Attributes:
        kind: ``chars`` for one character, ``cat`` for parts in a row, ``alt`` for one of several, ``repeat``.
        parts: what it is made of.
        spans: the characters.
        low: the least number of repetitions; high: the greatest, -1 for no bound.
        size: its characters, repetitions written out.
    """

    kind: str
    parts: tuple[_Node, ...] = ()
    spans: _Spans = ()
    low: int = 1
    high: int = 1
    size: int = 1


class _Reader:
    """Reads one pattern; ``rest`` is what is left of it."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern

    def union(self, depth: int) -> _Node:
        """Reads alternatives."""
        if depth > _DEEPEST:
            raise _PatternError(f"found more than {_DEEPEST} parentheses in each other")
        parts = [self._row(depth)]
        while self._take("|"):
            parts.append(self._row(depth))
        return parts[0] if len(parts) == 1 else _sized("alt", parts)

    def _row(self, depth: int) -> _Node:
        if self.rest[:1] in {"", "|", ")"}:
            raise _PatternError(_UNCLOSED if depth and not self.rest else "found an empty alternative")
        parts: list[_Node] = []
        while self.rest[:1] not in {"", "|", ")"}:
            part = self._part(depth)
            match = _QUANTIFIER.match(self.rest)
            parts.append(self._repeated(part, match) if match else part)
        return parts[0] if len(parts) == 1 else _sized("cat", parts)

    def _repeated(self, part: _Node, match: re.Match[str]) -> _Node:
        self.rest = self.rest[match.end() :]
        if _QUANTIFIER.match(self.rest):
            raise _PatternError(f"found '{match[0]}' and another repetition behind it")
        low, high = {"*": (0, -1), "+": (1, -1), "?": (0, 1)}.get(match[0], (int(match["low"] or 0), -1))
        if match["high"] or (match["low"] and not match["more"]):
            high = int(match["high"] or match["low"])
        if -1 < high < low:
            raise _PatternError(f"found '{match[0]}', whose ends are the wrong way round")
        size = part.size * max(low, high, 1)
        if size > _MOST:
            raise _PatternError(f"found '{match[0]}', with which the pattern is longer than {_MOST} characters")
        return _Node("repeat", (part,), low=low, high=high, size=size)

    def _part(self, depth: int) -> _Node:
        char = self._next()
        if char == "(":
            if self.rest.startswith("?"):
                raise _PatternError("found '(?', which Lucene does not know")
            node = self.union(depth + 1)
            if not self._take(")"):
                raise _PatternError(_UNCLOSED)
            return node
        if char == "[":
            return _Node("chars", spans=self._class())
        if char == ".":
            return _Node("chars", spans=((0, _LAST),))
        if char == "\\":
            return _Node("chars", spans=self._escape())
        if char in _OPERATORS:
            raise _PatternError(f"found '{char}', which is an operator to Lucene; write \\{char}")
        if char in "*+?{":
            raise _PatternError(f"found '{char}' with nothing in front that repeats")
        if char in "^$":
            raise _PatternError(f"found '{char}'; a pattern fits the whole value and knows no ends")
        return _Node("chars", spans=_one(char))

    def _class(self) -> _Spans:
        inverted = self._take("^")
        if self.rest.startswith("]"):
            raise _PatternError("found a class of no characters")
        spans: list[tuple[int, int]] = []
        while not self._take("]"):
            low = self._member()
            if self._take("-"):
                high = self._member()
                if not _single(low) or not _single(high) or high < low:
                    raise _PatternError("found a '-' in a class that makes no range; write \\-")
                low = ((low[0][0], high[0][0]),)
            spans += low
        return _others(spans) if inverted else tuple(spans)

    def _member(self) -> _Spans:
        char = self._next()
        if char in "[]":
            raise _PatternError(f"found '{char}' inside a class; write \\{char}")
        return self._escape() if char == "\\" else _one(char)

    def _escape(self) -> _Spans:
        char = self._next()
        if char.lower() in _CLASSES:
            spans = _CLASSES[char.lower()]
            return spans if char.islower() else _others(spans)
        if char.isascii() and char.isalnum():
            raise _PatternError(f"found '\\{char}', which Lucene does not know")
        return _one(char)

    def _next(self) -> str:
        if not self.rest:
            raise _PatternError("it ends where more must come")
        char, self.rest = self.rest[0], self.rest[1:]
        return char

    def _take(self, char: str) -> bool:
        if not self.rest.startswith(char):
            return False
        self.rest = self.rest[1:]
        return True


def _sized(kind: str, parts: list[_Node]) -> _Node:
    size = sum(part.size for part in parts)
    if size > _MOST:
        raise _PatternError(f"with its repetitions it is longer than {_MOST} characters")
    return _Node(kind, tuple(parts), size=size)


def _one(char: str) -> _Spans:
    return ((ord(char), ord(char)),)


def _single(spans: _Spans) -> bool:
    return len(spans) == 1 and spans[0][0] == spans[0][1]


def _others(spans: list[tuple[int, int]] | _Spans) -> _Spans:
    """Returns all other characters."""
    found, at = [], 0
    for first, last in sorted(spans):
        if first > at:
            found.append((at, first - 1))
        at = max(at, last + 1)
    return (*found, (at, _LAST)) if at <= _LAST else tuple(found)


def _refuse_effort(tree: _Node) -> None:
    """Refuses a pattern whose automaton is too large to be made, as that of ``.*a.{20}``.

    Each character of the pattern is a position (Glushkov's construction); a state of the automaton is a set of them.
    """
    positions = _Positions()
    first, _, _ = positions.add(tree)
    edges = sorted({edge for spans in positions.spans for low, high in spans for edge in (low, high + 1)} | {0})
    fits = [frozenset(e for e in edges if any(low <= e <= high for low, high in spans)) for spans in positions.spans]
    seen: set[frozenset[int]] = set()
    waiting, effort = [first], 0
    while waiting:
        ahead = waiting.pop()
        by_edge: dict[int, set[int]] = {}
        for position in ahead:
            for edge in fits[position]:
                by_edge.setdefault(edge, set()).add(position)
        for reached in {frozenset(state) for state in by_edge.values()} - seen:
            seen.add(reached)
            effort += len(reached)
            waiting.append(frozenset().union(*(positions.follow[position] for position in reached)))
        if effort > _EFFORT:
            raise _PatternError("too many ways lead through it: OpenSearch would give up")


_Ends = tuple[frozenset[int], frozenset[int], bool]
"""Where a part may begin, where it may end, and whether it may be empty."""


class _Positions:
    """The positions of a pattern: their characters, and which may follow each."""

    def __init__(self) -> None:
        self.spans: list[_Spans] = []
        self.follow: list[set[int]] = []

    def add(self, node: _Node) -> _Ends:
        """Adds a part."""
        if node.kind == "chars":
            self.spans.append(node.spans)
            self.follow.append(set())
            own = frozenset({len(self.spans) - 1})
            return own, own, False
        if node.kind == "alt":
            ends = [self.add(part) for part in node.parts]
            firsts = frozenset[int]().union(*(first for first, _, _ in ends))
            lasts = frozenset[int]().union(*(last for _, last, _ in ends))
            return firsts, lasts, any(empty for _, _, empty in ends)
        if node.kind == "cat":
            return self._row(self.add(part) for part in node.parts)
        return self._row(self._copies(node))

    def _copies(self, node: _Node) -> Iterator[_Ends]:
        """Yields the copies that a repetition stands for, the last of which repeats where there is no bound."""
        count = max(node.low, 1) if node.high < 0 else node.high
        for index in range(count):
            first, last, empty = self.add(node.parts[0])
            if node.high < 0 and index == count - 1:
                self._join(last, first)
            yield first, last, empty or index >= node.low
        if not count:
            yield frozenset(), frozenset(), True

    def _row(self, parts: Iterable[_Ends]) -> _Ends:
        first: frozenset[int] = frozenset()
        last: frozenset[int] = frozenset()
        empty = True
        for begin, end, may_be_empty in parts:
            self._join(last, begin)
            first = first | begin if empty else first
            last = last | end if may_be_empty else end
            empty = empty and may_be_empty
        return first, last, empty

    def _join(self, lasts: frozenset[int], firsts: frozenset[int]) -> None:
        for last in lasts:
            self.follow[last] |= firsts

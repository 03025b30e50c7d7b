r"""What Prometheus 3.14 takes and promql-parser 0.12 does not, said as that parser takes it.

Number separators (``1_000``), arithmetic in a range or an offset (``[5m + 1m]``), the trims of histograms (``</`` and
``>/``), an offset of 0, and ``\Q…\E`` in a regular expression. Used only where the parser has refused a text, so that
all else costs nothing. Source: prometheus v3.14.0, promql/parser/lex.go and generated_parser.y (duration_expr).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.promql.durations import milliseconds
from generator.promql.literals import STRING

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_MS = 60_000
"""Milliseconds that stand for ``step()`` in a duration: Prometheus fills in those of the query."""
RANGE_MS = 3_600_000
"""Milliseconds that stand for ``range()`` in a duration."""

_NESTED = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_PART = re.compile(
    rf"""
      (?P<string>{STRING})
    | \[(?P<range>[^\[\]"'`]*)\]
    | \boffset\s+(?P<offset>[-+]?\s*(?:(?:step|range|max_of|min_of)?\s*{_NESTED}|0(?:ms|[smhdwy])?(?![\w.])))
    | (?P<number>(?<![\w:.])(?:0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)+|[0-9]+(?:_[0-9]+)+))
    | (?P<trim>[<>]/)
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_PLAIN = re.compile(r"\s*(?:\d+(?:ms|[smhdwy]))+\s*|\s*[\d.]+\s*|\s*", re.IGNORECASE)
_TOKEN = re.compile(
    r"\s*(?:(?P<duration>(?:\d+(?:ms|[smhdwy]))+)|(?P<number>\d[\d_]*(?:\.\d+)?)"
    r"|(?P<word>step|range|max_of|min_of)\s*\(|(?P<sign>[-+*/%^(),]))"
)
_QUOTED = re.compile(r"\\\\Q((?:(?!\\\\E)[^\\])*)(?:\\\\E|(?=[\"']\Z))")
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4}
_UNARY = 3


def as_older(text: str) -> str:
    """Returns an expression as promql-parser takes it; what it is unless it has one of the newer forms."""
    return _PART.sub(_older, text)


def duration_expressions(text: str) -> tuple[str, ...]:
    """Returns the ranges and offsets of an expression that are reckoned, ``[5m + 1m]``, as written."""
    found = []
    for part in _PART.finditer(text):
        if (part["range"] is not None and not all(map(_PLAIN.fullmatch, part["range"].split(":")))) or (
            part["offset"] is not None and "(" in part["offset"]
        ):
            found.append(part[0])
    return tuple(found)


def _older(part: re.Match[str]) -> str:
    if part["string"]:
        return _QUOTED.sub(lambda quoted: re.sub(r"([^\w\s])", r"\\\\\1", quoted[1]), part[0])
    if part["number"]:
        return part[0].replace("_", "")
    if part["trim"]:
        return f"{part[0][0]} "
    if part["range"] is not None:
        lengths = [_length(each) for each in part["range"].split(":")]
        return f"[{':'.join(lengths)}]"
    length = _length(part["offset"])
    return "" if length in {"0ms", "-0ms"} else f"offset {length}"


def _length(text: str) -> str:
    """Returns a duration as a number of milliseconds; as written if it is plain, or cannot be reckoned."""
    if _PLAIN.fullmatch(text) and "_" not in text and text.strip("0 smhdwy"):
        return text
    try:
        length = _Reckoner(text).run()
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return text
    return f"{round(length)}ms"


class _Reckoner:
    """Reckons one duration, in milliseconds; a number without a unit counts seconds, but as a factor it is one."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        end = 0
        for token in _TOKEN.finditer(text.rstrip()):
            if token.start() != end:
                break
            self.tokens.append((str(token.lastgroup), token[str(token.lastgroup)]))
            end = token.end()
        if end != len(text.rstrip()):
            raise ValueError(text)

    def run(self) -> float:
        seconds = self._sum(0)
        if self.tokens:
            raise ValueError(self.tokens)
        return seconds * 1000

    def _sum(self, binding: int) -> float:
        left = self._operand()
        while self.tokens and _BINDING.get(self.tokens[0][1], 0) > binding:
            sign = self.tokens.pop(0)[1]
            # The power alone binds to the right.
            right = self._sum(_BINDING[sign] - (sign == "^"))
            left = _OPERATORS[sign](left, right)
        return left

    def _operand(self) -> float:
        if not self.tokens:
            raise ValueError
        kind, text = self.tokens.pop(0)
        if kind == "duration":
            length = milliseconds(text)
            if length is None:
                raise ValueError(text)
            return length / 1000
        if kind == "number":
            return float(text)
        if kind == "word":
            return self._call(text)
        if text in "+-":
            return self._sum(_UNARY) * (-1 if text == "-" else 1)
        if text != "(":
            raise ValueError(text)
        inner = self._sum(0)
        self._expect(")")
        return inner

    def _call(self, word: str) -> float:
        if word in {"step", "range"}:
            self._expect(")")
            return (STEP_MS if word == "step" else RANGE_MS) / 1000
        first = self._sum(0)
        self._expect(",")
        second = self._sum(0)
        self._expect(")")
        return max(first, second) if word == "max_of" else min(first, second)

    def _expect(self, sign: str) -> None:
        if not self.tokens or self.tokens.pop(0)[1] != sign:
            raise ValueError(sign)


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
    "^": lambda left, right: float(left**right),
}

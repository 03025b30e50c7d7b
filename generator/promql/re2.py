"""What RE2 refuses, which reads Prometheus' regular expressions, and promql-parser, which has Rust's, lets through.

Source: Go 1.26, regexp/syntax/parse.go (repeat, repeatIsValid, parsePerlFlags, parseClass); held against promtool.
"""

from __future__ import annotations

import re

MOST_REPEATS = 1000
"""Highest number of a repetition, and highest product of repetitions inside each other (repeatIsValid)."""

_TOKEN = re.compile(
    r"""
      (?P<literal>\\Q(?:(?!\\E).)*(?:\\E)?)
    | (?P<property>\\[pP](?:\{[^}]*\}|.))
    | (?P<escape>\\.)
    | (?P<klass>\[\^?\]?(?:\\[pP]\{[^}]*\}|\\.|\[:[^\]]*?:\]|[^\]\\])*\])
    | (?P<flags>\(\?[a-zA-Z-]*[:)])
    | (?P<open>\((?:\?P?<\w+>)?)
    | (?P<close>\))
    | (?P<repeat>[*+?]|\{(?P<least>\d+)(?P<comma>,(?P<most>\d*))?\})\??
    | (?P<other>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_PROPERTY = re.compile(r"\\[pP](?:\w|\{\^?[A-Z]\w*\})")
_NAMED_CLASS = re.compile(r"\[:\^?(\w+):\]")
_CLASSES = frozenset(
    {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper"}
    | {"word", "xdigit"}
)
_RANGE = re.compile(r"(\\.|[^\\])-([^\]\\])", re.DOTALL)
_FLAGS = frozenset("imsU-:()?")


def problem(pattern: str) -> str:
    r"""Returns why RE2 refuses a regular expression, "" if this module knows no reason.

    What Rust's regular expressions refuse as well (``(?=x)``, ``\1``, an open bracket) is not looked for.
    """
    # The greatest product of repetitions in each group that is open, and in what the next repetition repeats.
    groups, last, after_repeat = [1], 1, False
    for token in _TOKEN.finditer(pattern):
        found = _of_token(token)
        if found:
            return found
        if token["repeat"]:
            if after_repeat:
                return f"'{token[0]}' repeats a repetition"
            times = _times(token)
            if times > MOST_REPEATS or times * last > MOST_REPEATS:
                return f"'{token[0]}' repeats more than {MOST_REPEATS} times"
            last *= max(times, 1)
            groups[-1] = max(groups[-1], last)
        elif token["open"] or (token["flags"] and token[0].endswith(":")):
            groups.append(1)
        elif token["close"] and len(groups) > 1:
            last = groups.pop()
            groups[-1] = max(groups[-1], last)
        else:
            last = 1
        after_repeat = bool(token["repeat"])
    return ""


def _times(token: re.Match[str]) -> int:
    """Returns how often a repetition repeats at most, at least where it has no end; 1 for ``*``, ``+`` and ``?``."""
    if token["least"] is None:
        return 1
    return int(token["most"] or token["least"])


def _of_token(token: re.Match[str]) -> str:
    text = token[0]
    if token["property"] and not _PROPERTY.fullmatch(text):
        return f"'{text}' is no class of Unicode"
    if token["escape"] and text[1] in "uU":
        return rf"'{text}' is no escape; a character by its number is '\x{{…}}'"
    if token["flags"] and not _FLAGS.issuperset(text):
        return f"'{text}' has other flags than i, m, s and U"
    return _of_class(text) if token["klass"] else ""


def _of_class(text: str) -> str:
    for name in _NAMED_CLASS.findall(text):
        if name not in _CLASSES:
            return f"'[:{name}:]' is no class"
    for first, end in _RANGE.findall(_NAMED_CLASS.sub("", text[1:-1].removeprefix("^"))):
        if len(first) == 1 and first > end:
            return f"'{first}-{end}' in '{text}' is no range"
    return ""

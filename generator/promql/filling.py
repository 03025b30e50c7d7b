"""Fills Grafana's variables in, so that an expression can be parsed and the parts that came from variables are known.

What stands between braces is taken out on the way: a dashboard repeats few sets of label matchers over and over, and
they are most of its text, so that parsing each set once takes less than half of the time.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from generator.promql.references import REFERENCE, VARIABLE

ANY_NAME = "grafana_variable"
"""Stands for a name (of a metric or label) that a variable holds."""

WINDOW = 1033
"""Seconds that stand for any window that a variable holds: nobody writes this number, so that it is recognised."""

BRACES = "matchers"
"""The label that stands for all matchers of a selector."""

MARK = "§"
"""Stands for a variable inside a string."""


# Each alternative starts with a character of its own: Python's engine then skips to the next such character.
_STRING = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`"""
_TOKEN = re.compile(
    rf"""{_STRING}|\{{(?:[^{{}}"'`\#]|{_STRING}|\$\{{[^}}]*\}})*\}}|\#[^\n]*|"|'|`|{VARIABLE}""", re.DOTALL
)
_INSIDE = re.compile(rf"""{_STRING}|\#[^\n]*|"|'|`|{VARIABLE}""", re.DOTALL)
_QUOTES = "\"'`"
_CONTEXT = re.compile(r"(?P<word>[A-Za-z_][\w:]*)?\s*(?P<open>[({\[])|(?P<close>[)}\]])|\"[^\"]*\"")
_LABEL_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_OFFSET = re.compile(r"\boffset\Z")
_WINDOWS = frozenset({"__interval", "__range", "__rate_interval"})
_NUMBERS = {"__range_s": WINDOW, "__range_ms": WINDOW * 1000, "__interval_ms": WINDOW * 1000}


class PromQLError(Exception):
    """An expression that cannot be parsed; the text says why."""


class Filled(NamedTuple):
    """An expression without variables and label matchers.

    Attributes:
        text: what can be parsed; ``{matchers="0"}`` stands for the first braces.
        braces: what stands between braces, as written.
    """

    text: str
    braces: tuple[str, ...]


@lru_cache(maxsize=4096)
def fill(text: str, bare: str = str(WINDOW), *, keep_braces: bool = False) -> Filled:
    """Fills variables in: a window where a duration has to be, a name where a name has to be, else ``bare``.

    Args:
        text: PromQL with Grafana's variables in it.
        bare: what stands for a variable of which nothing is known, a number or a name.
        keep_braces: whether label matchers stay in the text.

    Raises:
        PromQLError: a string that is not closed.
    """
    return _Filler(text, bare, keep_braces).run()


class _Filler:
    """One pass over one expression."""

    def __init__(self, text: str, bare: str, keep_braces: bool) -> None:
        self.text = text
        self.bare = bare
        self.token = _INSIDE if keep_braces else _TOKEN
        self.braces: list[str] = []

    def run(self) -> Filled:
        text = self.token.sub(self._token, self.text)
        return Filled(text, tuple(self.braces))

    def _token(self, match: re.Match[str]) -> str:
        token = match[0]
        if token[0] in _QUOTES:
            return _string(token)
        if token[0] == "{":
            self.braces.append(token)
            return f'{{{BRACES}="{len(self.braces) - 1}"}}'
        return "" if token[0] == "#" else self._variable(match)

    def _variable(self, match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"] or match["old"]
        before = self.text[: match.start()].rstrip()
        inside = "[" if before.endswith("[") or _OFFSET.search(before) else _inside(before)
        if inside in {"[", "labels"}:
            return f"{WINDOW}s" if inside == "[" else ANY_NAME
        if inside == "{":
            return self._matcher(match)
        if self._glued(match):
            return ANY_NAME
        return f"{WINDOW}s" if name in _WINDOWS else str(_NUMBERS.get(name, self.bare))

    def _matcher(self, match: re.Match[str]) -> str:
        """A variable between braces is a label's name, or a list of matchers, which then says nothing."""
        rest = self.text[match.end() :].lstrip()
        return ANY_NAME if rest[:1] in {"=", "!"} else f'{ANY_NAME}=""'

    def _glued(self, match: re.Match[str]) -> bool:
        before, after = self.text[match.start() - 1 : match.start()], self.text[match.end() : match.end() + 1]
        return bool(re.fullmatch(r"[\w:]", before)) or bool(re.fullmatch(r"[\w:({\[]", after))


def _string(token: str) -> str:
    if len(token) == 1:
        raise PromQLError(f"found a string that is not closed by {token}")
    if "$" in token or "[[" in token:
        token = REFERENCE.sub(MARK, token)
    if token[0] == "`" and "\\" in token:
        # promql-parser 0.12 reads escapes in raw strings; Prometheus does not.
        return '"' + token[1:-1].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return token


def _inside(before: str) -> str:
    """Returns the bracket that is open at the end of a text; ``labels`` for the one of ``by (``, ``on (``, ..."""
    stack: list[str] = []
    for match in _CONTEXT.finditer(_INSIDE.sub(lambda token: '""' if token[0][0] in _QUOTES else token[0], before)):
        if match["open"]:
            labels = match["open"] == "(" and match["word"] in _LABEL_LISTS
            stack.append("labels" if labels else match["open"])
        elif match["close"] and stack:
            stack.pop()
    return stack[-1] if stack else ""

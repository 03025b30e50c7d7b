"""``.helmignore`` as Helm reads it, so that a chart packed here holds the files that ``helm package`` packs.

The rules follow Helm 3 and 4, pkg/ignore: Go's path.Match (not a shell's glob), no ``**``, only the chart's
top-level file counts, and a negated rule (``!x``) ignores all that does *not* match it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import basename
from typing import TYPE_CHECKING

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALWAYS = "templates/.?*"
"""Helm adds this rule to every chart: no dot files in templates/."""


@dataclass(frozen=True)
class Rule:
    """One line of a .helmignore file."""

    pattern: re.Pattern[str]
    negated: bool
    directories_only: bool
    whole_path: bool


def parse_rules(text: str, *, file: str) -> tuple[Rule, ...]:
    """Returns the rules of a .helmignore text and, last, Helm's own.

    Raises:
        InputError: a pattern that Helm refuses (``**``, an unfinished ``[`` or escape), with its line.
    """
    return tuple(_parse_rules([*text.splitlines(), ALWAYS], file))


def _parse_rules(lines: Iterable[str], file: str) -> Iterator[Rule]:
    for number, line in enumerate(lines, start=1):
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        if "**" in rule:
            raise bad_input(f"found the pattern '{rule}'; Helm knows no '**'", file=file, line=number)
        negated = rule.startswith("!")
        rule = rule.removeprefix("!")
        directories_only = rule.endswith("/")
        rule = rule.removesuffix("/")
        try:
            pattern = go_pattern(rule.removeprefix("/"))
        except ValueError as error:
            raise bad_input(
                f"found the pattern '{line.strip()}', which Helm refuses: {error}", file=file, line=number
            ) from None
        yield Rule(pattern, negated, directories_only, whole_path="/" in rule)


def ignored(path: str, is_dir: bool, rules: Iterable[Rule]) -> bool:
    """Returns whether Helm leaves out ``path`` (relative to the chart, with ``/``); the first decisive rule wins."""
    for rule in rules:
        if rule.directories_only and not is_dir:
            matches = False
        else:
            matches = rule.pattern.fullmatch(path if rule.whole_path else basename(path)) is not None
        if matches != rule.negated:
            return True
    return False


def go_pattern(glob: str) -> re.Pattern[str]:
    """Translates a pattern of Go's path.Match; ``*`` and ``?`` stop at ``/``, a class may match it.

    Raises:
        ValueError: the pattern is malformed in Go's eyes.
    """
    parts: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        if char == "*":
            parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "[":
            text, at = _character_class(glob, at + 1)
            parts.append(text)
        elif char == "\\":
            at += 1
            if at == len(glob):
                raise ValueError("it ends in a backslash")
            parts.append(re.escape(glob[at]))
        else:
            parts.append(re.escape(char))
        at += 1
    return re.compile("".join(parts), re.DOTALL)


def _character_class(glob: str, at: int) -> tuple[str, int]:
    """Returns the regular expression for the class whose ``[`` stands before ``at``, and where its ``]`` is."""
    negated = glob.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not (ranges and glob.startswith("]", at)):
        low, at = _class_character(glob, at)
        high = low
        if glob.startswith("-", at):
            high, at = _class_character(glob, at + 1)
        # Go lets an upside-down range match nothing; Python would refuse it.
        ranges.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")
    inside = "".join(ranges)
    if not inside:
        return ("." if negated else "(?!)"), at
    return f"[{'^' if negated else ''}{inside}]", at


def _class_character(glob: str, at: int) -> tuple[str, int]:
    escaped = glob.startswith("\\", at)
    at += escaped
    if at >= len(glob):
        raise ValueError("'[' is never closed")
    if not escaped and glob[at] in "-]":
        raise ValueError(f"'{glob[at]}' in '[…]' needs a backslash")
    return glob[at], at + 1

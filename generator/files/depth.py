"""Bounds how deep a text is nested before a parser reads it: parsers recurse, some of them in native code."""

from __future__ import annotations

import re

import yaml

_SHALLOW = 500
"""Levels that every parser in use takes. A text that cannot be deeper, at a glance, is not looked at any closer."""

_BRACKET = re.compile(r"[\[\]{}]")
_JSON_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{}]', re.DOTALL)
_INDENTED = re.compile(rf"^[ ]{{{_SHALLOW},}}\S|(?:[-?:][ \t]+){{50}}", re.MULTILINE)
"""A line that may be deep in YAML's block style, by its indentation or by what it opens on itself."""


def json_is_deep(text: str, most: int) -> bool:
    """Returns whether lists and objects of a JSON text lie more than ``most`` levels in each other."""
    return _brackets_are_deep(_JSON_TOKEN, text, most)


def yaml_is_deep(text: str, most: int) -> bool:
    """Returns whether the nodes of a YAML text that may be deeper than parsers take lie ``most`` levels in each other.

    What is deeper than ``most``, but not by far, is left to whoever looks at the data.
    """
    if not (_brackets_are_deep(_BRACKET, text, _SHALLOW) or _INDENTED.search(text)):
        return False
    depth = 0
    try:
        # libyaml keeps its own stack for these: they cost no recursion.
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > most:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except (yaml.YAMLError, UnicodeEncodeError):
        return False  # the parser says what is wrong with it
    return False


def _brackets_are_deep(token: re.Pattern[str], text: str, most: int) -> bool:
    depth = 0
    for found in token.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > most:
                return True
        elif found[0] in ("]", "}"):
            depth = max(depth - 1, 0)
    return False

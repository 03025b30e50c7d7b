"""Grafana's variables in a text, in each of their spellings: ``$x``, ``${x:regex}`` and the old ``[[x]]``."""

from __future__ import annotations

import re
from functools import lru_cache

VARIABLE = r"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?:[.:][^}]*)?\}|(?P<bare>[A-Za-z_]\w*))|\[\[(?P<old>\w+)(?::\w+)?\]\]"
"""A regular expression of one reference; exactly one of its groups is the name."""

REFERENCE = re.compile(VARIABLE)


@lru_cache(maxsize=8192)
def used_variables(text: str) -> frozenset[str]:
    """Returns the names of the variables in a text; Grafana's own (``__range``) are left out."""
    if "$" not in text and "[[" not in text:
        return frozenset()
    names = (match["braced"] or match["bare"] or match["old"] for match in REFERENCE.finditer(text))
    return frozenset(name for name in names if not name.startswith("__"))

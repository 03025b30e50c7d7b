"""Values in mappings inside mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def value_at(tree: Any, path: Iterable[object]) -> Any:
    """Returns the value that the keys of a path lead to; None if one of them is missing, or lies in no mapping."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def mapping(value: Any) -> dict[str, Any]:
    """Returns a value that is a mapping, an empty one in place of any other."""
    return value if isinstance(value, dict) else {}

"""Whether data that was read from JSON has the shape that its reader relies on."""

from __future__ import annotations

from typing import Any


def fits(value: Any, shape: Any) -> bool:
    """Returns whether data has a shape.

    Args:
        value: what JSON gives.
        shape: a type (``object`` for any data); ``[shape]`` for a list of such items; ``(shape, shape)`` for a list of
            as many items; ``{str: shape}`` for a mapping with such values; ``{"key": shape}`` for one with these keys.
    """
    if isinstance(shape, type):
        return isinstance(value, shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, tuple):
        return isinstance(value, list) and len(value) == len(shape) and all(map(fits, value, shape))
    if not isinstance(value, dict):
        return False
    if str in shape:
        return all(fits(item, shape[str]) for item in value.values())
    return value.keys() == shape.keys() and all(fits(value[key], shape[key]) for key in shape)

"""What the node's Fluent Bit and the one beside Ray share, so that a line is read alike whichever of them reads it."""

from __future__ import annotations

from functools import cache

from generator.files.location import package_root

LEVEL_PARSERS = (
    "level_ray_cpp",
    "level_after_time",
    "level_first",
    "level_klog",
    "level_in_brackets",
    "level_logfmt",
    "level_of_exception",
)
"""In this order; the first that fits a line decides. They are in templates/parsers.conf."""


@cache
def _text(name: str) -> str:
    return (package_root() / "stack" / "fluent_bit" / "templates" / name).read_text(encoding="utf-8")


def parsers() -> str:
    """Returns the parsers of tracebacks, levels and NVIDIA's messages."""
    return _text("parsers.conf")


def node_parsers() -> str:
    """Returns these and the one of containers' lines, which only the node reads."""
    return parsers() + _text("container.conf")


def script(name: str) -> str:
    """Returns a Lua script with what both scripts share before it: Fluent Bit's filter reads one file."""
    return f"{_text('shared.lua')}\n{_text(name)}"

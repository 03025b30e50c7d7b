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


_COMMENT = {".conf": "#", ".lua": "--"}


@cache
def _text(name: str) -> str:
    """Returns a file of templates/ without its lines of comment.

    Kubernetes would store them twice in every release, among the values and in the ConfigMap.
    """
    path = package_root() / "stack" / "fluent_bit" / "templates" / name
    sign = _COMMENT[path.suffix]
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith(sign))


def parsers() -> str:
    """Returns the parsers of tracebacks, levels and NVIDIA's messages."""
    return _text("parsers.conf")


def node_parsers() -> str:
    """Returns these and the one of containers' lines, which only the node reads."""
    return parsers() + _text("container.conf")


def script(name: str) -> str:
    """Returns a Lua script with what both scripts share before it: Fluent Bit's filter reads one file."""
    return f"{_text('shared.lua')}\n{_text(name)}"

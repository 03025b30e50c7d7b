"""Reads Prometheus' text exposition format, as exporters serve it, into data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)\s*(?:\{(.*)\})?\s+(\S+)(?:\s+\S+)?\s*")
_LABEL = re.compile(r'\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Series:
    """One series as its exporter writes it, with the value that it had."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Scrape:
    """What one exporter served: the declared type of each family, and its series in the order of the text."""

    types: Mapping[str, str]
    series: tuple[Series, ...]

    def family(self, name: str) -> str:
        """Returns the family that a series of this name belongs to; the name itself if no family was declared."""
        if name in self.types:
            return name
        for suffix in ("_bucket", "_sum", "_count", "_total", "_created"):
            stem = name.removesuffix(suffix)
            if stem != name and stem in self.types:
                return stem
        return name

    def type(self, name: str) -> str:
        """Returns the declared type of the family that a series belongs to; ``untyped`` if none was."""
        return self.types.get(self.family(name), "untyped")


def read(text: str) -> Scrape:
    """Reads a scrape.

    Raises:
        ValueError: a line that is neither a comment nor a sample.
    """
    types: dict[str, str] = {}
    series = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            types[name] = kind
        elif line.strip() and not line.startswith("#"):
            match = _SAMPLE.fullmatch(line)
            if not match:
                raise ValueError(f"line {number}: found '{line[:80]}', expected a sample")
            series.append(Series(match[1], dict(read_labels(match[2] or "")), float(match[3])))
    return Scrape(types, tuple(series))


def read_labels(text: str) -> Iterator[tuple[str, str]]:
    """Yields the labels between the braces of a sample."""
    for match in _LABEL.finditer(text):
        value = match[2]
        if "\\" in value:
            value = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value)
        yield match[1], value


def escaped(value: str) -> str:
    """Returns a label's value as it stands between double quotes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def normalized_le(labels: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels as Prometheus 3 stores them: a whole number in ``le`` or ``quantile`` gets its ``.0``."""
    fixed = dict(labels)
    for label in ("le", "quantile"):
        value = fixed.get(label)
        if value is not None and re.fullmatch(r"-?\d+", value):
            fixed[label] = f"{value}.0"
    return fixed

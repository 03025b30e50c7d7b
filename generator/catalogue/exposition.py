"""Reads a scrape in Prometheus' text format (version 0.0.4), as ``curl http://pod:port/metrics`` gives it.

An own reader, because prometheus_client's gives counters other names than they have and says no line when it fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.errors import bad_input

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 256 * 1024 * 1024
"""Largest capture, unpacked; the largest scrape measured, kube-state-metrics of a big cluster, has some 100 MB."""

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|(?=\}))')
_NUMBER = r"[+-]?(?:[Ii]nf|[Nn]a[Nn]|0[xX][0-9a-fA-F.]+(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
_VALUE = re.compile(rf"[ \t]*{_NUMBER}(?:[ \t]+-?\d+)?[ \t]*")
"""A value and, if there is one, its time in milliseconds."""

_TYPES = frozenset(("counter", "gauge", "histogram", "summary", "untyped"))
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
_OWN_LABEL = {"histogram": "le", "summary": "quantile"}


@dataclass
class ScrapedFamily:
    """One family of a scrape.

    Attributes:
        name: as on its ``# TYPE`` line.
        type: counter, gauge, histogram, summary or untyped.
        help: its ``# HELP`` text, escapes resolved; "" if there is none.
        labels: every label that one of its series has, without ``le`` and ``quantile``.
        series: number of its samples.
    """

    name: str
    type: str = "untyped"
    help: str = ""
    labels: set[str] = field(default_factory=set)
    series: int = 0


def read_capture(path: Path) -> dict[str, ScrapedFamily]:
    """Reads a scrape from a file, packed with gzip or not.

    Raises:
        InputError: it cannot be read, is larger than MAX_BYTES, is cut off, or is not a scrape.
    """
    import gzip
    import zlib

    try:
        with path.open("rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
            handle.seek(0)
            with gzip.GzipFile(fileobj=handle) if packed else handle as stream:
                raw = stream.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise bad_input(f"cannot be unpacked: {error}", file=str(path)) from None
    except OSError as error:
        raise bad_input(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise bad_input(f"larger than {MAX_BYTES // 2**20} MiB; this is not one scrape", file=str(path))
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise bad_input(
            f"found the byte 0x{raw[error.start]:02x}, expected UTF-8 text",
            file=str(path),
            line=raw.count(b"\n", 0, error.start) + 1,
            hint="scrape it without an Accept header; a server that is asked for protobuf sends that",
        ) from None
    return parse_exposition(text, file=str(path))


def parse_exposition(text: str, *, file: str) -> dict[str, ScrapedFamily]:
    """Returns the families of a scrape by name, those without a sample included.

    Raises:
        InputError: it is not Prometheus' text format, is cut off, or holds no sample.
    """
    if text.lstrip()[:1] == "<":
        raise bad_input("found HTML, expected a scrape", file=file, line=1, hint="is the path of the URL right?")
    if text and not text.endswith("\n"):
        raise bad_input(
            "the last line does not end: the scrape is cut off",
            file=file,
            line=text.count("\n") + 1,
            hint="take it again, or end the line if it is whole",
        )
    reader = _Reader(file)
    for number, line in enumerate(text.split("\n"), 1):
        reader.line(line.strip(" \t\r"), number)
    if not any(family.series for family in reader.families.values()):
        raise bad_input("no sample in it, expected a scrape", file=file)
    return reader.families


class _Reader:
    """The families found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.families: dict[str, ScrapedFamily] = {}
        self.parts: dict[str, ScrapedFamily] = {}

    def line(self, line: str, number: int) -> None:
        if line.startswith("#"):
            self.comment(line, number)
        elif line:
            self.sample(line, number)

    def comment(self, line: str, number: int) -> None:
        if line == "# EOF":
            raise bad_input(
                "found OpenMetrics, expected Prometheus' text format",
                file=self.file,
                line=number,
                hint="scrape it without an Accept header",
            )
        words = line[1:].split(None, 2)
        if len(words) < 2 or words[0] not in {"TYPE", "HELP"}:
            return
        name, rest = words[1], words[2] if len(words) > 2 else ""
        if not _NAME.fullmatch(name):
            raise bad_input(f"found the name '{name[:60]}', expected a metric's name", file=self.file, line=number)
        family = self.families.setdefault(name, ScrapedFamily(name))
        if words[0] == "HELP":
            family.help = re.sub(r"\\([\\n])", lambda match: {"n": "\n", "\\": "\\"}[match[1]], rest)
            return
        if rest not in _TYPES:
            expected = ", ".join(sorted(_TYPES))
            raise bad_input(f"found the type '{rest[:60]}', expected one of {expected}", file=self.file, line=number)
        family.type = rest
        for suffix in _SUFFIXES.get(rest, ()):
            self.parts[name + suffix] = family

    def sample(self, line: str, number: int) -> None:
        match = _NAME.match(line)
        if not match:
            raise bad_input(f"found '{line[:60]}', expected a sample", file=self.file, line=number)
        position, labels = match.end(), set()
        rest = line[position:].lstrip(" \t")
        if rest.startswith("{"):
            position = line.index("{", position) + 1
            while (label := _LABEL.match(line, position)) is not None:
                labels.add(label[1])
                position = label.end()
            while line[position : position + 1] in {" ", "\t"}:
                position += 1
            if line[position : position + 1] != "}":
                raise bad_input(
                    f"found '{line[position : position + 60]}', expected label=\"value\"",
                    file=self.file,
                    line=number,
                    column=position + 1,
                )
            position += 1
        if not _VALUE.fullmatch(line, position):
            shown = line[position:].strip()[:60]
            raise bad_input(f"found '{shown}', expected a number", file=self.file, line=number, column=position + 1)
        self.add(match[0], labels)

    def add(self, name: str, labels: set[str]) -> None:
        family = self.families.get(name)
        if family is None or family.type == "histogram":
            family = self.parts.get(name) or family or self.families.setdefault(name, ScrapedFamily(name))
        family.labels |= labels - {_OWN_LABEL.get(family.type, "")}
        family.series += 1

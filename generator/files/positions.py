"""Finds the line of a place in a YAML or JSON file, once there is something to say about it.

Reading YAML with positions takes several times as long as reading it without, so that only a file with a fault is read
like this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import yaml

from generator.errors import InputError
from generator.files.depth import yaml_is_deep
from generator.files.yamlfile import MAX_DEPTH, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from generator.errors import Problem

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Half of a character in JSON, which libyaml refuses."""
_INDEX = re.compile(r"\[(\d+)\]\.?")


@dataclass(frozen=True)
class Span:
    """The lines of a value.

    Attributes:
        line: the 1-based line of its key, or of the value itself in a list.
        first: the 1-based line on which its text begins: the one below ``key: |``.
        last: the 1-based line on which it ends.
        complete: whether the place is there; else it is the innermost value on the way to it that is.
    """

    line: int
    first: int
    last: int
    complete: bool = True


class Document:
    """A text with the position of each of its values."""

    def __init__(self, text: str) -> None:
        """Takes the text of a YAML or JSON document; one that cannot be read has no positions.

        Of several YAML documents the places begin with their number, ``[1].spec``.
        """
        self.lines = text.splitlines()
        self.root = _composed(text)

    def path(self, place: str) -> list[Span]:
        """Returns the lines of every value on the way to a place, the whole document first; [] without positions.

        A key may hold dots. A place that is not there (a key that is missing) ends at the innermost value that is.
        """
        if self.root is None:
            return []
        spans = [_span(self.root, self.root)]
        node, rest = self.root, place
        while rest and (step := _step(node, rest)):
            key, node, rest = step
            spans.append(_span(key, node))
        return [*spans[:-1], replace(spans[-1], complete=not rest)]


def _composed(text: str) -> yaml.Node | None:
    if yaml_is_deep(text, MAX_DEPTH):
        return None
    try:
        roots = list(yaml.compose_all(_SURROGATE.sub(r"\\u0020", text), Loader=_Loader))
    except (yaml.YAMLError, RecursionError, UnicodeEncodeError):
        return None
    if len(roots) < 2:
        return roots[0] if roots else None
    return yaml.SequenceNode("tag:yaml.org,2002:seq", roots, roots[0].start_mark, roots[-1].end_mark, flow_style=False)


def _step(node: yaml.Node, place: str) -> tuple[yaml.Node, yaml.Node, str] | None:
    """Returns the node that carries the line, the value, and what is left of the place; None if it is not there."""
    if isinstance(node, yaml.SequenceNode):
        match = _INDEX.match(place)
        if match is None or int(match[1]) >= len(node.value):
            return None
        item = node.value[int(match[1])]
        return item, item, place[match.end() :]
    if not isinstance(node, yaml.MappingNode):
        return None
    fitting = [
        (key, value)
        for key, value in _pairs(node)
        if place.startswith(key.value) and place[len(key.value) : len(key.value) + 1] in {"", ".", "["}
    ]
    if not fitting:
        return None
    key, value = max(fitting, key=lambda pair: len(pair[0].value))
    return key, value, place[len(key.value) :].removeprefix(".")


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Returns the keys and values of a mapping, its own before those that ``<<`` brings in."""
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if key.tag == _MERGE:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        elif isinstance(key, yaml.ScalarNode):
            yield key, value
    for source in merged:
        if isinstance(source, yaml.MappingNode):
            yield from _pairs(source)


def _span(key: yaml.Node, value: yaml.Node) -> Span:
    block = isinstance(value, yaml.ScalarNode) and value.style in {"|", ">"}
    first = value.start_mark.line + (2 if block else 1)
    return Span(key.start_mark.line + 1, first, max(first, _last_line(value)))


def _last_line(node: yaml.Node) -> int:
    """Returns the 1-based line on which a value ends; libyaml's mark of a block's end is at the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        children = [child for item in node.value for child in (item if isinstance(item, tuple) else (item,))]
        # An alias leads back to where its anchor is, or in a circle.
        inside = [child for child in children if child.start_mark.index > node.start_mark.index]
        return max((_last_line(child) for child in inside[-1:]), default=node.start_mark.line + 1)
    return int(node.end_mark.line) + (1 if node.end_mark.column else 0)


def document_reader(*folders: Path) -> Callable[[str], Document | None]:
    """Returns what reads a file by the name that messages show, and keeps it; None for what is no file of the folders.

    Args:
        folders: where such a name starts, in the order in which they are looked at.
    """

    @cache
    def read(name: str) -> Document | None:
        for folder in folders:
            try:
                if (folder / name).is_file():
                    return Document(read_text(folder / name))
            except (InputError, OSError):  # a name that is too long for a file, among others
                return None
        return None

    return read


def with_lines(problems: Iterable[Problem], document: Callable[[str], Document | None]) -> Iterator[Problem]:
    """Returns the problems, each with its line where its file can be read and its place is there.

    A missing key has the line of the mapping that lacks it. A problem that has a line keeps it.

    Args:
        problems: what is wrong.
        document: returns a problem's file with its positions, or None.
    """
    for problem in problems:
        read = document(problem.file) if problem.file and problem.path and not problem.line else None
        spans = read.path(problem.path) if read else []
        # The whole document alone says nothing about where in it.
        yield replace(problem, line=spans[-1].line) if len(spans) > 1 else problem

"""Puts additions into a document's text, and items of lists anew: every other character stays, in its order."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem
from generator.files import schemas, yamlfile
from generator.instrument.positions import Node, Path, read_positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Addition:
    """One thing to add.

    Attributes:
        path: the mapping or the list that grows.
        key: the new key, absent or without a value so far; None to lengthen a list.
        value: the key's value, or the list of new items.
    """

    path: Path
    key: str | None
    value: Any


@dataclass(frozen=True)
class Replacement:
    """One item of a list to write anew.

    Attributes:
        path: the item, a mapping.
        value: what stands there then.
    """

    path: Path
    value: dict[str, Any]


Edit = Addition | Replacement


@dataclass(frozen=True)
class Style:
    """How a document is indented, in columns.

    Attributes:
        mapping: from a key to the keys below it.
        offset: from a key to the dashes below it; 0 if lists are not indented.
        dash: from a dash to what follows it.
    """

    mapping: int = 2
    offset: int = 0
    dash: int = 2


@dataclass(frozen=True)
class _Insertion:
    """Text to put in; of several at one offset those with the greater depth, that is inside the others, go first.

    Attributes:
        until: the offset behind what it replaces; 0 if it replaces nothing.
    """

    offset: int
    depth: int
    text: str
    until: int = 0


def splice(text: str, edits: Sequence[Edit], *, file: str, line: int = 0) -> str:
    """Returns the document with the edits in it.

    In block style an addition is new lines. In flow style (``labels: {}``) it goes before the closing bracket, on the
    same line. What a replacement takes away is its item, with comments in it, and nothing else.

    Args:
        text: one document that yamlfile.parse accepts.
        edits: what to add or to replace.
        file: the name shown in errors.
        line: how many lines of the file stand before the text.

    Raises:
        InputError: an edit would land in a place that an anchor shares with another, in an explicit null, or where
            the text's layout does not let it be added without a change to what is there.
    """
    eol = "\r\n" if "\r\n" in text else "\n"
    closed = text if text.endswith("\n") else text + eol
    root = read_positions(closed, file=file, line=line)
    style = detect_style(root, closed)
    shared = frozenset(node.anchor for node in root.walk() if node.kind == "alias")
    insertions: list[_Insertion] = []
    problems: list[Problem] = []
    for edit in edits:
        try:
            if isinstance(edit, Addition):
                insertions.append(_insertion(edit, root, closed, style, shared))
            else:
                insertions.append(_replacement(edit, root, closed, style, shared))
        except _NotAddableError as error:
            at = line + closed.count("\n", 0, error.offset) + 1
            problems.append(Problem(str(error), file, schemas.dotted(error.path), at, hint=error.hint))
    if problems:
        raise InputError(*problems)
    result = _insert(closed, insertions, eol)
    result = result if closed is text else result.removesuffix(eol)
    _prove(text, result, edits, file=file, line=line)
    return result


class _NotAddableError(Exception):
    def __init__(self, message: str, path: Path, offset: int, hint: str) -> None:
        super().__init__(message)
        self.path, self.offset, self.hint = path, offset, hint


def _insertion(addition: Addition, root: Node, text: str, style: Style, shared: frozenset[str]) -> _Insertion:
    node = _locate(root, addition.path, shared)
    key, value, depth = addition.key, addition.value, len(addition.path)
    present = None if key is None else node.child(key)
    if present is not None and (node.style == "flow" or not present.empty):
        raise _NotAddableError(
            "found null, to which nothing can be added",
            (*addition.path, str(key)),
            present.start,
            "write an empty list or mapping, or leave the key out",
        )
    if node.style == "flow":
        return _before_bracket(node, depth, addition)
    if key is None:
        column = _dash_column(node, text)
        own = Style(style.mapping, style.offset, _dash_width(node, column, text) or style.dash)
        return _Insertion(_line_end(text, _content_end(node, text)), depth, _indent(_render(list(value), own), column))
    if present is None:
        column = _column(text, node.keys[0].start)
        return _Insertion(
            _line_end(text, _content_end(node, text)), depth, _indent(_render({key: value}, style), column)
        )
    written = next(key_node for key_node in node.keys if key_node.value == key)
    lines = _indent(_render({key: value}, style)[1:], _column(text, written.start))
    return _Insertion(_line_end(text, written.end), depth + 1, lines)


def _replacement(edit: Replacement, root: Node, text: str, style: Style, shared: frozenset[str]) -> _Insertion:
    node = _locate(root, edit.path, shared)
    inside = [one for one in node.walk() if one.kind != "alias" and one.anchor]
    if any(one.anchor in shared for one in inside) or text.startswith("&", node.start):
        name = next((one.anchor for one in inside if one.anchor in shared), node.anchor)
        raise _shared(f"'&{name}'", edit.path, node.start)
    if node.style == "flow":
        return _Insertion(node.start, len(edit.path), _flow(edit.value), node.end)
    column = _column(text, node.start)
    lines = _indent(_render(edit.value, style), column).removeprefix(" " * column)
    return _Insertion(node.start, len(edit.path), lines, _line_end(text, _content_end(node, text)))


def _locate(root: Node, path: Path, shared: frozenset[str]) -> Node:
    node = root
    for depth in range(len(path) + 1):
        if node.kind == "alias" or node.anchor in shared:
            sign = "*" if node.kind == "alias" else "&"
            raise _shared(f"'{sign}{node.anchor}'", path[:depth], node.start)
        if depth < len(path):
            below = node.child(path[depth])
            if below is None:
                raise _shared("'<<'", path[: depth + 1], node.start)
            node = below
    return node


def _shared(what: str, path: Path, offset: int) -> _NotAddableError:
    hint = "write the value out in each place"
    return _NotAddableError(f"found {what}: an addition here would change other places too", path, offset, hint)


def _before_bracket(node: Node, depth: int, addition: Addition) -> _Insertion:
    """A comma that ends the last item stays behind the addition, where flow style allows it too."""
    if addition.key is None:
        added = ", ".join(_flow(item) for item in addition.value)
    else:
        added = f"{_flow(addition.key)}: {_flow(addition.value)}"
    if not node.children:
        return _Insertion(node.end - 1, depth, added)
    return _Insertion(node.children[-1].end, depth, f", {added}")


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _content_end(node: Node, text: str) -> int:
    """Returns the offset behind the last character of a node, comments and empty lines after it not included."""
    if node.kind == "scalar" and node.style in ("|", ">"):
        raw = text[node.start : node.end]
        kept = "+" in raw.split("\n", 1)[0].split("#", 1)[0]  # its empty lines belong to it
        return node.start + len(raw if kept else raw.rstrip()) - (1 if kept else 0)
    if node.kind in ("scalar", "alias") or node.style == "flow" or not node.children:
        return node.end
    last = node.children[-1]
    if last.empty:
        return node.keys[-1].end if node.kind == "mapping" else len(text[: last.start].rstrip())
    return _content_end(last, text)


def _line_end(text: str, offset: int) -> int:
    return text.index("\n", offset) + 1


def _column(text: str, offset: int) -> int:
    return offset - (text.rfind("\n", 0, offset) + 1)


def _dash_column(node: Node, text: str) -> int:
    """A sequence starts at its first dash, or at its anchor on an earlier line."""
    if text.startswith("-", node.start):
        return _column(text, node.start)
    dash = re.compile(r"^[ ]*(-)(?=\s)", re.MULTILINE).search(text, node.start)
    return _column(text, dash.start(1)) if dash else 0


def _dash_width(node: Node, column: int, text: str) -> int:
    """Returns the columns from a dash to what follows it on its line; 0 if nothing does."""
    first = node.children[0]
    same_line = "\n" not in text[node.start : first.start] and not first.empty
    return _column(text, first.start) - column if same_line else 0


def detect_style(root: Node, text: str) -> Style:
    """Returns the indentation that most of the document follows; of two equally common ones the smaller."""
    steps: Counter[int] = Counter()
    offsets: Counter[int] = Counter()
    dashes: Counter[int] = Counter()
    for node in root.walk():
        if node.style != "block" or not node.children:
            continue
        if node.kind == "sequence":
            dashes[_dash_width(node, _dash_column(node, text), text)] += 1
            continue
        for key, child in zip(node.keys, node.children, strict=True):
            if child.style == "block" and child.children:
                column = _column(text, key.start)
                if child.kind == "mapping":
                    steps[_column(text, child.keys[0].start) - column] += 1
                else:
                    offsets[_dash_column(child, text) - column] += 1
    usual = Style()
    return Style(_most(steps, 1, usual.mapping), _most(offsets, 0, usual.offset), _most(dashes, 2, usual.dash))


def _most(counts: Counter[int], least: int, default: int) -> int:
    fitting = [(-times, width) for width, times in counts.items() if width >= least]
    return min(fitting)[1] if fitting else default


def _render(value: Any, style: Style) -> list[str]:
    """Returns the lines of a block mapping or list in the document's style, from column 0, never wrapped."""
    import io

    from ruamel.yaml import YAML

    writer = YAML()
    writer.width = 1_000_000
    writer.indent(mapping=style.mapping, sequence=style.offset + style.dash, offset=style.offset)
    stream = io.StringIO()
    writer.dump(_quoted(value), stream)
    lines = stream.getvalue().splitlines()
    return [line[style.offset :] for line in lines] if isinstance(value, list) else lines


def _quoted(value: Any) -> Any:
    """Puts texts in double quotes that YAML would read as something else than text, as Kubernetes' manifests do."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        return {key: _quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    if isinstance(value, str) and yamlfile.dump(value).startswith(("'", '"')):
        return DoubleQuotedScalarString(value)
    return value


def _indent(lines: Iterable[str], column: int) -> str:
    return "".join(f"{' ' * column}{line}\n" for line in lines)


def _insert(text: str, insertions: Iterable[_Insertion], eol: str) -> str:
    parts: list[str] = []
    at = 0
    for insertion in sorted(insertions, key=lambda insertion: (insertion.offset, -insertion.depth)):
        parts += [text[at : insertion.offset], insertion.text.replace("\n", eol)]
        at = insertion.until or insertion.offset
    return "".join([*parts, text[at:]])


def _prove(text: str, result: str, edits: Iterable[Edit], *, file: str, line: int) -> None:
    """Reads the result with the other YAML library and compares it with the edits made to the data."""
    expected = apply(yamlfile.parse(text, file=file), edits)
    try:
        same = yamlfile.parse(result, file=file) == expected
    except InputError:
        same = False
    if not same:
        raise InputError(
            Problem(
                "its layout leaves no place where lines can be added without changing what is there",
                file,
                line=line + 1,
                hint="end the file with a line break, and write containers and volumes as plain indented blocks",
            )
        )


def apply(data: Any, edits: Iterable[Edit]) -> Any:
    """Returns a copy of the data with the edits in it."""
    result = copy.deepcopy(data)
    for edit in edits:
        target = result
        path = edit.path if isinstance(edit, Addition) else edit.path[:-1]
        for step in path:
            target = target[step]
        if isinstance(edit, Replacement):
            target[edit.path[-1]] = copy.deepcopy(edit.value)
        elif edit.key is None:
            target.extend(copy.deepcopy(edit.value))
        else:
            target[edit.key] = copy.deepcopy(edit.value)
    return result

"""What a ``.tfvars`` file says: names and plain values, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem, bad_input
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 2**18
"""Largest file that is read, in bytes. A blueprint's has about one kilobyte; the parser takes a second for 100."""

_MAX_DEPTH = 64
"""Deepest nesting of brackets; the parser's limit is Python's recursion limit."""

_LITERALS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class HclExpression:
    """A value that is no literal: a reference, a call, an operation, or text with an interpolation.

    Terraform takes none of these in a ``.tfvars`` file, so what it would become is not known.
    """

    kind: str


@dataclass(frozen=True)
class Setting:
    """One assignment.

    Attributes:
        value: bool, int, float, str, None, list, dict with text keys, or an HclExpression, also inside lists and dicts.
        line: where it stands, from 1.
    """

    value: Any
    line: int


@dataclass(frozen=True)
class Settings:
    """A file's assignments.

    Attributes:
        file: the file, as the person named it.
        values: by name, in the order of the file; read-only.
    """

    file: str
    values: Mapping[str, Setting]


def read_settings(path: Path) -> Settings:
    """Reads a ``.tfvars`` file.

    Raises:
        InputError: it cannot be read, is larger than MAX_BYTES, is not UTF-8, or see parse_settings.
    """
    text = yamlfile.read_text(path)
    return parse_settings(text, file=str(path))


def parse_settings(text: str, *, file: str) -> Settings:
    """Parses what a ``.tfvars`` file holds.

    Args:
        text: HCL, attributes only.
        file: the name shown in errors.

    Raises:
        InputError: it is too large, not HCL (with line and column), nested too deep, holds a block, two
            assignments on a line, or a name twice.
    """
    if len(text.encode()) > MAX_BYTES:
        raise bad_input(f"larger than {MAX_BYTES // 1024} KiB; these are not a blueprint's variables", file=file)
    values: dict[str, Setting] = {}
    problems: list[Problem] = []
    end = 0
    for node in _statements(text, file):
        name, line = str(node.children[0].children[0]), node.meta.line
        # A heredoc ends with the line break behind it.
        same_line = end and "\n" not in text[end - 1 : node.meta.start_pos]
        end = node.meta.end_pos
        if node.data != "attribute":
            problems.append(Problem(f"found the block '{name}', expected NAME = VALUE", file, line=line))
        elif name in values:
            problems.append(Problem(f"found '{name}' twice, first in line {values[name].line}", file, name, line=line))
        elif same_line:
            message = f"found '{name}' behind another value, expected a line for each"
            problems.append(Problem(message, file, line=line, column=node.meta.column))
        else:
            values[name] = Setting(_value(node.children[-1]), line)
    if problems:
        raise InputError(*problems)
    return Settings(file, MappingProxyType(values))


def _statements(text: str, file: str) -> Iterator[Any]:
    """Yields the attributes and blocks at the top of the file as nodes of the parser's tree."""
    # A third of a second, and several more when python-hcl2 compiles its grammar, which it keeps.
    from hcl2 import parses_to_tree
    from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken

    _refuse_depth(text, file)
    try:
        tree = parses_to_tree(text)
    except UnexpectedInput as error:
        token = error.token if isinstance(error, UnexpectedToken) else text[error.pos_in_stream or 0 :]
        message = _broken(str(token))
        raise bad_input(message, file=file, line=max(error.line, 0), column=max(error.column, 0)) from None
    except (LarkError, RecursionError) as error:
        message = str(error).partition("\n")[0] or "nested too deep"
        raise bad_input(f"not HCL: {message}", file=file) from None
    for body in tree.children:
        yield from (node for node in body.children if getattr(node, "data", "") in ("attribute", "block"))


def _broken(token: str) -> str:
    words = token.split()
    if not words:
        return "found the end of the line or of the file, expected NAME = VALUE; a quote or bracket may be open"
    shown = words[0] if len(words[0]) <= 40 else words[0][:37] + "…"
    return f"not HCL: found '{shown}', expected NAME = VALUE"


def _refuse_depth(text: str, file: str) -> None:
    """Bounds the nesting before the parser, which is recursive, sees it; brackets inside texts count too."""
    depth = 0
    for index, char in enumerate(text):
        if char in "([{":
            depth += 1
            if depth > _MAX_DEPTH:
                line = text.count("\n", 0, index) + 1
                raise bad_input(f"brackets nested more than {_MAX_DEPTH} deep", file=file, line=line)
        elif char in ")]}":
            depth = max(depth - 1, 0)


def _value(node: Any) -> Any:
    """Returns a node of the parser's tree as a plain value, or as an HclExpression."""
    while node.data == "expr_term" and len(node.children) == 1:
        node = node.children[0]
    convert = _CONVERTERS.get(node.data)
    return convert(node) if convert else HclExpression(_KINDS.get(node.data, "an expression"))


def _literal(node: Any) -> Any:
    return _LITERALS[str(node.children[0])]


def _number(node: Any) -> Any:
    text = str(node.children[0])
    # Python refuses to read thousands of digits as an int.
    return int(text) if text.isdigit() and len(text) <= 18 else float(text)


def _text(node: Any) -> Any:
    parts = [part.children[0] for part in node.children if getattr(part, "data", "") == "string_part"]
    if any(hasattr(part, "data") for part in parts):
        return HclExpression("text with an interpolation")
    return "".join(str(part) for part in parts)


def _sign(node: Any) -> Any:
    value = _value(node.children[-1])
    minus = str(node.children[0]) == "-" and isinstance(value, (int, float)) and not isinstance(value, bool)
    return -value if minus else HclExpression("an expression")


def _list(node: Any) -> list[Any]:
    return [_value(child) for child in node.children if hasattr(child, "data") and child.data != "new_line_or_comment"]


def _map(node: Any) -> dict[str, Any]:
    """Returns an object; of a key that stands there twice the last holds. A key that is an expression is left out."""
    entries: dict[str, Any] = {}
    for element in node.children:
        if getattr(element, "data", "") == "object_elem":
            name = _key(element.children[0])
            if isinstance(name, str):
                entries[name] = _value(element.children[-1])
    return entries


def _key(node: Any) -> Any:
    while hasattr(node, "data") and node.data != "string" and len(node.children) == 1:
        node = node.children[0]
    if not hasattr(node, "data"):
        return str(node)
    return _text(node) if node.data == "string" else HclExpression("an expression")


_CONVERTERS = {
    "literal_value": _literal,
    "int_lit": _number,
    "float_lit": _number,
    "string": _text,
    "unary_op": _sign,
    "tuple": _list,
    "object": _map,
}
_KINDS = {
    "identifier": "a bare word",
    "heredoc_template": "a heredoc",
    "heredoc_template_trim": "a heredoc",
}

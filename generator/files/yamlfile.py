"""The one door to YAML: every file is read here, and every generated YAML text is written here."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
from typing import TYPE_CHECKING, Any, cast

import yaml

from generator.errors import InputError, bad_input
from generator.files import cache
from generator.files.compiled import compiled_data
from generator.files.depth import json_is_deep, yaml_is_deep
from generator.files.fingerprints import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024
"""Largest file read. The largest YAML that people lay over charts, kube-prometheus-stack's own
values.yaml, is 0.2 MiB; beyond 8 MiB a file is not configuration, and parsing it would take minutes."""

MAX_DEPTH = 100
"""Deepest nesting read; the deepest Helm values in use stay under 20."""

MAX_VALUES = 500_000
"""Most values in one file once its aliases are written out, so that no small file becomes a huge chart."""

_STANDARD = "tag:yaml.org,2002:"
_MERGE = _STANDARD + "merge"

_HELM_READS = (
    ("bool", re.compile(r"[yYnN]$"), "yYnN"),
    (
        "float",
        re.compile(
            r"[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
            r"|(_*[0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9][0-9_]*)?)$"
        ),
        "-+.0123456789",
    ),
)
"""What Helm (3.17 and 4.3, by its Go library) takes for a boolean or a number and PyYAML for text: ``y``, ``7e12``,
``0o17``. Read as Helm reads it, and put in quotes where it is text, so that a label ``y`` or a commit ``7e12`` is not
changed on the way."""

try:
    _Base = yaml.CSafeLoader
except AttributeError:  # PyYAML without libyaml: same behaviour, slower
    _Base = yaml.SafeLoader  # type: ignore[assignment, misc]


class _Loader(_Base):
    """PyYAML's C loader for what JSON can say too: text keys, each once; plain tags; complete at once, no cycles."""

    merged = 0
    """Keys that merges (``<<``) have copied so far."""


def _error(message: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, message, node.start_mark)


def _construct_list(loader: _Loader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node, deep=True)


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise _error(f"found a {node.id}, expected a mapping", node)
    own: dict[str, Any] = {}
    for key_node, value_node in node.value:
        # The tag of a bare ``<<``; in quotes it is a key like any other.
        key = _MERGE if key_node.tag == _MERGE else loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            shown = key_node.value if isinstance(key_node, yaml.ScalarNode) else key
            raise _error(f"found the key {shown}, which YAML does not read as text; put it in quotes", key_node)
        if key in own:
            raise _error(f"found the key '{'<<' if key == _MERGE else key}' twice", key_node)
        own[key] = loader.construct_object(value_node, deep=True)
    if _MERGE in own:
        return _merged(loader, node, own.pop(_MERGE)) | own
    return own


def _merged(loader: _Loader, node: yaml.MappingNode, value: Any) -> dict[str, Any]:
    """Returns what ``<<`` brings in; of several mappings the first wins, and the mapping's own keys win over all."""
    merged: dict[str, Any] = {}
    for source in reversed(value if isinstance(value, list) else [value]):
        if not isinstance(source, dict):
            raise _error("'<<' expects a mapping or a list of mappings", node)
        loader.merged += len(source)
        if loader.merged > MAX_VALUES:
            raise _error(f"more than {MAX_VALUES} values with its aliases written out", node)
        merged |= source
    return merged


def _construct_text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """Dates and a bare ``=`` stay text, as they do for Helm; PyYAML would make a date of one and refuse the other."""
    return str(loader.construct_scalar(node))


def _construct_bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    text = str(loader.construct_scalar(node))
    value = {"y": True, "n": False, **_Base.bool_values}.get(text.lower())
    if value is None:
        raise _error(f"found '{text[:60]}', expected true or false", node)
    return value


def _construct_number(loader: _Loader, node: yaml.ScalarNode) -> int | float | str:
    """Base 60 (``12:30``) stays text, as it does for Helm; what JSON has no number for is refused."""
    text = str(loader.construct_scalar(node))
    if ":" in text:
        return text
    plain = text.replace("_", "")
    octal = re.fullmatch(r"[-+]?0[0-7]+", plain)
    for convert in (lambda: int(plain, 8 if octal else 0), lambda: float(plain)):
        with contextlib.suppress(ValueError, OverflowError):
            value = convert()
            if math.isfinite(value):
                return value
    raise _error(f"found '{text[:60]}', expected a number as JSON has it", node)


def _refuse(_loader: _Loader, node: yaml.Node) -> None:
    raise _error(f"found the tag '{node.tag.replace(_STANDARD, '!!')}', expected plain YAML", node)


_Loader.add_constructor(None, _refuse)
for _tag in ("binary", "omap", "pairs", "set"):
    _Loader.add_constructor(_STANDARD + _tag, _refuse)
for _tag in ("timestamp", "value"):
    _Loader.add_constructor(_STANDARD + _tag, _construct_text)
_Loader.add_constructor(_STANDARD + "map", _construct_mapping)
_Loader.add_constructor(_STANDARD + "seq", _construct_list)
_Loader.add_constructor(_STANDARD + "bool", _construct_bool)
_Loader.add_constructor(_STANDARD + "int", _construct_number)
_Loader.add_constructor(_STANDARD + "float", _construct_number)
for _tag, _pattern, _first in _HELM_READS:
    _Loader.add_implicit_resolver(_STANDARD + _tag, _pattern, list(_first))


def parse(text: str, *, file: str) -> Any:
    """Parses one YAML document.

    Args:
        text: the document.
        file: the name shown in errors.

    Returns:
        dict with text keys, list, str, int, float, bool or None; None for an empty text.

    Raises:
        InputError: broken YAML (with line and column), several documents, duplicate or non-text keys,
            unknown tags, an alias that contains itself, nesting deeper than MAX_DEPTH, or more than
            MAX_VALUES values.
    """
    data = _read(lambda: yaml.load(text, Loader=_Loader), text, file)  # noqa: S506 - a SafeLoader
    check_size(data, file=file)
    return data


def parse_all(text: str, *, file: str) -> list[Any]:
    """Parses a stream of YAML documents, separated by ``---``; an empty one is None.

    Raises:
        InputError: see parse.
    """
    data = _read(lambda: list(yaml.load_all(text, Loader=_Loader)), text, file)
    check_size(data, file=file)
    return cast("list[Any]", data)


def _read(load: Callable[[], Any], text: str, file: str) -> Any:
    if yaml_is_deep(text, MAX_DEPTH):
        raise _too_deep(file)
    try:
        return load()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ": ".join(str(part) for part in (error.context, error.problem) if part)
        if "recursive" in message:
            message = "found an alias that contains itself"
        raise bad_input(
            message or "not YAML",
            file=file,
            line=mark.line + 1 if mark else 0,
            column=mark.column + 1 if mark else 0,
        ) from None
    except yaml.reader.ReaderError as error:
        raise _unreadable(text, error, file) from None
    except UnicodeEncodeError:
        raise bad_input("found bytes that are not UTF-8 text", file=file) from None
    except RecursionError:
        raise _too_deep(file) from None


def _too_deep(file: str) -> InputError:
    return bad_input(f"nested more than {MAX_DEPTH} levels deep", file=file)


def _unreadable(text: str, error: yaml.reader.ReaderError, file: str) -> InputError:
    """Names the place of a character that YAML forbids; libyaml counts bytes, PyYAML's own reader characters."""
    if isinstance(error.character, int):
        character, before = chr(error.character), text.encode()[: error.position].decode(errors="ignore")
    else:
        character, before = error.character, text[: error.position]
    return bad_input(
        f"found the character U+{ord(character):04X}, which YAML does not allow",
        file=file,
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
    )


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_size(data: Any, *, file: str) -> None:
    """Bounds depth and size, aliases written out.

    Raises:
        InputError: nesting deeper than MAX_DEPTH, or more than MAX_VALUES values.
    """
    level: dict[int, tuple[Any, int]] = {id(data): (data, 1)}
    total = 1
    for _ in range(MAX_DEPTH):
        below: dict[int, tuple[Any, int]] = {}
        for value, times in level.values():
            for child in _children(value):
                total += times
                if isinstance(child, (dict, list)):
                    below[id(child)] = (child, below.get(id(child), (child, 0))[1] + times)
        if total > MAX_VALUES:
            raise bad_input(f"more than {MAX_VALUES} values with its aliases written out", file=file)
        if not below:
            return
        level = below
    raise _too_deep(file)


def parse_json(text: str, *, file: str) -> Any:
    """Parses JSON, bounded as YAML is.

    Raises:
        InputError: it is not JSON, is nested deeper than MAX_DEPTH, or has more than MAX_VALUES values.
    """
    if json_is_deep(text, MAX_DEPTH):
        raise _too_deep(file)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise bad_input(f"not JSON: {error.msg}", file=file, line=error.lineno, column=error.colno) from None
    except ValueError:  # the one thing of JSON that Python refuses by itself
        limit = sys.get_int_max_str_digits()
        raise bad_input(f"found a number of more than {limit} digits", file=file) from None
    check_size(data, file=file)
    return data


_LOST = re.compile("[\x7f-\x9f]")
"""Characters that Helm's toYaml (3.17 and 4.3) loses: of a map with one it writes nothing at all, without an error."""


def check_texts(data: Any, *, file: str, path: str = "") -> None:
    """Looks at every text, keys included, of what goes through Helm's templates as YAML.

    Raises:
        InputError: one has a control character that Helm loses.
    """
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        place = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key
        for text in (key, value):
            if isinstance(text, str) and (found := _LOST.search(text)):
                character = f"U+{ord(found[0]):04X}"
                raise bad_input(f"found the control character {character}, which Helm loses", file=file, path=place)
        check_texts(value, file=file, path=place)


def read_text(path: Path, *, file: str = "") -> str:
    """Reads a UTF-8 text file of at most MAX_BYTES.

    Raises:
        InputError: it cannot be read, is a directory, is larger than MAX_BYTES, or is not UTF-8.
    """
    name = file or str(path)
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise bad_input(f"cannot be read: {error.strerror or error}", file=name) from None
    except ValueError as error:  # a name with a null character
        raise bad_input(f"cannot be read: {error}", file=name) from None
    if len(raw) > MAX_BYTES:
        raise bad_input(f"larger than {MAX_BYTES // 2**20} MiB; this is not configuration", file=name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Counted in error.object: without the byte order mark, which raw may begin with.
        line, byte = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
        raise bad_input(f"found the byte 0x{byte:02x}, expected UTF-8 text", file=name, line=line) from None


def load(path: Path, *, file: str = "") -> Any:
    """Reads and parses one YAML file; see read_text and parse for what it returns and raises."""
    return parse(read_text(path, file=file), file=file or str(path))


def load_data(path: Path, *, file: str = "") -> Any:
    """Reads a file of the program's own data: as load, but compiled before (see compiled) or kept between runs."""
    text = read_text(path, file=file)
    if (data := compiled_data(file, text)) is not None:
        return data
    memo = cache.current().memo("data")
    key = fingerprint(text) if memo.on else ""
    data = memo.get(key, shape=dict)
    if data is None:
        data = parse(text, file=file or str(path))
        if isinstance(data, dict):
            memo.set(key, data)
    return data


def load_mapping(path: Path, *, file: str = "") -> dict[str, Any]:
    """Reads a YAML file whose top level must be a mapping.

    Raises:
        InputError: also for an empty file or one whose top level is a list or a scalar.
    """
    return expect_mapping(load(path, file=file), file=file or str(path))


def expect_mapping(data: Any, *, file: str) -> dict[str, Any]:
    """Returns ``data`` if it is a mapping.

    Raises:
        InputError: it is anything else, an empty document included.
    """
    if isinstance(data, dict):
        return data
    kind = {None: "an empty file", list: "a list"}.get(None if data is None else type(data), "a single value")
    raise bad_input(f"found {kind}, expected a mapping (key: value)", file=file)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes block style, no aliases, multi-line text as literal blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _represent_str(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # In a block, the other line breaks of YAML 1.1 do not come back as they were, and several breaks at its end
    # would take in the empty line that follows it.
    quoted = any(char in text for char in "\r\x85\u2028\u2029") or text.endswith("\n\n") or text == "\n"
    style = '"' if quoted else "|" if "\n" in text else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Dumper.add_representer(str, _represent_str)
for _tag, _pattern, _first in _HELM_READS:
    _Dumper.add_implicit_resolver(_STANDARD + _tag, _pattern, list(_first))


@cache.cached("yaml", shape=str)
def dump(data: Any) -> str:
    """Returns block-style YAML with keys in the given order, the same bytes on every machine."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)

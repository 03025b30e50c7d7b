"""The one door to YAML: every file is read here, and every generated YAML text is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024
"""Largest file read. The largest YAML that people lay over charts, kube-prometheus-stack's own
values.yaml, is 0.2 MiB; beyond 8 MiB a file is not configuration, and parsing it would take minutes."""

MAX_DEPTH = 100
"""Deepest nesting read; the deepest Helm values in use stay under 20."""

MAX_VALUES = 500_000
"""Most values in one file once its aliases are written out, so that no small file becomes a huge chart."""

try:
    _Base = yaml.CSafeLoader
except AttributeError:  # PyYAML without libyaml: same behaviour, slower
    _Base = yaml.SafeLoader  # type: ignore[assignment, misc]


class _Loader(_Base):
    """PyYAML's C loader that refuses duplicate keys and keys that are not text."""


def _construct_mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
    loader.flatten_mapping(node)
    mapping: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, f"found the key {key!r}, expected text; put it in quotes", key_node.start_mark
            )
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"found the key '{key}' twice", key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=deep)
    return mapping


def _construct_yaml_map(loader: _Loader, node: yaml.MappingNode) -> Any:
    mapping: dict[Hashable, Any] = {}
    yield mapping
    mapping.update(_construct_mapping(loader, node))


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_yaml_map)


def _construct_text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """Dates and a bare ``=`` stay text, as they do for Helm; PyYAML would make a date of one and refuse the other."""
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)
_Loader.add_constructor("tag:yaml.org,2002:value", _construct_text)


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
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ": ".join(str(part) for part in (error.context, error.problem) if part)
        raise bad_input(
            message or "not YAML",
            file=file,
            line=mark.line + 1 if mark else 0,
            column=mark.column + 1 if mark else 0,
        ) from None
    except yaml.reader.ReaderError as error:
        raise bad_input(
            f"found the character {error.character!r} at offset {error.position}, which YAML does not allow",
            file=file,
        ) from None
    except (RecursionError, ValueError) as error:
        message = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise bad_input(message, file=file) from None
    _check_size(data, file)
    return data


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_size(data: Any, file: str) -> None:
    """Bounds depth and expanded size; breadth-first, so that a self-containing value ends the walk too."""
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
    raise bad_input(f"nested more than {MAX_DEPTH} levels deep", file=file)


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
    if len(raw) > MAX_BYTES:
        raise bad_input(f"larger than {MAX_BYTES // 2**20} MiB; this is not configuration", file=name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise bad_input(f"found the byte 0x{raw[error.start]:02x}, expected UTF-8 text", file=name, line=line) from None


def load(path: Path, *, file: str = "") -> Any:
    """Reads and parses one YAML file; see read_text and parse for what it returns and raises."""
    return parse(read_text(path, file=file), file=file or str(path))


def load_mapping(path: Path, *, file: str = "") -> dict[str, Any]:
    """Reads a YAML file whose top level must be a mapping.

    Raises:
        InputError: also for an empty file or one whose top level is a list or a scalar.
    """
    return expect_mapping(load(path, file=file), file=file or str(path))


def expect_mapping(data: Any, *, file: str) -> dict[str, Any]:
    """Gives ``data`` back if it is a mapping.

    Raises:
        InputError: it is anything else, an empty document included.
    """
    if isinstance(data, dict):
        return data
    found = {None: "an empty file", list: "a list"}.get(None if data is None else type(data), "a single value")
    raise bad_input(f"found {found}, expected a mapping (key: value)", file=file)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes block style, no aliases, multi-line text as literal blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _represent_str(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Dumper.add_representer(str, _represent_str)


def dump(data: Any) -> str:
    """Gives block-style YAML with keys in the given order, the same bytes on every machine."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)

"""Texts that a template, YAML, or a shell would take for something else, and how they get into a file and out again."""

from __future__ import annotations

import base64
import copy
import json
import re
from typing import TYPE_CHECKING, Any

from generator.errors import InputError
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

TEXTS = (
    # Helm's and this project's templates
    "{{ .Values }}",
    "{{",
    "}}",
    "a {{- fail `gone` -}} b",
    "{{/* a */}}",
    "{{`{{`}}",
    "{{ $labels.pod }} }} {{",
    "[[ name ]]",
    "[% for %]",
    "[# a",
    # brackets and signs of YAML
    "[a",
    "{a: b",
    "]}",
    "- a",
    "a: b",
    "a #b",
    "# a",
    "&a *b !c",
    "*a",
    "!!int 3",
    "|",
    ">-",
    "%TAG !",
    "@a",
    "`a`",
    "---",
    "...",
    "? a",
    "'",
    '"',
    "\\",
    'a"b\\n',
    "=",
    "<<",
    # line ends and blanks
    "a\nb",
    "a\r\nb",
    "a\n---\nb",
    "\n  a: b",
    "a\n\n",
    " a ",
    "a\tb",
    "a\u2028b",
    "a\u0085b",
    "a\u00a0b",
    # what YAML reads as something else than text
    "yes",
    "n",
    "y",
    "Off",
    "true",
    "null",
    "~",
    "007",
    "0o17",
    "0x1f",
    "0b11",
    "1e3",
    "12e4",
    "1_000",
    "12:30",
    "1.5",
    ".5",
    ".inf",
    "-1",
    "2026-01-01",
    "500m",
    # what is read from an environment or a shell
    "$HOME ${HOME} $(id) %s %(a)s",
    "\U0001f600 é",
)
"""Each may stand in any field; most are refused by most."""

Path = tuple[str | int, ...]


def leaves(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yields the path and the text of every text in data."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if isinstance(value, str):
            yield (*path, key), value
        else:
            yield from leaves(value, (*path, key))


def replaced(data: Any, path: Path, text: str) -> Any:
    """Returns data with another text at a path."""
    copied = copy.deepcopy(data)
    place = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = text
    return copied


_QUOTED = re.compile(r'="[^"]*"')


def chosen(number: int, turn: int, step: int = 7) -> Iterator[str]:
    """Yields every text, in an order of its own for each field: neighbours begin with texts of different kinds."""
    start = number * step + turn
    yield from (TEXTS[(start + more) % len(TEXTS)] for more in range(len(TEXTS)))


def within(old: str, text: str) -> str:
    """Returns a text for a place of another one: inside the quotes of a selector where that has some, else instead."""
    quoted = json.dumps(text, ensure_ascii=False)
    return _QUOTED.sub(lambda _: f"!={quoted}", old, count=1) if _QUOTED.search(old) else text


def token(number: int) -> str:
    """Returns a text without any meaning that fits nearly everywhere."""
    return f"zq{number}zq"


_TOKEN = re.compile(r"zq(\d+)zq")


def decoded(value: Any) -> Any:
    """Returns an object of Kubernetes with what its texts hold as JSON, YAML or base64 as data.

    Lines of YAML that are no mapping stay a text.
    """
    if isinstance(value, dict):
        whole = {key: decoded(item) for key, item in value.items()}
        if value.get("kind") == "Secret" and isinstance(value.get("data"), dict):
            plain = {key: base64.b64decode(text).decode("utf-8", "replace") for key, text in value["data"].items()}
            whole["data"] = {key: _structured(text) for key, text in plain.items()}
        return whole
    if isinstance(value, list):
        return [decoded(item) for item in value]
    return _structured(value) if isinstance(value, str) else value


def _structured(text: str) -> Any:
    if text.lstrip().startswith("{") and text.rstrip().endswith("}"):
        try:
            return decoded(json.loads(text))
        except ValueError:
            return text
    if ":\n" in text:
        try:
            data = yamlfile.parse(text, file="text")
        except Exception:  # noqa: BLE001 - a program or a configuration that is no YAML
            return text
        return decoded(data) if isinstance(data, dict) else text
    return text


def with_texts(value: Any, texts: Mapping[str, str]) -> Any:
    """Returns data with each token in its texts, keys included, written as the text that it stands for."""
    if isinstance(value, dict):
        return {with_texts(key, texts): with_texts(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [with_texts(item, texts) for item in value]
    if isinstance(value, str):
        return _TOKEN.sub(lambda match: texts[match[0]], value)
    return value


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yields each place where two pieces of data differ, with what stands there."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}, key=str):
            yield from differences(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{index}]")
    elif "checksum/" in path or path.endswith("/data-sources"):
        return
    elif one != other or type(one) is not type(other):
        yield f"{path}: {_near(one, other)!r}, expected {_near(other, one)!r}"


def _near(text: Any, other: Any) -> Any:
    if not (isinstance(text, str) and isinstance(other, str)):
        return text
    start = next((index for index, pair in enumerate(zip(text, other, strict=False)) if pair[0] != pair[1]), 0)
    return text[max(0, start - 30) : start + 90]


def accepted(data: Any, choose: Callable[[int], Iterable[str]], check: Callable[[Any], None]) -> dict[Path, str]:
    """Returns which texts of a file can be others, and what they then are.

    Args:
        data: a file that is taken.
        choose: the texts for the leaf of a number; the first one that is taken is.
        check: raises InputError if the file is not taken.
    """
    taken: dict[Path, str] = {}
    current = data
    for number, (path, old) in enumerate(leaves(data)):
        for text in choose(number):
            if _QUOTED.search(old) and json.dumps(text, ensure_ascii=False) != f'"{text}"':
                continue  # PromQL would have it in another form
            tried = replaced(current, path, within(old, text))
            try:
                check(tried)
            except InputError as error:
                assert all(problem.file for problem in error.problems), f"{path}: {text!r}: {error}"
                continue
            taken[path], current = text, tried
            break
    return taken

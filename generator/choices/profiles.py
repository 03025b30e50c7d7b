"""Turns a profile, what it extends and what a person lays over it into one set of choices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, bad_input, nearest
from generator.files import yamlfile
from generator.files.schemas import problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ROOT = "standalone"
"""The profile that says everything; every other one extends it, directly or not."""

WITH_FILES = ("dashboards", "rules")
"""Keys with a list ``extra`` of a person's own files."""


BLUEPRINT = "--tfvars "
"""How the origin of a layer begins that follows from a blueprint's variables."""


@dataclass(frozen=True)
class Layer:
    """One mapping of choices and where it came from.

    Attributes:
        file: the file, or the ``--set`` argument, as the person named it.
        data: the choices; they need not be complete.
        origin: how the header of generated files names it; "" for a built-in profile.
    """

    file: str
    data: Mapping[str, Any]
    origin: str = ""


@dataclass(frozen=True)
class Profile:
    """Every choice that the chart is made from.

    Attributes:
        name: the profile's name.
        description: its one sentence.
        lineage: the names it extends, itself first, ``standalone`` last.
        choices: the merged choices, complete, without ``extends`` and ``description``.
        changes: what was laid over it, as the command line would name it.
        origins: the file that each key of ``choices``, and ``dashboards.extra`` and ``rules.extra``, comes from; where
            several say something, the last one.
        layers: what was merged, the last one over all; see file_of.
    """

    name: str
    description: str
    lineage: tuple[str, ...]
    choices: Mapping[str, Any]
    changes: tuple[str, ...] = field(default=())
    origins: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = field(default=(), repr=False, compare=False)

    def layer_of(self, *path: str) -> Layer | None:
        """Returns the layer that decides a choice: the last one that says something at its path or takes it away."""
        return next((layer for layer in reversed(self.layers) if _decides(layer.data, path)), None)

    def file_of(self, *path: str) -> str:
        """Returns the file of layer_of, as errors name it; without one, the profile."""
        layer = self.layer_of(*path)
        return layer.file if layer else f"profile {self.name}"

    @property
    def command(self) -> str:
        """Returns the command that makes the chart; files by base name, set values left out (they may be secret).

        A name may hold any character; one that cannot stand in a line of text is shown as ``?``.
        """
        command = " ".join(("gen-chart --profile", self.name, *self.changes))
        return "".join(char if char.isprintable() else "?" for char in command)


def _decides(data: Any, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(data, dict):
            return True
        if key not in data:
            return False
        data = data[key]
    return True


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lays ``over`` over ``base``: mappings merge key by key, anything else (lists and null too) replaces."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        nested = isinstance(value, dict) and isinstance(below, dict)
        merged[key] = merge(below, value) if nested else value  # type: ignore[arg-type]
    return merged


def parse_set(argument: str) -> Layer:
    r"""Reads one ``--set path=value``.

    The path is dotted (``components.opensearch.nodes``; a dot inside a key is written ``\.``), the value is
    YAML (``3``, ``true``, ``[a, b]``, ``{cpu: 1}``); a value that YAML reads as text needs no quotes.

    Raises:
        InputError: no ``=``, an empty key, an index into a list, a value that is not YAML, or a path and value that
            are together too deep or too large; also an argument that is not UTF-8.
    """
    path, separator, text = argument.partition("=")
    file = f"--set {path}" if separator else f"--set {argument}"
    if not separator:
        raise bad_input("found no '='", file=file, hint="write path=value")
    if any("\ud800" <= char <= "\udfff" for char in path):  # how Python hands over bytes that are not UTF-8
        raise bad_input("found bytes that are not UTF-8 text", file=file)
    keys = [key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", path.strip())]
    if not all(keys):
        raise bad_input(f"found an empty key in '{path}'", file=file, hint="write path=value, as in a.b.c=1")
    indexed = next((key for key in keys if re.search(r"\[-?\d*\]$", key)), "")
    if indexed:
        raise bad_input(f"found an index in '{indexed}'", file=file, hint="give the whole list, as in a.b=[c, d]")
    data: Any = yamlfile.parse(text, file=file)
    for key in reversed(keys):
        data = {key: data}
    yamlfile.check_size(data, file=file)
    yamlfile.check_texts(data, file=file)
    return Layer(file, data, f"--set {path.strip()}=…")


def lineage(name: str, available: Mapping[str, Layer]) -> tuple[str, ...]:
    """Returns the names from ``name`` to ``standalone``, following ``extends``.

    Raises:
        InputError: an unknown name, a circle, or a profile other than ``standalone`` that extends nothing.
    """
    chain: list[str] = []
    asked_by = ""
    while True:
        if name in chain:
            circle = " → ".join((*chain[chain.index(name) :], name))
            raise bad_input(f"extends itself in a circle: {circle}", file=available[name].file, path="extends")
        if name not in available:
            raise bad_input(
                f"unknown profile '{name}'",
                file=asked_by or "--profile",
                path="extends" if asked_by else "",
                hint=nearest(name, available.keys() - set(chain)),
            )
        chain.append(name)
        layer = available[name]
        parent = layer.data.get("extends")
        if parent is None:
            if name != ROOT:
                raise bad_input(
                    "the key 'extends' is missing", file=layer.file, hint=nearest("", available.keys() - set(chain))
                )
            return tuple(chain)
        if not isinstance(parent, str):
            raise bad_input(f"found {parent!r}, expected a profile's name", file=layer.file, path="extends")
        asked_by, name = layer.file, parent


def resolve(name: str, available: Mapping[str, Layer], overlays: Sequence[Layer], schema: Mapping[str, Any]) -> Profile:
    """Merges a profile's lineage and the overlays, later over earlier.

    Args:
        name: the profile asked for.
        available: every profile that may be named, by name.
        overlays: what is laid over it, in order.
        schema: the profile schema with the monitors' and dashboards' parts filled in.

    Raises:
        InputError: see lineage; also every violation of the schema, each with the file that holds it.
    """
    names = lineage(name, available)
    layers = [available[ancestor] for ancestor in reversed(names)]
    violations = [
        problem for layer in (*layers, *overlays) for problem in problems(layer.data, schema, file=layer.file)
    ]
    violations += [
        bad_input(f"an overlay cannot set '{key}'", file=layer.file, path=key).problems[0]
        for layer in overlays
        for key in ("extends", "description")
        if key in layer.data
    ]
    if violations:
        raise InputError(*violations)
    choices: dict[str, Any] = {}
    for layer in (*layers, *overlays):
        choices = merge(choices, layer.data)
    choices.pop("extends", None)
    description = choices.pop("description", "")
    changes = tuple(layer.origin for layer in overlays if layer.origin)
    origins = {key: layer.file for layer in (*layers, *overlays) for key in _origin_keys(layer.data)}
    return Profile(name, description, names, choices, changes, origins, (*layers, *overlays))


def _origin_keys(data: Mapping[str, Any]) -> Iterator[str]:
    """Yields the keys whose file is kept: those at the top, and the ones that name further files."""
    for key, value in data.items():
        yield key
        if key in WITH_FILES and isinstance(value, dict) and "extra" in value:
            yield f"{key}.extra"


def located(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Returns an overlay whose ``extra`` files are found from the folder that the overlay lies in.

    What is not a list of text is left as it is: the schema explains it.
    """
    return {key: _located(value, folder) if key in WITH_FILES else value for key, value in data.items()}


def _located(block: Any, folder: Path) -> Any:
    if not isinstance(block, dict) or not isinstance(block.get("extra"), list):
        return block
    return {**block, "extra": list(_paths(block["extra"], folder))}


def _paths(files: list[Any], folder: Path) -> Iterator[Any]:
    for file in files:
        yield str(folder / file) if isinstance(file, str) else file

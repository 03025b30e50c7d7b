"""Every choice that a profile has, by the schema of profiles, and what each can be changed to."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.build.profile import profile_schema
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.build.sources import Sources

SAMPLES = Path(__file__).with_name("samples.yaml")

NOT_OF_AN_OVERLAY = ("extends", "description")
"""Keys of a profile that cannot be laid over another one."""

NAMES = re.compile(
    r"(?<=^monitors\.)[^.]+(?=\.)|(?<=^rules\.)(?!alerts\.)[^.]+(?=\.)|(?<=^dashboards\.)[^.]+(?=\.)"
    r"|(?<=\.endpoints\.)[^.]+|(?<=^rules\.alerts\.)[^.]+|(?<=\.thresholds\.)[^.]+|(?<=\.slos\.)[^.]+|(?<=\.existing\.)[^.]+"
)
"""Matches the parts of a path that are a workload's, an endpoint's or an alert's name."""


UNKNOWN = object()
"""Stands for a value that nothing equals."""


@dataclass(frozen=True)
class Choice:
    """One choice.

    Attributes:
        path: its keys, with dots between them; none of them holds a dot.
        values: what it can be changed to.
        switch: whether these are all that there is: true and false, or a list of words.
        default: what it is where nobody says anything, as the schema has it; UNKNOWN if it does not.
    """

    path: str
    values: tuple[Any, ...]
    switch: bool
    default: Any

    @property
    def kind(self) -> str:
        """The path with ``*`` for names: all workloads' intervals are one kind."""
        return NAMES.sub("*", self.path)


def choices(sources: Sources) -> tuple[Choice, ...]:
    """Returns every choice of a profile, in the order of the schema.

    Raises:
        LookupError: samples.yaml has nothing for one that is no switch.
    """
    samples = yamlfile.load(SAMPLES)
    schema = profile_schema(sources)
    tree = {key: node for key, node in schema["properties"].items() if key not in NOT_OF_AN_OVERLAY}
    return tuple(found for key, node in tree.items() for found in _choices(key, node, schema["$defs"], samples))


def _choices(
    path: str, node: Mapping[str, Any], definitions: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]
) -> Iterator[Choice]:
    while "$ref" in node:
        node = {**definitions[node["$ref"].rpartition("/")[2]], **{key: node[key] for key in node if key != "$ref"}}
    types = node.get("type", "")
    null = (None,) if "null" in types else ()
    default = node.get("default", UNKNOWN)
    if "enum" in node or "boolean" in types:
        yield Choice(path, (*node.get("enum", (True, False)), *null), switch=True, default=default)
        return
    for sample in samples:
        if any(fnmatchcase(path, pattern) for pattern in sample["choices"]):
            yield Choice(path, (*sample["values"], *null), switch=False, default=default)
            return
    if not node.get("properties"):
        message = "add values that it can be changed to"
        raise LookupError(f"tests/combinations/samples.yaml says nothing of {path}: {message}")
    for key, child in node["properties"].items():
        yield from _choices(f"{path}.{key}", child, definitions, samples)


def nested(path: str, value: Any) -> dict[str, Any]:
    """Returns choices as an overlay has them."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value  # type: ignore[no-any-return]


def combination(every: Sequence[Choice], seed: str) -> dict[str, Any]:
    """Returns one to twelve choices at random, path → value; each kind is as probable as any other."""
    source = random.Random(seed)  # noqa: S311 - no secret
    kinds: dict[str, list[Choice]] = {}
    for choice in every:
        kinds.setdefault(choice.kind, []).append(choice)
    picked = [source.choice(kinds[kind]) for kind in source.sample(sorted(kinds), source.randint(1, 12))]
    return {choice.path: source.choice(choice.values) for choice in picked}


def alone(every: Sequence[Choice], current: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields (path, value) of each change of one choice.

    Of choices of one kind, such as all monitors' intervals, one is changed, but for those named ``enabled``.

    Args:
        every: the choices.
        current: those of the profile, which are no change.
    """
    seen: set[str] = set()
    for choice in every:
        of_many = choice.kind != choice.path and not choice.path.endswith(".enabled")
        if of_many and choice.kind in seen:
            continue
        seen.add(choice.kind)
        now = _current(current, choice)
        yield from ((choice.path, value) for value in choice.values if value != now or type(value) is not type(now))


def _current(current: Any, choice: Choice) -> Any:
    for key in choice.path.split("."):
        if not isinstance(current, dict) or key not in current:
            return choice.default
        current = current[key]
    return current

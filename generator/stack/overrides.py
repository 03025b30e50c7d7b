"""What a person's values of an upstream chart would undo: ``overrides.yaml`` beside our own values of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files.packaged import packaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.stack.component import KeyPath


@dataclass(frozen=True)
class Override:
    """A value that this chart needs as it is.

    Attributes:
        path: the keys that lead to it.
        lost: what is lost with another one, a sentence that goes on after "found ...:".
        instead: the way out; "" if there is none.
        admits: the values that cost nothing; None for the one that this chart sets.
        holding: whether a text that holds all lines of ours costs nothing either.
        refused: whether it is an error; else a warning.
    """

    path: KeyPath
    lost: str
    instead: str = ""
    admits: tuple[Any, ...] | None = None
    holding: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Overrides:
    """How a person's values are laid over ours.

    Attributes:
        undone: values that this chart needs as they are.
        lists: path → ``replaced`` for a list of which only the last one counts, ``labels`` for one of
            kube-state-metrics' lists of labels, ``first`` where a person's items come before ours; in all others they
            come after ours.
    """

    undone: tuple[Override, ...]
    lists: Mapping[KeyPath, str]


@cache
def read_overrides(name: str) -> Overrides:
    """Reads ``generator/stack/NAME/overrides.yaml``.

    Args:
        name: the upstream chart's name; the folder has it with ``_`` for ``-``.

    Raises:
        InputError: it does not follow values-schemas/overrides.schema.yaml.
    """
    data = packaged(f"generator/stack/{name.replace('-', '_')}/overrides.yaml", "overrides")
    undone = tuple(
        Override(
            tuple(entry["path"]),
            " ".join(entry["lost"].split()),
            " ".join(entry.get("instead", "").split()),
            tuple(entry["admits"]) if "admits" in entry else None,
            entry.get("holding", False),
            entry.get("refused", False),
        )
        for entry in data["undone"]
    )
    return Overrides(undone, {tuple(entry["path"]): entry["how"] for entry in data.get("lists", ())})

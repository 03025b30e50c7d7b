"""Holds the values that this chart sets against the defaults of two versions of an upstream chart."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.files.nested import value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.upgrades.charts import UpstreamChart

ValuePath = tuple[str, ...]
"""The keys that lead to a Helm value."""

_SIMILAR = 0.6
"""From this similarity on a new key may be what a key that is gone is called now."""


@dataclass(frozen=True)
class Setting:
    """One value that this chart sets.

    Attributes:
        path: the keys that lead to it.
        value: what.
        profiles: the profiles that set it there.
    """

    path: ValuePath
    value: Any
    profiles: tuple[str, ...]


@dataclass(frozen=True)
class RemovedValue:
    """A key that this chart sets and the new version no longer has.

    Attributes:
        path: the keys that lead to it, or to the first above it that is gone.
        profiles: the profiles that set it.
        perhaps: what it may be called now; None if nothing looks like it.
        certain: whether the defaults had it; else it only stood in the templates.
    """

    path: ValuePath
    profiles: tuple[str, ...]
    perhaps: ValuePath | None
    certain: bool


@dataclass(frozen=True)
class ChangedDefault:
    """A key that this chart sets and whose default is another now.

    Attributes:
        path: the keys that lead to it.
        profiles: the profiles that set it.
        before: the old default.
        after: the new default.
        retyped: whether it is of another kind now: text, a number, a list.
    """

    path: ValuePath
    profiles: tuple[str, ...]
    before: Any
    after: Any
    retyped: bool


def settings(values: Mapping[str, Mapping[str, Any]]) -> list[Setting]:
    """Returns what profiles set, each path once, sorted.

    Args:
        values: profile → what it sets for the upstream chart.
    """
    by_path: dict[ValuePath, tuple[Any, list[str]]] = {}
    for profile, tree in values.items():
        for path, value in _leaves(tree, ()):
            by_path.setdefault(path, (value, []))[1].append(profile)
    return [Setting(path, value, tuple(names)) for path, (value, names) in sorted(by_path.items())]


def gone(set_values: Iterable[Setting], old: UpstreamChart, new: UpstreamChart) -> list[RemovedValue]:
    """Returns the keys among ``set_values`` that the old version knew and the new one does not.

    A map that is empty by default takes any key, and so does a default that is no map: what lies below it cannot be
    judged. A key that no default names counts as known while a template names it.
    """
    gone_by_path: dict[ValuePath, RemovedValue] = {}
    fresh = sorted(set(_paths(new.values, ())) - set(_paths(old.values, ())))
    for setting in set_values:
        before, after = missing_at(old.values, setting.path), missing_at(new.values, setting.path)
        if after is None:
            continue
        if before is None:
            certain = True
        elif _named(old.templates, setting.path[-1]) and not _named(new.templates, setting.path[-1]):
            certain, after = False, setting.path
        else:
            continue
        known = gone_by_path.get(after)
        profiles = tuple(dict.fromkeys((*(known.profiles if known else ()), *setting.profiles)))
        perhaps = known.perhaps if known else _successor(after, fresh, old.values, new.values)
        gone_by_path[after] = RemovedValue(after, profiles, perhaps, certain)
    return [gone_by_path[path] for path in sorted(gone_by_path)]


def changed(set_values: Iterable[Setting], old: UpstreamChart, new: UpstreamChart) -> Iterator[ChangedDefault]:
    """Yields the keys among ``set_values`` that both versions know, and whose defaults differ."""
    for setting in set_values:
        if missing_at(old.values, setting.path) is None and missing_at(new.values, setting.path) is None:
            before, after = value_at(old.values, setting.path), value_at(new.values, setting.path)
            if before != after or kind(before) != kind(after):
                retyped = None not in (before, after) and kind(before) != kind(after)
                yield ChangedDefault(setting.path, setting.profiles, before, after, retyped)


def kind(value: Any) -> str:
    """Returns what a value is, in a person's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    return "text"


def _leaves(tree: Mapping[str, Any], path: ValuePath) -> Iterator[tuple[ValuePath, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _paths(tree: Mapping[str, Any], path: ValuePath) -> Iterator[ValuePath]:
    for key, value in tree.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from _paths(value, (*path, key))


def missing_at(tree: Mapping[str, Any], path: ValuePath) -> ValuePath | None:
    """Returns the shortest part of a path that the defaults lack; None if they have it, or cannot say."""
    node: Any = tree
    for index, key in enumerate(path):
        if not isinstance(node, dict) or not node:
            return None
        if key not in node:
            return path[: index + 1]
        node = node[key]
    return None


def _named(text: str, key: str) -> bool:
    return re.search(rf"[.\"]{re.escape(key)}\b", text) is not None


def _successor(
    path: ValuePath, fresh: Iterable[ValuePath], old: Mapping[str, Any], new: Mapping[str, Any]
) -> ValuePath | None:
    """Returns the new key that looks most like one that is gone: by its name, by where it is, by its default."""
    was = value_at(old, path)
    best: tuple[float, ValuePath] | None = None
    for candidate in fresh:
        now = value_at(new, candidate)
        if kind(now) != kind(was):
            continue
        score = difflib.SequenceMatcher(None, ".".join(path), ".".join(candidate)).ratio()
        score += 0.1 if now == was else 0
        if score >= _SIMILAR and (best is None or score > best[0]):
            best = score, candidate
    return best[1] if best else None

"""A profile's ``values`` laid over what this chart sets of the upstream charts, so that no part of it is lost unseen.

Mappings merge key by key. A list of a person's stands after ours in the same list: what Grafana mounts, what OpenSearch
has in its environment. What must stay as it is, or costs something that has to be said, is in ``overrides.yaml`` beside
each chart's values.yaml.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem, listed
from generator.files.nested import value_at
from generator.stack.grafana.log_source import CONFIG_MAP
from generator.stack.kube_prometheus_stack import component as kube_prometheus_stack
from generator.stack.kube_prometheus_stack.data_sources import data_source_problems
from generator.stack.overrides import read_overrides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile
    from generator.stack.component import KeyPath
    from generator.stack.overrides import Override, Overrides

_LABELS = re.compile(r"([^=\[]+)=\[([^\]]*)\]")
"""An entry of kube-state-metrics' lists of labels: ``pods=[app.kubernetes.io/name,ray.io/cluster]``."""

_NULL = (
    "Helm 4 does not let a chart's values take a default out of a chart below it: write what switches it off, such as "
    'false, 0, "", [] or {}'
)


def laid_over(profile: Profile, ours: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the values of the upstream charts, by chart.

    Args:
        profile: its ``values`` are laid over.
        ours: what this chart sets of each upstream chart, by chart.

    Raises:
        InputError: a value takes a default out (null), is another one than ours in a list in which both have a name,
            or undoes what the chart needs.
    """
    values: dict[str, Any] = {}
    errors: list[Problem] = []
    for name, own in ours.items():
        values[name] = dict(own)
        if over := _said(profile, name):
            laying = _Laying(profile, name, read_overrides(name))
            values[name] = laying.mapping(own, over, ())
            if name == kube_prometheus_stack.NAME:
                mounts = own.get("grafana", {}).get("extraConfigmapMounts", ())
                logs = any(mount["configMap"] == CONFIG_MAP for mount in mounts)
                for path, message, hint in data_source_problems(over, logs=logs):
                    laying.refuse(path, message, hint)
            errors += [*laying.problems, *_undone(profile, name, own, values[name], refused=True)]
    if errors:
        raise InputError(*errors)
    return values


def override_warnings(
    profile: Profile, ours: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]
) -> tuple[Problem, ...]:
    """Returns what ``values`` of a profile costs.

    Args:
        profile: its ``values`` have been laid over.
        ours: what this chart sets of each upstream chart, by chart.
        values: what laid_over has returned.
    """
    return tuple(
        problem
        for name, own in ours.items()
        if _said(profile, name)
        for problem in _undone(profile, name, own, values[name], refused=False)
    )


def _said(profile: Profile, chart: str) -> Mapping[str, Any]:
    """Returns a person's values of an upstream chart; what is no mapping is left to the chart's schema."""
    over = profile.choices["values"].get(chart)
    return over if isinstance(over, dict) else {}


def place(profile: Profile, chart: str, path: KeyPath) -> tuple[str, str]:
    """Returns the file that says a value of an upstream chart, the last one of several, and the place in it."""
    keys = ("values", chart, *path)
    inside = next(
        (index for index, key in enumerate(keys) if key.endswith("]")), len(keys)
    )  # a list is said as a whole
    said = (*keys[:inside], *(key.partition("[")[0] for key in keys[inside : inside + 1]))
    return profile.file_of(*said), ".".join(keys)


class _Laying:
    """The values of one chart.

    Attributes:
        problems: what cannot be laid over.
    """

    def __init__(self, profile: Profile, chart: str, overrides: Overrides) -> None:
        self.problems: list[Problem] = []
        self._profile = profile
        self._chart = chart
        self._overrides = overrides
        self._ruled = {override.path for override in overrides.undone}
        """Values of which the file of overrides tells what they cost; some may be of several kinds."""

    def mapping(self, ours: Mapping[str, Any], theirs: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """Returns a person's mapping over ours, key by key."""
        merged = dict(ours)
        for key, value in theirs.items():
            merged[key] = self._value(ours.get(key), value, (*path, key))
        return merged

    def _value(self, ours: Any, theirs: Any, path: KeyPath) -> Any:
        if theirs is None:
            self.refuse(path, "found null", _NULL)
        elif path not in self._ruled and (message := _of_another_kind(ours, theirs)):
            self.refuse(path, *message)
        if isinstance(theirs, dict):
            return self.mapping(ours if isinstance(ours, dict) else {}, theirs, path)
        if isinstance(ours, list) and isinstance(theirs, list):
            return self._list(ours, theirs, path)
        return theirs

    def _list(self, ours: list[Any], theirs: list[Any], path: KeyPath) -> list[Any]:
        how = self._overrides.lists.get(path)
        if how == "replaced":
            return theirs
        if how == "labels":
            return _with_labels(ours, theirs)
        merged = list(ours)
        added: list[Any] = []
        named = {identity: item for item in ours for identity in _identities(item)}
        said: dict[tuple[str, str], Any] = {}
        for index, item in enumerate(theirs):
            at = (*path[:-1], f"{path[-1]}[{index}]")
            if item is None:
                self.refuse(at, "found null, expected an item", "take the line out")
                continue
            for key, name in _identities(item):
                if said.setdefault((key, name), item) != item:
                    self.refuse(
                        (*at, key), f"found the {key} {name!r} a second time in this list", "give it another one"
                    )
            taken = [(identity, named[identity]) for identity in _identities(item) if identity in named]
            for (key, name), own in taken:
                if own != item:
                    text = f"found another item with the {key} {name!r}, which this chart's own has"
                    self.refuse((*at, key), text, "give it another one")
            if not taken and item not in merged and item not in added:
                added.append(item)
        return [*added, *merged] if how == "first" else [*merged, *added]

    def refuse(self, path: KeyPath, message: str, hint: str) -> None:
        """Notes what cannot be laid over."""
        self.problems.append(Problem(message, *place(self._profile, self._chart, path), hint=hint))


def _of_another_kind(ours: Any, theirs: Any) -> tuple[str, str] | None:
    """Returns what is wrong with a value that would take the place of ours and is of another kind, and the way out."""
    if isinstance(ours, dict) and ours and not isinstance(theirs, dict):
        keys = f"its own {listed([str(key) for key in ours], _NAMED)}"
        return f"{_found(theirs)}, expected a mapping: this chart has {keys} there", "set the keys that differ below it"
    if isinstance(ours, list) and ours and not isinstance(theirs, list):
        count = f"{len(ours)} item{'s'[: len(ours) > 1]} of its own"
        return f"{_found(theirs)}, expected a list: this chart has {count} there", "yours are added to them"
    if isinstance(ours, bool) and isinstance(theirs, str):
        return (
            f"{_found(theirs)}, expected true or false",
            "to Helm any text is true, 'false' as well: take the quotes off",
        )
    return None


_NAMED = 3
"""Most keys that a message names."""

_IDENTITIES = ("mountPath", "path", "name", "uid")
"""Keys by which Kubernetes, or Grafana, tells a list's items apart. A volume may be mounted at several paths."""


def _identities(item: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(item, dict):
        return
    mounted = "mountPath" in item or "path" in item
    for key in _IDENTITIES:
        if isinstance(item.get(key), str) and not (key == "name" and mounted and "secretName" not in item):
            yield key, item[key]


def _with_labels(ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Returns lists of labels by kind of object, those of both; ``*`` stands for all."""
    by_kind: dict[str, dict[str, None]] = {}
    rest = []
    for item in (*ours, *theirs):
        match = _LABELS.fullmatch(item) if isinstance(item, str) else None
        if match is None:
            rest.append(item)
        else:
            by_kind.setdefault(match[1], {}).update(dict.fromkeys(filter(None, match[2].split(","))))
    return [f"{kind}=[{'*' if '*' in labels else ','.join(labels)}]" for kind, labels in by_kind.items()] + rest


def _undone(
    profile: Profile, chart: str, own: Mapping[str, Any], merged: Mapping[str, Any], *, refused: bool
) -> Iterator[Problem]:
    """Yields what has to be said of the values that somebody has set: of those that are refused, or of the others."""
    for override in read_overrides(chart).undone:
        if override.refused is refused and _has(_said(profile, chart), override.path):
            ours, theirs = value_at(own, override.path), value_at(merged, override.path)
            if not _costs_nothing(override, ours, theirs):
                message = f"{_found(theirs)}: {override.lost}"
                yield Problem(message, *place(profile, chart, override.path), hint=override.instead)


def _costs_nothing(override: Override, ours: Any, theirs: Any) -> bool:
    admitted = (ours,) if override.admits is None else override.admits
    if any(theirs == value and isinstance(theirs, bool) is isinstance(value, bool) for value in admitted):
        return True
    return override.holding and isinstance(theirs, str) and set(_lines(ours)) <= set(_lines(theirs))


def _found(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"found {text}" if len(text) <= 60 and "\\n" not in text else "found another value"


def _lines(text: object) -> Iterator[str]:
    return (line.strip() for line in str(text or "").splitlines() if line.strip())


def _has(tree: Any, path: KeyPath) -> bool:
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            return False
        tree = tree[key]
    return True

"""What a person may add to the values of upstream charts: something to every list and map that this chart fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.overrides import read_overrides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.stack.component import Component

Path = tuple[str, ...]

ALL: dict[str, Any] = {
    "components": {"opensearch-dashboards": {"enabled": True}, "metrics-server": {"enabled": True}},
    "logs": {"rayNamespaces": ["ray"]},
}
"""Switches on what standalone leaves out."""

IDENTITIES = ("name", "uid", "mountPath", "path", "subPath")
"""Keys by which an item of a list is told from others."""


def nested(path: Path, value: Any) -> dict[str, Any]:
    return {path[0]: nested(path[1:], value) if path[1:] else value}


def collections(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yields every list and map."""
    if isinstance(tree, dict | list):
        yield path, tree
    for key, value in tree.items() if isinstance(tree, dict) else ():
        yield from collections(value, (*path, key))


def addition(collection: Any) -> Any:
    """Returns what a person adds: an item like the first one under another name; a key that nothing has."""
    if isinstance(collection, dict):
        texts = [value for value in collection.values() if isinstance(value, str)]
        amounts = bool(texts) and all(text[:1].isdigit() for text in texts)  # requests and limits
        return {"theirs": "1" if amounts else "theirs" if texts else {}}
    first = collection[0] if collection else "theirs"
    if not isinstance(first, dict):
        return ["theirs=[theirs]" if "=[" in first else "theirs"]
    return [{**first, **{key: f"/theirs/{key}" if "ath" in key else "theirs" for key in IDENTITIES if key in first}}]


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for key, value in other.items():
        both[key] = merged(both[key], value) if isinstance(both.get(key), dict) and isinstance(value, dict) else value
    return both


def additions(components: Iterable[Component]) -> dict[str, Any]:
    """Returns values that add something to every list and map that this chart fills in."""
    added: dict[str, Any] = {}
    for component in components:
        replaced = {path for path, how in read_overrides(component.name).lists.items() if how == "replaced"}
        for path, collection in collections(component.values):
            if path and path not in replaced:
                added = merged(added, nested((component.name, *path), addition(collection)))
    return added


def holds(after: Any, before: Any) -> bool:
    """Returns whether all of a value is in another one: keys of maps, items of lists, lines of texts."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(
            key in after and holds(after[key], value) for key, value in before.items() if "checksum" not in key
        )
    if isinstance(before, list):
        return isinstance(after, list) and all(any(holds(item, own) for item in after) for own in before)
    if isinstance(before, str) and isinstance(after, str) and before != after:
        return set(before.split()) <= set(after.split()) or set(before.split(",")) <= set(after.split(","))
    return bool(after == before)

"""The files of a pod's volumes, written and kept up to date as the kubelet does it."""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Find = Callable[[str, str], Mapping[str, Any] | None]
    """Kind (Secret or ConfigMap) and name → the object in the pod's namespace."""


class MissingError(Exception):
    """An object or a key that a volume needs is not there; the kubelet waits until it is."""


@dataclass
class Source:
    """Where the files of a volume come from.

    Attributes:
        find: gives Secrets and ConfigMaps of the pod's namespace.
        token: gives a token for the ``spec`` of a TokenRequest.
        pod: the pod, for what the downward API tells of it.
    """

    find: Find
    token: Callable[[Mapping[str, Any]], str]
    pod: Mapping[str, Any]
    tokens: dict[str, str] = field(default_factory=dict)


def files(volume: Mapping[str, Any], source: Source) -> dict[str, bytes] | None:
    """Returns the files of a volume, path → content; None for a folder that the pod itself fills.

    Raises:
        MissingError: what it needs, and may not do without, is not there.
    """
    if "projected" in volume:
        return {path: text for part in volume["projected"]["sources"] for path, text in _part(part, source)}
    for kind in ("secret", "configMap", "downwardAPI"):
        if kind in volume:
            entry = dict(volume[kind])
            if "secretName" in entry:
                entry["name"] = entry["secretName"]
            return dict(_part({kind: entry}, source))
    return None


def _part(part: Mapping[str, Any], source: Source) -> Iterator[tuple[str, bytes]]:
    if "serviceAccountToken" in part:
        entry = part["serviceAccountToken"]
        path = entry["path"]
        if path not in source.tokens:
            wanted = {"expirationSeconds": entry.get("expirationSeconds", 3600)}
            source.tokens[path] = source.token(
                wanted | ({"audiences": [entry["audience"]]} if "audience" in entry else {})
            )
        yield path, source.tokens[path].encode()
    elif "downwardAPI" in part:
        for item in part["downwardAPI"].get("items", ()):
            yield item["path"], field_of(source.pod, item["fieldRef"]["fieldPath"]).encode()
    else:
        kind, entry = ("Secret", part["secret"]) if "secret" in part else ("ConfigMap", part["configMap"])
        yield from _keys(kind, entry, source)


def _keys(kind: str, entry: Mapping[str, Any], source: Source) -> Iterator[tuple[str, bytes]]:
    found = source.find(kind, entry["name"])
    if found is None:
        if entry.get("optional"):
            return
        raise MissingError(f'{kind.lower()} "{entry["name"]}" not found')
    content = content_of(found)
    items = entry.get("items")
    if items is None:
        yield from content.items()
        return
    for item in items:
        if item["key"] in content:
            yield item["path"], content[item["key"]]
        elif not entry.get("optional"):
            raise MissingError(f'{kind.lower()} "{entry["name"]}" has no key {item["key"]}')


def content_of(found: Mapping[str, Any]) -> dict[str, bytes]:
    """Returns what a Secret or ConfigMap holds: key → bytes."""
    data = found.get("data") or {}
    if found.get("kind") == "Secret" or "type" in found:
        return {key: base64.b64decode(text) for key, text in data.items()}
    binary = {key: base64.b64decode(text) for key, text in (found.get("binaryData") or {}).items()}
    return {key: text.encode() for key, text in data.items()} | binary


def field_of(pod: Mapping[str, Any], path: str) -> str:
    """Returns a field of a pod as the downward API names it, as ``status.podIP`` or ``metadata.labels['app']``."""
    if path.endswith("']"):
        path, _, key = path.removesuffix("']").partition("['")
        return str(_at(pod, path).get(key, ""))
    found = _at(pod, path)
    if isinstance(found, dict):
        return "\n".join(f'{key}="{value}"' for key, value in sorted(found.items()))
    return str(found)


def _at(pod: Mapping[str, Any], path: str) -> Any:
    found: Any = pod
    for word in path.split("."):
        found = found.get(word, {}) if isinstance(found, dict) else {}
    return found if found != {} or path.endswith(("labels", "annotations")) else ""


def write(folder: Path, content: Mapping[str, bytes]) -> bool:
    """Makes a folder hold files, all at once, as the kubelet's atomic writer does; says whether anything changed.

    Programs that watch their files look for ``..data`` to be exchanged.
    """
    current = folder / "..data"
    if current.is_symlink() and _read(current) == dict(content):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    number = int(current.readlink().name.removeprefix("..")) + 1 if current.is_symlink() else 1
    new = folder / f"..{number}"
    for path, text in content.items():
        target = new / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
    new.mkdir(exist_ok=True)
    part = folder / "..data_tmp"
    part.symlink_to(new.name)
    part.replace(current)
    wanted = {path.split("/")[0] for path in content}
    for name in wanted:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    for name in {path.name for path in folder.iterdir()} - wanted:
        if not name.startswith(".."):
            (folder / name).unlink()
    if number > 1:
        shutil.rmtree(folder / f"..{number - 1}", ignore_errors=True)
    return True


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(volumes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields each volume with its name."""
    for volume in volumes:
        yield volume["name"], volume

"""Finds every image in rendered objects, also those that an operator is told of and pulls later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.stack.images.reference import Reference, parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DATA_KINDS = ("ConfigMap", "CustomResourceDefinition", "PrometheusRule", "Secret")
"""Kinds that run nothing: what looks like an image there is text."""

_ARGUMENT_LISTS = ("args", "command")
_FLAG = re.compile(r"--?(?P<name>[A-Za-z0-9][A-Za-z0-9.-]*)=(?P<value>\S+)")


@dataclass(frozen=True, order=True)
class PulledImage:
    """One image and who pulls it.

    Attributes:
        image: the image.
        users: ``KIND/NAME`` of each object that names it, sorted. ``(argument)`` or ``(variable)`` behind it says that
            it stands in a program's arguments or environment, for that program to have it pulled.
    """

    image: Reference
    users: tuple[str, ...]


def images_of(objects: Iterable[Mapping[str, Any]]) -> list[PulledImage]:
    """Returns the images of rendered objects, sorted, each once.

    Found are the key ``image`` at any depth (pods, and Prometheus or Alertmanager, whose pods an operator makes), image
    volumes, and in arguments and environment variables whatever is an image's name with a registry and a tag or digest
    (the operator's ``--prometheus-config-reloader=``).

    Args:
        objects: what Helm rendered.
    """
    users: dict[Reference, set[str]] = {}
    for manifest in objects:
        kind = manifest.get("kind", "")
        if kind in _DATA_KINDS:
            continue
        name = f"{kind}/{manifest.get('metadata', {}).get('name', '')}"
        for image, how in _walk(manifest):
            users.setdefault(image, set()).add(f"{name}{how}")
    return [PulledImage(image, tuple(sorted(users[image]))) for image in sorted(users)]


def _walk(node: Any) -> Iterator[tuple[Reference, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _walk(item)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "image":
            yield from ((image, "") for image in _named(value))
        elif key in _ARGUMENT_LISTS and isinstance(value, list):
            yield from ((image, " (argument)") for item in value for image in _hidden(item))
        elif key == "env" and isinstance(value, list):
            items = (item.get("value") for item in value if isinstance(item, dict))
            yield from ((image, " (variable)") for item in items for image in _hidden(item))
        if isinstance(value, (dict, list)):
            yield from _walk(value)


def _named(value: Any) -> Iterator[Reference]:
    """Yields what the key ``image`` names: text, or the reference of an image volume."""
    text = value.get("reference") if isinstance(value, dict) else value
    if isinstance(text, str):
        image = parse_reference(text)
        if image is not None:
            yield image


def _hidden(text: Any) -> Iterator[Reference]:
    """Yields the image that an argument or a variable's value is.

    A name without a registry is a word like any other; one without a version counts for a flag that says "image".
    """
    if not isinstance(text, str):
        return
    flag = _FLAG.fullmatch(text)
    value = flag["value"] if flag else text
    image = parse_reference(value)
    if image is None or not value.startswith(f"{image.registry}/"):
        return
    if image.tag or image.digest or (flag and flag["name"].endswith("image")):
        yield image

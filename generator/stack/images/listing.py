"""What ``gen-chart images`` prints: tables, data, commands that copy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from generator.stack.images.found import Found
    from generator.stack.images.reference import Reference

_COPY = {
    "crane": "crane copy {source} {target}",
    "skopeo": "skopeo copy --all --preserve-digests docker://{source} docker://{target}",
}
TOOLS = tuple(_COPY)


def as_text(found: Sequence[Found]) -> str:
    """Gives a table of the images and who pulls each."""
    return table([{"image": str(one.image), "pulled by": ", ".join(one.users)} for one in found])


def as_data(found: Iterable[Found]) -> list[dict[str, Any]]:
    """Gives the images as data for JSON."""
    return [
        {
            "image": str(one.image),
            "registry": one.image.registry,
            "repository": one.image.repository,
            "tag": one.image.tag,
            "digest": one.image.digest,
            "pulledBy": list(one.users),
        }
        for one in found
    ]


def copy_script(tool: str, images: Iterable[Reference], registry: str) -> str:
    """Gives a shell script that copies images into a registry, all their architectures.

    Args:
        tool: one of TOOLS.
        images: the upstream images.
        registry: the host, and a path behind it where the registry has projects.
    """
    lines = ["#!/bin/sh", f"# Copies the images of this chart to {registry}.", "set -eu"]
    for image in images:
        target = image.moved(registry)
        # A target is named by tag: a digest is what the copy will have, not where it goes.
        named = f"{target.name}:{target.tag}" if target.tag else str(target)
        lines.append(_COPY[tool].format(source=shlex.quote(str(image)), target=shlex.quote(named)))
    return "\n".join(lines) + "\n"


def lock_file(digests: Mapping[str, str]) -> str:
    """Gives the file that pins digests, to lay over a profile with -f.

    Args:
        digests: image with its tag → ``sha256:…``.
    """
    first = "Digests of images as their registries gave them. Lay it over a profile with -f."
    return f"# {first}\n{yamlfile.dump({'images': {'digests': dict(sorted(digests.items()))}})}"

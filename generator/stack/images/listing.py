"""What ``gen-chart images`` prints: tables, data, commands that copy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from generator.stack.images.pulled import PulledImage
    from generator.stack.images.reference import Reference

_COPY = {
    "crane": "crane copy {source} {target}",
    "skopeo": "skopeo copy --all --preserve-digests docker://{source} docker://{target}",
}


def as_text(images: Sequence[PulledImage]) -> str:
    """Returns a table of the images and who pulls each."""
    return table([{"image": str(pulled.image), "pulled by": ", ".join(pulled.users)} for pulled in images])


def as_data(images: Iterable[PulledImage]) -> list[dict[str, Any]]:
    """Returns the images as data for JSON."""
    return [
        {
            "image": str(pulled.image),
            "registry": pulled.image.registry,
            "repository": pulled.image.repository,
            "tag": pulled.image.tag,
            "digest": pulled.image.digest,
            "pulledBy": list(pulled.users),
        }
        for pulled in images
    ]


def copy_script(tool: str, images: Iterable[Reference], registry: str) -> str:
    """Returns a shell script that copies images into a registry, all their architectures.

    Args:
        tool: crane or skopeo.
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


def lock_file(digests: Mapping[str, str], charts: Mapping[str, str]) -> str:
    """Returns the file that pins digests, to lay over a profile with -f.

    Args:
        digests: image with its tag → ``sha256:…``.
        charts: name of each upstream chart → the version whose images they are.
    """
    first = "Digests of images as their registries gave them. Lay it over a profile with -f."
    images = {"lockedFor": dict(sorted(charts.items())), "digests": dict(sorted(digests.items()))}
    return f"# {first}\n{yamlfile.dump({'images': images})}"

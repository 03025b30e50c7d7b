"""The name of a container image, taken apart (the grammar of distribution/reference, as containerd reads it)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

DOCKER_HUB = "docker.io"

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, order=True)
class Reference:
    """One image, its registry written out.

    Attributes:
        registry: the host, with a port where there is one; docker.io where the name says none.
        repository: the path behind it.
        tag: "" if it has a digest only.
        digest: ``sha256:`` and 64 hexadecimal digits; "" if none is given.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """Returns the name as a pod takes it."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def name(self) -> str:
        """Returns registry and path, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def moved(self, registry: str) -> Reference:
        """Returns the same image below another registry.

        Args:
            registry: a host, and a path behind it where the registry has projects: ``registry.example/mirror``.
        """
        host, _, path = registry.partition("/")
        return replace(self, registry=host, repository=f"{path}/{self.repository}" if path else self.repository)


def parse_reference(text: str) -> Reference | None:
    """Parses an image's name; returns None if it is none.

    A first part without a dot, a colon or ``localhost`` is not a host but the Docker Hub's, and a name of one part is
    one of its official images.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    first, slash, rest = match["name"].partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, match["name"] if slash else f"library/{match['name']}"
    if repository != repository.lower():
        return None
    return Reference(registry, repository, match["tag"] or "", match["digest"] or "")


def known_reference(text: str) -> Reference:
    """Parses an image's name from the sources.

    Raises:
        ValueError: it is no image's name.
    """
    reference = parse_reference(text)
    if reference is None:
        raise ValueError(f"'{text}' is no image's name")
    return reference

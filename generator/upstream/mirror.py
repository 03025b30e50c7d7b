"""Where upstream charts come from: what a person may name as a mirror, told apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from generator.errors import bad_input

if TYPE_CHECKING:
    from generator.upstream.lock import Dependency

_FORMS = "expected a directory, https://HOST/PATH of a Helm repository, or oci://HOST/PREFIX"


@dataclass(frozen=True)
class Directory:
    """A directory with archives or unpacked charts."""

    path: Path


@dataclass(frozen=True)
class Repository:
    """A Helm repository: ``url`` plus ``/index.yaml`` is its index; no slash at its end."""

    url: str


@dataclass(frozen=True)
class Registry:
    """A prefix in an OCI registry: ``oci://HOST[/PREFIX]``."""

    url: str


ChartSource = Directory | Repository | Registry


def parse_mirror(mirror: str) -> ChartSource:
    """Returns what ``mirror`` names.

    Raises:
        InputError: it is none of the three kinds, or a directory that does not exist.
    """
    if "://" in mirror:
        return _parse_address(mirror, "--chart-mirror")
    path = Path(mirror).expanduser()
    if not mirror or not path.is_dir():
        kind = "a file" if path.is_file() else "nothing"
        raise bad_input(f"found {kind} at '{mirror}', {_FORMS}", file="--chart-mirror")
    return Directory(path)


def upstream_of(dependency: Dependency) -> ChartSource:
    """Returns where a dependency is published by its own account.

    Raises:
        InputError: Chart.lock gives no address that can be asked.
    """
    return _parse_address(dependency.repository, f"Chart.lock: {dependency}: repository")


def _parse_address(url: str, file: str) -> ChartSource:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise bad_input(f"found an address that is none: {error}, {_FORMS}", file=file) from None
    scheme = parts.scheme.lower()
    if not host or scheme not in ("http", "https", "oci"):
        shown = f"'{scheme}://…'" if scheme else f"'{url}'"
        raise bad_input(f"found {shown}, {_FORMS}", file=file, hint="--chart-mirror names another place")
    if parts.query or parts.fragment:
        raise bad_input(f"found an address with '?' or '#', {_FORMS}", file=file)
    if scheme != "oci":
        return Repository(url.rstrip("/"))
    if "@" in parts.netloc:
        raise bad_input(
            "found a user name in the address of a registry", file=file, hint=f"use 'docker login {host}' instead"
        )
    return Registry(url.rstrip("/"))

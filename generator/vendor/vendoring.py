"""Fills a chart's ``charts/`` with the archives of the upstream charts that it depends on."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from generator.errors import InputError, Problem, bad_input
from generator.vendor import directory, swap
from generator.vendor.archive import sha256_of, verify
from generator.vendor.download import (
    Patience,
    UnreachableError,
    discard,
    download,
    open_client,
    read_document,
    shown,
)
from generator.vendor.index import find_release
from generator.vendor.limits import MAX_ARCHIVE, MAX_INDEX
from generator.vendor.lock import read_dependencies
from generator.vendor.locking import exclusive
from generator.vendor.mirror import Directory, Registry, Repository, parse_mirror, upstream_of
from generator.vendor.oci import find_blob
from generator.vendor.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from generator.pins import Pins
    from generator.vendor.download import Client
    from generator.vendor.lock import Dependency
    from generator.vendor.mirror import Place
    from generator.vendor.progress import Progress

Origin = Literal["present", "mirror", "cache", "upstream"]


@dataclass(frozen=True)
class Vendored:
    """One archive that is now in place.

    Attributes:
        name: the chart's name.
        version: the chart's version.
        origin: "present" (it was there and is good), "mirror", "cache" (downloaded by an earlier run) or "upstream".
        location: the path or address that it came from; no password in it.
        sha256: the archive's sha256.
        pinned: whether that is the pinned sha256.
    """

    name: str
    version: str
    origin: Origin
    location: str
    sha256: str
    pinned: bool


@dataclass(frozen=True)
class _Offer:
    """An archive that a server has: its address, the headers that give access, the sha256 if the server names one."""

    url: str
    headers: Mapping[str, str]
    digest: str | None

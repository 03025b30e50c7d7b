"""Fetches one upstream chart's archive, verified: from a directory, or over the network through the cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from generator.errors import InputError, bad_input
from generator.files.locking import exclusive
from generator.upstream.archive import sha256_of, verify
from generator.upstream.directory import take_chart
from generator.upstream.download import discard, download
from generator.upstream.index import find_release
from generator.upstream.limits import MAX_ARCHIVE, MAX_INDEX
from generator.upstream.mirror import Directory, Registry, Repository, upstream_of
from generator.upstream.oci import find_blob
from generator.upstream.web import read_document, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from generator.upstream.lock import Dependency
    from generator.upstream.mirror import ChartSource
    from generator.upstream.progress import Progress
    from generator.upstream.web import Client

Origin = Literal["present", "mirror", "cache", "upstream"]


@dataclass(frozen=True)
class VendoredChart:
    """One archive that is in place.

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
class _RemoteArchive:
    """An archive that a server has: its address, the secret headers that give access, the sha256 it names."""

    url: str
    digest: str | None
    headers: Mapping[str, str] = field(default_factory=dict)


def fetch_chart(
    dependency: Dependency,
    target: Path,
    *,
    digest: str | None,
    mirror: ChartSource | None,
    cache_dir: Path,
    client: Client,
    report: Progress,
) -> VendoredChart:
    """Writes the archive of one chart to ``target``, verified.

    Args:
        dependency: the chart that is wanted.
        target: the file to write; its directory exists.
        digest: the pinned sha256 of the published archive; None if there is none.
        mirror: where to take it from; None for the dependency's own repository.
        cache_dir: where downloads are kept; made if absent. A bad archive in it is dropped and fetched anew.
        client: from web.open_client.
        report: told of each download; see Progress.

    Raises:
        InputError: the chart is not there, not reachable, or not what it should be.
        OSError: something cannot be written.
    """
    chart_source = mirror or upstream_of(dependency)
    if isinstance(chart_source, Directory):
        sha256, source, published = take_chart(chart_source.path, dependency, target, digest=digest)
        pinned = published and digest is not None
        return VendoredChart(dependency.name, dependency.version, "mirror", str(source), sha256, pinned)
    entry = cache_dir / _folder(chart_source.url) / dependency.archive
    origin: Origin = "cache"
    location = str(entry)
    expected = _cached(entry, dependency, digest)
    if expected is None:
        offer = _locate(chart_source, dependency, client)
        _check_offer(offer, dependency, digest)
        expected = _download(offer, entry, dependency, digest, client, report)
        origin, location = ("mirror" if mirror else "upstream"), shown(offer.url)
    copy_verified(entry, target, expected)
    return VendoredChart(dependency.name, dependency.version, origin, location, expected, digest is not None)


def copy_verified(source: Path, target: Path, digest: str) -> None:
    """Copies a file and checks that the copy has the sha256 that was verified before.

    Raises:
        InputError: the file changed meanwhile.
        OSError: it cannot be copied.
    """
    shutil.copyfile(source, target)
    if sha256_of(target) != digest:
        raise bad_input("changed while it was read", file=str(source), hint="run the command again")


def _folder(url: str) -> str:
    """Returns the cache's folder for one repository: its host, for people, and a hash of the whole address."""
    host = "".join(char if char.isalnum() or char in ".-" else "_" for char in urlsplit(url).hostname or "")
    return f"{host}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def _cached(entry: Path, dependency: Dependency, digest: str | None) -> str | None:
    """Returns the sha256 of a good archive in the cache; drops a bad one."""
    if not entry.is_file():
        return None
    try:
        return verify(entry, dependency, digest=digest, file=str(entry), hint="")
    except InputError:
        entry.unlink()
        return None


def _locate(chart_source: Repository | Registry, dependency: Dependency, client: Client) -> _RemoteArchive:
    if isinstance(chart_source, Registry):
        blob = find_blob(client, chart_source.url, dependency)
        return _RemoteArchive(blob.url, blob.digest, blob.headers)
    index_url = f"{chart_source.url}/index.yaml"
    content = read_document(client, index_url, limit=MAX_INDEX)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise bad_input("not UTF-8 text, expected a Helm index", file=shown(index_url)) from None
    release = find_release(text, dependency, file=shown(index_url))
    url = urljoin(index_url, release.url)
    schemes = ("https",) if index_url.startswith("https:") else ("https", "http")
    if urlsplit(url).scheme not in schemes:
        raise bad_input(
            f"the entry of {dependency} points at {shown(url)}, expected {' or '.join(schemes)}",
            file=shown(index_url),
            hint="if the chart is published in a registry, name it with --chart-mirror oci://HOST/PREFIX",
        )
    return _RemoteArchive(url, release.digest)


def _check_offer(offer: _RemoteArchive, dependency: Dependency, digest: str | None) -> None:
    """Saves the download of an archive that its own server calls another one than the pinned one."""
    if digest is not None and offer.digest is not None and offer.digest != digest:
        raise bad_input(
            f"the server names the sha256 {offer.digest} for {dependency}, expected {digest}",
            file=shown(offer.url),
            hint=_changed(dependency),
        )


def _changed(dependency: Dependency) -> str:
    return (
        f"somebody changed {dependency} after it was pinned: compare it with another source before you trust it; "
        "--chart-mirror DIR names one"
    )


def _download(
    offer: _RemoteArchive, entry: Path, dependency: Dependency, digest: str | None, client: Client, report: Progress
) -> str:
    """Downloads into the cache and returns the sha256; what is no good does not stay there."""
    expected = digest or offer.digest
    entry.parent.mkdir(parents=True, exist_ok=True)
    with _part(entry) as part:
        for last in (False, True):
            resumed = download(
                client,
                offer.url,
                part,
                headers=offer.headers,
                immutable=expected is not None,
                limit=MAX_ARCHIVE,
                label=str(dependency),
                report=report,
            )
            if last or not resumed or expected is None or sha256_of(part) == expected:
                break
            discard(part)  # the earlier rest was of another file
        hint = _changed(dependency) if expected else "run the command again, or name a mirror with --chart-mirror DIR"
        try:
            sha256 = verify(part, dependency, digest=expected, file=shown(offer.url), hint=hint)
        except InputError:
            discard(part)
            raise
        part.replace(entry)
        discard(part)
    return sha256


@contextlib.contextmanager
def _part(entry: Path) -> Iterator[Path]:
    """Provides the file to download into: one that the next run finds, or a private one if another run has that."""
    lock = entry.with_name(entry.name + ".lock")
    lock.touch()
    with exclusive(lock) as owned:
        if owned:
            yield entry.with_name(entry.name + ".part")
            return
        private = entry.with_name(f"{entry.name}.{os.getpid()}.part")
        try:
            yield private
        finally:
            discard(private)

"""Checks a chart's archive from its first to its last byte before anything trusts it.

Nothing is ever unpacked to disk: the tar is read as a stream, with limits on what it may unfold to.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from generator.errors import InputError, bad_input
from generator.files import yamlfile
from generator.files.versions import is_exact
from generator.upstream.limits import MAX_ENTRIES, MAX_UNPACKED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.upstream.lock import Dependency

_ARCHIVE_ERRORS = (EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError)
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
_MAX_CHART_YAML = 1024 * 1024

Root = tuple[str, ...]
"""Where a chart stands in the archive: ``("umbrella", "charts", "grafana")``."""


class _DefectError(Exception):
    """What is wrong with the archive, as a sentence without its name."""


def sha256_of(path: Path) -> str:
    """Returns the sha256 of a file, 64 lower-case hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(path: Path, dependency: Dependency, *, digest: str | None, file: str, hint: str) -> str:
    """Checks that a file is the archive of this very chart, whole and harmless.

    The sha256 equals ``digest`` (if there is one); gzip and tar are readable to the end; every entry is a
    plain file or directory below ``NAME/``, within the limits of generator.upstream.limits;
    ``NAME/Chart.yaml`` says this name and version; and every chart that it or a nested chart depends on lies in its
    ``charts/``.

    Args:
        path: the file to read.
        dependency: the name and version that it must have.
        digest: the sha256 that it must have; None if none is known.
        file: where it came from, as errors shall name it.
        hint: what a person should do if it is no good.

    Returns:
        The file's sha256.

    Raises:
        InputError: it is not that archive.
        OSError: the file cannot be read.
    """
    sha256 = sha256_of(path)
    try:
        _refuse_web_page(path)
        if digest is not None and sha256 != digest:
            raise _DefectError(f"found the sha256 {sha256}, expected {digest}")
        _check_content(path, dependency)
    except _DefectError as defect:
        raise bad_input(str(defect), file=file, hint=hint) from None
    except _ARCHIVE_ERRORS as error:
        reason = "it ends too early" if isinstance(error, EOFError) else str(error)
        raise bad_input(f"not a readable .tgz archive: {reason}", file=file, hint=hint) from None
    return sha256


def looks_like_web_page(start: bytes) -> bool:
    """Returns whether a file that begins with ``start`` is HTML or XML."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _refuse_web_page(path: Path) -> None:
    with path.open("rb") as handle:
        if looks_like_web_page(handle.read(512)):
            raise _DefectError("found a web page (HTML), expected a chart archive")


class _Bounded:
    """Reads from a decompressor, never more than ``limit`` bytes in all."""

    def __init__(self, source: gzip.GzipFile, limit: int) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int) -> bytes:
        block = self._source.read(min(size, self._left + 1))
        self._left -= len(block)
        if self._left < 0:
            raise _DefectError(f"unpacks to more than {MAX_UNPACKED // 2**20} MiB")
        return block


class _StrictTarInfo(tarfile.TarInfo):
    """Makes a broken header in mid-archive an error; tarfile would take it for the end."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> _StrictTarInfo:
        try:
            return super().fromtarfile(tar)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError", "SubsequentHeaderError"):
                raise
            raise tarfile.ReadError(f"broken header: {error}") from None


@dataclass
class _Contents:
    """What matters of the entries that were read: the charts by where they stand, and packed charts."""

    charts: dict[Root, dict[str, Any]] = field(default_factory=dict)
    packed: dict[Root, list[str]] = field(default_factory=dict)


def _check_content(path: Path, dependency: Dependency) -> None:
    contents = _Contents()
    declared = 0
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
        stream = _Bounded(unpacked, MAX_UNPACKED)
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_StrictTarInfo) as tar:  # type: ignore[call-overload]
            for number, entry in enumerate(tar, start=1):
                if number > MAX_ENTRIES:
                    raise _DefectError(f"has more than {MAX_ENTRIES} entries")
                declared += entry.size
                if entry.size < 0 or declared > MAX_UNPACKED:  # before tarfile tries to skip that far
                    raise _DefectError(f"unpacks to more than {MAX_UNPACKED // 2**20} MiB")
                _check_entry(entry, dependency.name)
                _note(tar, entry, contents)
        while stream.read(1 << 20):  # the checksum of gzip stands at the very end
            pass
    _check_identity(contents, dependency)
    missing = list(_missing_dependencies(contents))
    if missing:
        raise _DefectError(
            "lacks charts that it depends on: " + ", ".join(missing) + "; they belong in its own charts/ directory"
        )


def _check_entry(entry: tarfile.TarInfo, name: str) -> None:
    if not entry.isdir() and (entry.type not in _REGULAR or entry.issparse()):
        kind = "a link" if entry.issym() or entry.islnk() else "a special file"
        raise _DefectError(f"holds {kind}, '{entry.name}', expected files and directories only")
    parts = entry.name.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in entry.name or not entry.name.isprintable():
        raise _DefectError(f"holds the path {entry.name!r}, which leads out of the chart or is not plain")
    if parts[0] != name or (len(parts) == 1 and not entry.isdir()):
        raise _DefectError(f"holds the path '{entry.name}', expected everything below '{name}/'")


def _note(tar: tarfile.TarFile, entry: tarfile.TarInfo, contents: _Contents) -> None:
    """Keeps what an entry says about charts and their dependencies."""
    if entry.isdir():
        return
    *folder, file = entry.name.split("/")
    root = tuple(folder)
    if file == "Chart.yaml" and _is_root(root):
        if root in contents.charts:
            raise _DefectError(f"holds '{entry.name}' twice")
        if entry.size > _MAX_CHART_YAML:
            raise _DefectError(f"holds a '{entry.name}' of {entry.size} bytes")
        content: IO[bytes] | None = tar.extractfile(entry)
        text = content.read().decode("utf-8-sig") if content else ""
        try:
            metadata = yamlfile.parse(text, file=entry.name)
        except InputError as error:
            raise _DefectError(f"holds a file that is not YAML: {error}") from None
        contents.charts[root] = metadata if isinstance(metadata, dict) else {}
    elif file.endswith(".tgz") and root[-1] == "charts" and _is_root(root[:-1]):
        contents.packed.setdefault(root[:-1], []).append(file)


def _is_root(root: Root) -> bool:
    return len(root) % 2 == 1 and all(part == "charts" for part in root[1::2])


def _check_identity(contents: _Contents, dependency: Dependency) -> None:
    metadata = contents.charts.get((dependency.name,))
    if metadata is None:
        raise _DefectError(f"has no {dependency.name}/Chart.yaml")
    identity = f"{metadata.get('name')} {metadata.get('version')}"
    if identity != str(dependency):
        raise _DefectError(f"its Chart.yaml says {identity}, expected {dependency}")


def _missing_dependencies(contents: _Contents) -> Iterator[str]:
    """Yields ``NAME VERSION`` of each dependency, of the chart or one nested in it, that the archive lacks.

    A version range (``0.12.*``) is met by any version; Helm decides about it when it loads the chart. That a
    condition may switch the dependency off changes nothing: Helm wants the files all the same.
    """
    for root, metadata in contents.charts.items():
        dependencies = metadata.get("dependencies") or []
        if not isinstance(dependencies, list) or not all(isinstance(dependency, dict) for dependency in dependencies):
            raise _DefectError(f"'dependencies' in its '{'/'.join(root)}/Chart.yaml' is not a list of mappings")
        for dependency in dependencies:
            name, version = str(dependency.get("name")), str(dependency.get("version"))
            if not _has(contents, root, name, version):
                yield f"{name} {version}"


def _has(contents: _Contents, root: Root, name: str, version: str) -> bool:
    exact = is_exact(version)
    if any(
        chart.get("name") == name and (not exact or chart.get("version") == version)
        for place, chart in contents.charts.items()
        if place[:-2] == root
    ):
        return True
    packed = contents.packed.get(root, ())
    if exact:
        return f"{name}-{version}.tgz" in packed
    return any(file.startswith(f"{name}-") and file[len(name) + 1 :][:1].isdigit() for file in packed)

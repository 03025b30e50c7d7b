"""Whole charts that are cached between runs, under a key of all that a request names.

Of the rest, only generator.errors and generator.files are imported here: a run that finds its chart reads no more.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import Problem
from generator.files import cache
from generator.files.fingerprints import fingerprint
from generator.files.regular import read_regular
from generator.files.shapes import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.build.build import Build
    from generator.choices.request import Request

_KIND = "charts"

_PROBLEM = {"message": str, "file": str, "path": str, "line": int, "column": int, "hint": str}
_HEAD = {
    "extra": {str: str},
    "warnings": [_PROBLEM],
    "notices": [_PROBLEM],
    "paths": [str],
}
"""The first part: the digest of each extra file that the request names, the fields of Problems, the chart's paths."""

_FILE = (str, str)
"""Each other part: the path and the text of one of the chart's files."""

_LARGEST = 8 * 1024 * 1024
"""Bytes; a larger file is refused by whoever reads it."""


@dataclass(frozen=True)
class CachedChart:
    """A chart whose queries have been checked, and what had to be said about its request."""

    files: Mapping[str, str]
    warnings: tuple[Problem, ...]
    notices: tuple[Problem, ...]


def cached_chart(key: str) -> CachedChart | None:
    """Returns the chart that a request of this key has given before; None if it has to be made.

    The files that are named inside an overlay have the same content, too.
    """
    head, *parts = (cache.current().entry(_KIND, key) if key else None) or [None]
    if not fits(head, _HEAD) or not fits(parts, [_FILE]):
        return None
    files = dict(parts)
    if [*files] != head["paths"] or any(_digest(Path(path)) != digest for path, digest in head["extra"].items()):
        return None
    warnings, notices = (tuple(Problem(**problem) for problem in head[key]) for key in ("warnings", "notices"))
    return CachedChart(files, warnings, notices)


def cache_chart(request: Request, target: Path, key: str, build: Build, files: Mapping[str, str]) -> None:
    """Keeps a chart whose queries have been checked, unless a file of the request has changed while it was made.

    Args:
        request: what it was made from.
        target: the chart's folder.
        key: the request's key before any of its files was read; "" keeps nothing.
        build: the Build of the request.
        files: the chart.
    """
    if not key or chart_key(request, target) != key:
        return
    extra = {path: _digest(Path(path)) for path in _extra_files(build)}
    if None not in extra.values():
        warnings, notices = ([asdict(problem) for problem in said] for said in (build.warnings, build.notices))
        head = {"extra": extra, "warnings": warnings, "notices": notices, "paths": [*files]}
        parts = itertools.chain([head], files.items())
        cache.current().store(_KIND, key, parts, made_from=[*_named(request), *extra])


def _extra_files(build: Build) -> Iterable[str]:
    for block in ("dashboards", "rules"):
        yield from build.profile.choices[block].get("extra", ())


def chart_key(request: Request, target: Path) -> str:
    """Returns the key of a request: its arguments, the content of the files that they name, and the program's data.

    What is said about a person's values depends on the archives of upstream charts that are at hand, too.

    Args:
        request: what was typed.
        target: the chart's folder.

    Returns:
        The key; "" for a request whose chart is not kept: there is no cache, or a file cannot be read, or read twice.
    """
    if cache.current().folder is None:
        return ""
    digests = [_digest(path) for path in _named(request)]
    if None in digests:
        return ""
    parts = (digest or "" for digest in digests)
    return fingerprint(cache.current().data, repr(request), *parts, *_at_hand(request, target))


def _at_hand(request: Request, target: Path) -> Iterator[str]:
    """Yields what tells apart the archives at hand, if the request may have values for them."""
    if not _named(request) and not request.sets:
        return
    from generator.files.downloads import archives_at_hand

    for name, path in archives_at_hand(target).items():
        with contextlib.suppress(OSError):
            status = path.stat()
            yield f"{name} {status.st_mtime_ns} {status.st_size}"


def _named(request: Request) -> list[Path]:
    return [path for path in (request.own_profile, *request.overlays, request.tfvars) if path is not None]


def _digest(path: Path) -> str | None:
    """Returns the fingerprint of a file's content; None if it is too large or no regular file, or cannot be read.

    A pipe (``-f <(...)``, ``/dev/stdin``) is left to whoever makes the chart: it can be read once.
    """
    content = read_regular(path, _LARGEST)
    return None if content is None else fingerprint(content)

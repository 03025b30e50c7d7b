"""By what the cache knows equal content: of values, of the program, of its data."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from generator.files.location import DATA, package_root, sources_root
from generator.files.same import Same

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


def fingerprint(*parts: str | bytes) -> str:
    """Returns the sha256 of several parts, each told apart from its neighbours, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def program_fingerprint() -> str:
    """Returns the fingerprint of what every result depends on besides its input: code, libraries and Python.

    Raises:
        OSError: a file cannot be read.
    """
    package = package_root()
    return fingerprint(sys.version, *_libraries(), *_contents(package, without=(sources_root(), package / "compiled")))


def data_fingerprint() -> str:
    """Returns the fingerprint of the program's own data: profiles, monitors, dashboards and the rest.

    Raises:
        OSError: a file cannot be read.
    """
    root = sources_root()
    return fingerprint(*(part for name in DATA for part in _contents(root / name)))


def _contents(place: Path, without: Collection[Path] = ()) -> Iterator[str | bytes]:
    """Yields the path and the content of each file below a folder, or of a file, in the order of their paths."""
    left_out = {str(path) for path in without}
    files = [str(place)] if place.is_file() else []
    # Without a Path for each of some hundred files, it takes half the time.
    for folder, folders, names in os.walk(place):
        paths = ((name, f"{folder}{os.sep}{name}") for name in folders)
        folders[:] = [name for name, path in paths if name != "__pycache__" and path not in left_out]
        files += [f"{folder}{os.sep}{name}" for name in names]
    for path in sorted(files):
        yield path.removeprefix(f"{place.parent}{os.sep}")
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
            yield stream.read()


def _libraries() -> Iterator[str]:
    """Yields the names of the installed distributions, which hold their versions."""
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names = os.listdir(entry or ".")  # noqa: PTH208 - names are all that is needed, of some hundred entries
            yield from sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))


def text_of(value: Any) -> str:
    """Returns what stands for a value in keys: its ``repr``; of a dataclass, which is large, its fingerprint."""
    return _fingerprint_of(Same(value)) if is_dataclass(value) else repr(value)


@functools.lru_cache(maxsize=256)
def _fingerprint_of(same: Same) -> str:
    return fingerprint(repr(same.value))

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
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path


def fingerprint(*parts: str | bytes) -> str:
    """Returns the sha256 of several parts, each told apart from its neighbours, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def program_fingerprint(code: str) -> str:
    """Returns the fingerprint of what every result depends on besides its input: code, libraries and Python.

    Args:
        code: see code_fingerprint.
    """
    return fingerprint(sys.version, *installed(), code)


def code_fingerprint() -> str:
    """Returns the fingerprint of the program's code and templates.

    Raises:
        OSError: a file cannot be read.
    """
    return fingerprint(*_contents(_code()))


def data_fingerprint() -> str:
    """Returns the fingerprint of the program's own data: profiles, monitors, dashboards and the rest.

    Raises:
        OSError: a file cannot be read.
    """
    return fingerprint(*_contents(_data()))


def newest_change(files: Iterable[str | Path] = ()) -> int:
    """Returns when a file of the program's code or data, or one of others, was last changed: nanoseconds since 1970.

    Nobody can set that time (ctime), so that an edit which was undone is seen too.

    Raises:
        OSError: a file has gone.
    """
    return max(os.stat(path).st_ctime_ns for path in (*_code(), *_data(), *files))  # noqa: PTH116 - for hundreds of files


def _code() -> list[str]:
    package = package_root()
    return _files(package, without=(sources_root(), package / "compiled"))


def _data() -> list[str]:
    root = sources_root()
    return [path for name in DATA for path in _files(root / name)]


def _files(place: Path, without: Collection[Path] = ()) -> list[str]:
    """Returns the paths of the files below a folder, or of a file, sorted; a Path for each would take half the time."""
    left_out = {str(path) for path in without}
    files = [str(place)] if place.is_file() else []
    for folder, folders, names in os.walk(place):
        paths = ((name, f"{folder}{os.sep}{name}") for name in folders)
        folders[:] = [name for name, path in paths if name != "__pycache__" and path not in left_out]
        files += [f"{folder}{os.sep}{name}" for name in names]
    return sorted(files)


def _contents(files: Iterable[str]) -> Iterator[str | bytes]:
    """Yields the path, from the folder on that holds the program, and the content of each file."""
    start = len(str(package_root().parent))
    for path in files:
        yield path[start:]
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
            yield stream.read()


def installed() -> tuple[str, ...]:
    """Returns the folders of the installed distributions: ``NAME-VERSION.dist-info``, in the order of their search."""
    found: list[str] = []
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names = os.listdir(entry or ".")  # noqa: PTH208 - names are all that is needed, of some hundred entries
            found += sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))
    return tuple(found)


def text_of(value: Any) -> str:
    """Returns what stands for a value in keys: its ``repr``; of a dataclass, which is large, its fingerprint."""
    return fingerprint_of(value) if is_dataclass(value) else repr(value)


def fingerprint_of(value: Any) -> str:
    """Returns the fingerprint of a large value, made once for each object, which must not change."""
    return _fingerprint_of(Same(value))


@functools.lru_cache(maxsize=256)
def _fingerprint_of(same: Same) -> str:
    return fingerprint(repr(same.value))

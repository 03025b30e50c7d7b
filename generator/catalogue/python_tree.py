"""Opens an exporter's Python source: a folder, a file, a wheel, or a source archive; nothing of it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Largest module read; the largest of Ray 2.60 and vLLM 0.33 that a person wrote has 0.4 MB."""

MAX_FILES = 50_000
"""Most modules read; Ray 2.60's wheel has 3,000."""

_TESTS = frozenset(("test", "tests", "testing"))


@dataclass(frozen=True)
class Modules:
    """Python source as text.

    Attributes:
        texts: each module's text by its path with ``/`` from the top of its package, ``vllm/v1/metrics/loggers.py``.
        below: what was named of it: the beginning of those paths, "" for all. The rest is there for what is imported
            from it.
    """

    texts: Mapping[str, str]
    below: str = ""

    def named(self) -> dict[str, str]:
        """Returns the modules that were named, without those around them."""
        inside = f"{self.below}/" if self.below else ""
        return {path: text for path, text in self.texts.items() if path == self.below or path.startswith(inside)}


def is_source(path: Path) -> bool:
    """Returns whether a path is Python source in one of its forms, and not a scrape, by what it holds."""
    import tarfile
    import zipfile

    if path.is_dir() or path.suffix == ".py":
        return True
    return path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))


def read_modules(path: Path) -> Modules:
    """Reads every module of a path, tests left out, and what lies around it in its package.

    Args:
        path: a folder, a ``.py`` file, a wheel or zip, or a ``.tar.gz``.

    Raises:
        InputError: it cannot be read, or there is no Python in it.
    """
    import tarfile
    import zipfile

    modules: dict[str, str] = {}
    try:
        for name, raw in _raw_modules(path):
            if len(modules) >= MAX_FILES:
                raise bad_input(f"more than {MAX_FILES:,} modules", file=str(path), hint="name the exporter's folder")
            modules[name] = raw.decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise bad_input(f"cannot be unpacked: {error}", file=str(path)) from None
    except OSError as error:
        raise bad_input(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    packed = not (path.is_dir() or path.suffix == ".py")
    below = "" if packed else path.resolve().relative_to(_top(path)).as_posix().removesuffix(".")
    found = Modules(modules, below)
    if not found.named():
        raise bad_input(
            "no Python module in it", file=str(path), hint="name the folder or the wheel that has the exporter's source"
        )
    return found


def _raw_modules(path: Path) -> Iterator[tuple[str, bytes]]:
    if not (path.is_dir() or path.suffix == ".py"):
        yield from _packed_modules(path)
        return
    top = _top(path)
    inside = path.resolve().relative_to(top).parts
    for file in sorted((top / inside[0]).rglob("*.py") if len(inside) > 1 else _own_files(path)):
        name = file.resolve().relative_to(top).as_posix()
        if _wanted(name, file.stat().st_size):
            yield name, file.read_bytes()


def _own_files(path: Path) -> Iterable[Path]:
    return path.rglob("*.py") if path.is_dir() else (path,)


def _packed_modules(path: Path) -> Iterator[tuple[str, bytes]]:
    import tarfile
    import zipfile

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if _wanted(entry.filename, entry.file_size):
                    yield entry.filename, archive.read(entry)
        return
    with tarfile.open(path) as packed:
        for member in packed:
            stream = packed.extractfile(member) if member.isfile() and _wanted(member.name, member.size) else None
            if stream is not None:
                yield member.name, stream.read()


def _top(path: Path) -> Path:
    """Returns the folder that the topmost package lies in: ``site-packages`` for ``site-packages/ray/serve``."""
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def _wanted(name: str, size: int) -> bool:
    *folders, file = name.split("/")
    if not file.endswith(".py") or size > MAX_FILE_BYTES or _TESTS.intersection(folders):
        return False
    return not (file.startswith("test_") or file.endswith("_test.py") or file == "conftest.py")

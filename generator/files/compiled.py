"""The program's own data and templates in the form in which they are used, so that a first run need not make it.

They lie in ``generator/compiled``, which generator/build/compiling.py writes: YAML as data, templates as bytecode, and
memos of what follows from the data, such as the JSON of dashboards. What is found there is of equal content and was
made by the same libraries: a file that has changed since, or another PyYAML or Jinja2, makes the run do it as if
nothing were there.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files.checkedlines import read_lines
from generator.files.fingerprints import fingerprint, installed
from generator.files.location import package_root
from generator.files.regular import read_regular
from generator.files.shapes import fits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2.bccache import BytecodeCache

FOLDER = "compiled"
"""In the package; as its code, it is trusted. What is damaged is passed over."""

MADE_BY = "made-by.json"
"""The stamp in memos_folder: see made_by."""

_STAMP = {"code": str, "libraries": [str], "python": str}
"""The shape of the stamp."""

_LARGEST = 2**22
"""Bytes of a template's bytecode that are read; the largest has some ten thousand."""


def compiled_data(file: str, text: str) -> Any:
    """Returns what a YAML file of the program's own data says.

    Args:
        file: its path below sources_root.
        text: its content.

    Returns:
        The data; None if this text has not been compiled.
    """
    match read_lines(data_file(file)):
        case [{"data": dict() as data, **source}] if source == origin(text):
            return data
    return None


def data_file(file: str) -> Path:
    """Returns where a YAML file of the program's own data lies compiled, as a checked line: its origin and ``data``."""
    return package_root() / FOLDER / f"{file}.json"


def origin(text: str) -> dict[str, Any]:
    """Returns what a YAML file was compiled from and by."""
    return {"of": fingerprint(text), "by": _yaml_reader()}


@cache
def _yaml_reader() -> list[str]:
    """Returns what decides how YAML is read: PyYAML, its libyaml, and our own reader."""
    import yaml

    return [yaml.__version__, str(yaml.__with_libyaml__), _module("yamlfile.py")]


def _module(name: str) -> str:
    """Returns the fingerprint of a module beside this one."""
    return fingerprint((package_root() / "files" / name).read_bytes())


def compiled_memos(code: str) -> Path | None:
    """Returns the folder of the memos that the package brings; None if other code or other libraries have made them.

    Args:
        code: see code_fingerprint.
    """
    folder = memos_folder()
    stamps = read_lines(folder / MADE_BY)
    if not fits(stamps, [_STAMP]):
        return None
    return folder if [made_by(code, stamp["libraries"]) for stamp in stamps] == stamps != [] else None


def memos_folder() -> Path:
    """Returns where the memos that the package brings lie, with the stamp of what has made them."""
    return package_root() / FOLDER / "memos"


def made_by(code: str, libraries: Iterable[str]) -> dict[str, Any]:
    """Returns what decides the content of memos: our code, the libraries that are installed of some, and Python.

    Args:
        code: see code_fingerprint.
        libraries: distributions as ``NAME-VERSION.dist-info``; others, such as tools for tests, make no difference.
    """
    names = {library.partition("-")[0] for library in libraries}
    return {
        "code": code,
        "libraries": sorted(entry for entry in installed() if entry.partition("-")[0] in names),
        "python": sys.implementation.cache_tag,
    }


def compiled_templates(*, write: bool = False) -> BytecodeCache:
    """Returns Jinja's cache of the templates that have been compiled.

    Jinja compares the template's text and its own format. The versions of Jinja and Python, and the module with the
    settings, are in the folder's name.

    Args:
        write: whether a template that it does not have is added; only the build of the package does that.
    """
    import jinja2
    from jinja2.bccache import Bucket, BytecodeCache

    made_by = f"{jinja2.__version__}-{sys.implementation.cache_tag}-{_module('templating.py')[:16]}"
    folder = package_root() / FOLDER / f"jinja-{made_by}"

    class Compiled(BytecodeCache):
        def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - the package may move
            return fingerprint(name)

        def load_bytecode(self, bucket: Bucket) -> None:
            content = read_regular(folder / bucket.key, _LARGEST) or b""
            if fingerprint(content[64:]).encode() == content[:64]:
                bucket.bytecode_from_string(content[64:])

        def dump_bytecode(self, bucket: Bucket) -> None:
            if write:
                folder.mkdir(parents=True, exist_ok=True)
                content = bucket.bytecode_to_string()
                (folder / bucket.key).write_bytes(fingerprint(content).encode() + content)

    return Compiled()

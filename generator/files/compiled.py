"""The program's own YAML and templates in the form in which they are used, so that a first run need not parse them.

``python -m generator.files.compiled`` writes them into ``generator/compiled``; the build of a wheel and an editable
installation do so. What is found there is of equal content and was made by the same libraries: a file that has changed
since, or another PyYAML or Jinja2, makes the run parse it as if nothing were there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files.location import DATA, package_root, sources_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jinja2.bccache import BytecodeCache

FOLDER = "compiled"
"""In the package; as its code, it is trusted."""


def compiled_data(file: str, text: str) -> Any:
    """Returns what a YAML file of the program's own data says.

    Args:
        file: its path below sources_root.
        text: its content.

    Returns:
        The data; None if this text has not been compiled.
    """
    try:
        compiled = json.loads(_data_file(file).read_bytes())
    except (OSError, ValueError):
        return None
    fresh = isinstance(compiled, dict) and compiled.get("of") == _digest(text) and compiled.get("by") == _yaml_reader()
    return compiled.get("data") if fresh else None


def _data_file(file: str) -> Path:
    return package_root() / FOLDER / f"{file}.json"


@cache
def _yaml_reader() -> list[str]:
    """Returns what decides how YAML is read: PyYAML, its libyaml, and our own reader."""
    import yaml

    reader = (package_root() / "files" / "yamlfile.py").read_text(encoding="utf-8")
    return [yaml.__version__, str(yaml.__with_libyaml__), _digest(reader)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def compiled_templates(*, write: bool = False) -> BytecodeCache:
    """Returns Jinja's cache of the templates that have been compiled.

    Jinja compares the template's text and its own format; Jinja's and Python's version are in the folder's name.

    Args:
        write: whether a template that it does not have is added; only the build of the package does that.
    """
    import jinja2
    from jinja2.bccache import Bucket, BytecodeCache

    folder = package_root() / FOLDER / f"jinja-{jinja2.__version__}-{sys.implementation.cache_tag}"

    class Compiled(BytecodeCache):
        def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - the package may move
            return _digest(name)

        def load_bytecode(self, bucket: Bucket) -> None:
            try:
                with (folder / bucket.key).open("rb") as stream:
                    bucket.load_bytecode(stream)
            except OSError:
                return

        def dump_bytecode(self, bucket: Bucket) -> None:
            if write:
                folder.mkdir(parents=True, exist_ok=True)
                with (folder / bucket.key).open("wb") as stream:
                    bucket.write_bytecode(stream)

    return Compiled()


def compile_sources() -> None:
    """Writes ``generator/compiled`` anew.

    Raises:
        InputError: a file of the program's own data is no YAML.
        OSError: the disk refuses.
    """
    from jinja2 import TemplateSyntaxError

    from generator.files.templating import environment
    from generator.files.yamlfile import parse, read_text

    folder = package_root() / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in _yaml_files():
        file, text = path.relative_to(sources_root()).as_posix(), read_text(path)
        compiled = {"of": _digest(text), "by": _yaml_reader(), "data": parse(text, file=file)}
        _data_file(file).parent.mkdir(parents=True, exist_ok=True)
        _data_file(file).write_text(json.dumps(compiled, ensure_ascii=False, separators=(",", ":")), "utf-8")
    templates = environment(compiled_templates(write=True))
    for name in _templates():
        with contextlib.suppress(TemplateSyntaxError):  # a file that the code takes as it is
            templates.get_template(name)


def _yaml_files() -> Iterator[Path]:
    for place in sorted(sources_root() / name for name in DATA):
        yield from [place] if place.is_file() else sorted(place.rglob("*.yaml"))


def _templates() -> Iterator[str]:
    """Yields the names of the templates: what lies in a folder of that name, and the values of the upstream charts."""
    for path in sorted(package_root().rglob("*")):
        if path.is_file() and (path.parent.name == "templates" or path.name == "values.yaml"):
            yield path.relative_to(package_root()).as_posix()


if __name__ == "__main__":
    compile_sources()

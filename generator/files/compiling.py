"""The compiler of the program's own YAML and templates; generator/build/compiling.py runs it."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError

from generator.errors import InputError
from generator.files.checkedlines import write_lines
from generator.files.compiled import FOLDER, compiled_templates, data_file, origin
from generator.files.location import DATA, package_root, sources_root
from generator.files.templating import environment
from generator.files.yamlfile import parse, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def compile_sources() -> None:
    """Writes ``generator/compiled`` anew, which compiled.py reads.

    Raises:
        OSError: the disk refuses.
    """
    folder = package_root() / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in _yaml_files():
        file = path.relative_to(sources_root()).as_posix()
        data_file(file).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(InputError):  # said by whoever needs the file
            text = read_text(path)
            write_lines(data_file(file), [{**origin(text), "data": parse(text, file=file)}])
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

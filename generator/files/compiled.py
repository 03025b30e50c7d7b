"""The program's own YAML and templates in the form in which they are used, so that a first run need not parse them.

They lie in ``generator/compiled``, which compiling.py writes. What is found there is of equal content and was made by
the same libraries: a file that has changed since, or another PyYAML or Jinja2, makes the run parse it as if nothing
were there.
"""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files.location import package_root

if TYPE_CHECKING:
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
        compiled = json.loads(data_file(file).read_bytes())
    except (OSError, ValueError):
        return None
    fresh = isinstance(compiled, dict) and compiled.items() >= origin(text).items()
    return compiled.get("data") if fresh else None


def data_file(file: str) -> Path:
    """Returns where a YAML file of the program's own data lies compiled, as JSON: its origin and ``data``."""
    return package_root() / FOLDER / f"{file}.json"


def origin(text: str) -> dict[str, Any]:
    """Returns what a YAML file was compiled from and by."""
    return {"of": _digest(text), "by": _yaml_reader()}


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

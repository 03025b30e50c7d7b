"""``python -m generator.build.compiling`` writes ``generator/compiled``, which a first run reads; `make` runs it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import sys
from typing import TYPE_CHECKING

from generator.build.build import make_build
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.sources import read_sources
from generator.choices.request import Request
from generator.errors import InputError
from generator.files.cache import Cache, used
from generator.files.checkedlines import write_lines
from generator.files.compiled import MADE_BY, made_by, memos_folder
from generator.files.compiling import compile_sources
from generator.files.fingerprints import code_fingerprint, installed
from generator.files.location import sources_root

if TYPE_CHECKING:
    from collections.abc import Iterator


def compile_package() -> None:
    """Writes ``generator/compiled`` anew: what compile_sources writes, and memos of what every profile's chart needs.

    That queries were found clean is not among them: every machine checks them once for itself.

    Raises:
        OSError: the disk refuses.
    """
    compile_sources()
    folder = memos_folder()
    folder.mkdir()
    cache = Cache(folder)
    with used(cache), contextlib.suppress(InputError):  # said by the run that needs the file
        sources = read_sources(sources_root())
        for profile in sources.profiles:
            build = make_build(Request(profile), sources)
            chart(build)
            findings(build)
    cache.save_memos()
    write_lines(folder / MADE_BY, [made_by(code_fingerprint(), _imported())])


def _imported() -> Iterator[str]:
    """Yields the distributions of which something has been imported."""
    of_modules = importlib.metadata.packages_distributions()
    # What .pth files bring begins with "_".
    modules = {module.partition(".")[0] for module in sys.modules if not module.startswith("_")}
    names = {_normal(name) for module in modules for name in of_modules.get(module, ())}
    yield from (entry for entry in installed() if _normal(entry.partition("-")[0]) in names)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    compile_package()

"""The chart's library chart: the named templates that the templates of the chart include.

Helm stores the templates and files of a chart in every release, but not those of the charts in its ``charts/``
(``Chart.dependencies`` is no exported field; Helm 3.17 and 4.3, pkg/chart). Named templates are global, and one that is
included sees the context of the template that includes it. So all text lies in a chart of type ``library``, of which
Helm reads the files whose names begin with ``_`` alone, and each template of the chart itself is one ``include``.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from generator import __version__
from generator.build.metadata import LIBRARY, NAME
from generator.files import yamlfile

if TYPE_CHECKING:
    from generator.files.tree import Chart

FOLDER = f"charts/{LIBRARY}"
"""Where the library chart lies in the chart."""

_TEMPLATES = "templates/"

_DEFINE = re.compile(r"\{\{-?\s*define\b")

_STUB_LINES = 2
"""A template of its header and one include gains nothing by another include."""


def with_library(files: Chart, header: str) -> Chart:
    """Moves a chart's templates into its library chart.

    A file of named templates (``_NAME.tpl``) moves as it is. Any other template ``templates/PATH`` becomes the named
    template ``ai-ml-observability.templates/PATH`` and is left as an include of it, unless it is one line already.

    Args:
        files: the chart; the first line of each template is the comment that says who made it.
        header: the sentence that opens a generated file, without comment signs.

    Returns:
        The chart with the library chart in it. It renders the same objects, each under the same path.

    Raises:
        ValueError: a template defines another one; that belongs into a file of named templates.
    """
    result = {f"{FOLDER}/Chart.yaml": _chart_yaml(header)}
    for path, text in files.items():
        if not path.startswith(_TEMPLATES):
            result[path] = text
        elif PurePosixPath(path).name.startswith("_"):
            result[f"{FOLDER}/{path}"] = text
        elif text.count("\n") <= _STUB_LINES:
            result[path] = text
        else:
            if _DEFINE.search(text):
                raise ValueError(f"{path} defines a named template; move it into a file whose name begins with _")
            name = f"{NAME}.{path}"
            first, _, rest = text.partition("\n")
            # The text keeps its last line break: it may belong to a block of YAML.
            result[_partial(path)] = f'{first}\n{{{{- define "{name}" -}}}}\n{rest}{{{{ end -}}}}\n'
            result[path] = f'{first}\n{{{{- include "{name}" . -}}}}\n'
    return result


def _partial(path: str) -> str:
    """Returns the path in the library chart of what is moved out of a template; Helm leaves out what has no ``_``."""
    place = PurePosixPath(path)
    return f"{FOLDER}/{place.with_name(f'_{place.name}')}"


def _chart_yaml(header: str) -> str:
    data = {
        "apiVersion": "v2",
        "name": LIBRARY,
        "description": f"The named templates of {NAME}, which Helm then does not store in each release",
        "type": "library",
        "version": __version__,
    }
    return f"# {header}\n{yamlfile.dump(data)}"

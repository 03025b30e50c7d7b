"""The programs of generator/cluster as files of the chart, from which its ConfigMaps take them."""

from __future__ import annotations

import ast
import io
import tokenize
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.tree import Chart


def program_files(header: str) -> Chart:
    """Gives every module of generator/cluster, as ``files/cluster/NAME.py``, without comments and docstrings.

    They would take a tenth of what Kubernetes stores of a release, since Helm keeps the file and each ConfigMap made of
    it. A module's own docstring stays: it says what the program does.

    Args:
        header: the first line of each, without ``#``.
    """
    folder = resources.files("generator").joinpath("cluster")
    modules = sorted((each for each in folder.iterdir() if each.name.endswith(".py")), key=lambda each: each.name)
    note = "Its comments are in gen-chart's generator/cluster."
    return {
        f"files/cluster/{each.name}": f"# {header}\n# {note}\n{stripped(each.read_text(encoding='utf-8'))}"
        for each in modules
    }


def stripped(source: str) -> str:
    """Gives Python source without comments and docstrings, the module's own kept; every other line stays as it is.

    Raises:
        SyntaxError: it is no Python.
    """
    lines = source.splitlines(keepends=True)
    for first, last, instead in _docstrings(ast.parse(source)):
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        lines[first : last + 1] = [f"{indent}{instead}\n" if instead else "", *[""] * (last - first)]
    text = "".join(lines)
    lines = text.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            rest = lines[row - 1][:column].rstrip()
            lines[row - 1] = f"{rest}\n" if rest else ""
    return _without_gaps("".join(lines))


def _docstrings(module: ast.Module) -> Iterator[tuple[int, int, str]]:
    """Gives (first line, last line, what takes their place) of each text that stands for itself, from 0."""
    for node in ast.walk(module):
        body: list[ast.stmt] = getattr(node, "body", None) or []
        if not isinstance(body, list):
            continue
        for index, statement in enumerate(body):
            if (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
                and not (node is module and index == 0)
            ):
                last = statement.end_lineno or statement.lineno
                yield statement.lineno - 1, last - 1, "pass" if len(body) == 1 else ""


def _without_gaps(text: str) -> str:
    """Leaves one empty line where there were more."""
    kept: list[str] = []
    for line in text.splitlines():
        if line.strip() or (kept and kept[-1]):
            kept.append(line.rstrip())
    return "\n".join(kept) + "\n"

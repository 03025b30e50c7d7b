"""The programs of generator/cluster as named templates of the chart, from which its ConfigMaps take them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from generator.files.cache import cached
from generator.files.location import package_root
from generator.files.templating import literal, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.files.tree import Chart


def programs(header: str) -> dict[str, str]:
    """Returns the name of every module of generator/cluster → its text without comments, docstrings and annotations.

    They would take a tenth of what Kubernetes stores of a release, which holds each ConfigMap that is made of a module.
    The first line of a module's own docstring stays: it says what the program does.

    Args:
        header: the first line of each, without ``#``.
    """
    modules = sorted((package_root() / "cluster").glob("*.py"))
    note = "Its comments are in gen-chart's generator/cluster."
    return {module.stem: f"# {header}\n# {note}\n{stripped(module.read_text(encoding='utf-8'))}" for module in modules}


def program_templates(header: str) -> Chart:
    """Returns ``templates/programs/_NAME.tpl`` for every program: the template ``ai-ml-observability.programs.NAME``.

    Args:
        header: the first line of each, without comment signs.
    """
    return {
        f"templates/programs/_{name}.tpl": render(
            "stack/templates/_program.tpl", header=header, name=name, program=literal(text)
        )
        for name, text in programs(header).items()
    }


@cached("programs", shape=str)
def stripped(source: str) -> str:
    """Returns Python source without docstrings, lines of comment and types, the first line of the module's own kept.

    The types of a class's fields stay, from which dataclasses are made. Every other line stays as it is, with a comment
    at its end if it has one. Nothing is printed anew: another Python would print it in another way.

    Raises:
        SyntaxError: it is no Python.
    """
    source = _without_types(source)
    module = ast.parse(source)
    nodes = list(ast.walk(module))
    lines: list[str | None] = list(source.splitlines())
    inside_text = {
        row
        for node in nodes
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno
        for row in range(node.lineno, node.end_lineno)
    }
    for row, line in enumerate(source.splitlines()):
        if row not in inside_text and line.lstrip().startswith("#"):
            lines[row] = None
    if ast.get_docstring(module) and (last_line := module.body[0].end_lineno or 1) > 1:
        lines[:last_line] = [f'{source.splitlines()[0]}"""', *[None] * (last_line - 1)]
    for first, last, alone in _docstrings(nodes):
        indent = source.splitlines()[first].partition('"')[0]
        lines[first : last + 1] = [f"{indent}pass" if alone else None, *[None] * (last - first)]
    return _without_gaps(line for line in lines if line is not None)


def _without_types(source: str) -> str:
    """Cuts annotations of functions and variables out, and imports for the type checker alone."""
    text = source.encode()
    starts = [0, *(place + 1 for place, byte in enumerate(text) if byte == ord("\n"))]
    tree = ast.parse(source)

    def start(node: ast.expr | ast.arg | ast.stmt) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.expr | ast.stmt) -> int:
        return starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    fields = {field for each in ast.walk(tree) if isinstance(each, ast.ClassDef) for field in each.body}
    cuts: list[tuple[int, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation:
            cuts.append((start(node) + len(node.arg.encode()), end(node.annotation)))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
            arrow = text.rindex(b"->", 0, start(node.returns))
            cuts.append((len(text[:arrow].rstrip()), end(node.returns)))
        elif isinstance(node, ast.AnnAssign) and node.value and node not in fields:
            cuts.append((end(node.target), end(node.annotation)))
        elif isinstance(node, (ast.If, ast.ImportFrom)) and _for_the_type_checker(node):
            cuts.append((start(node), end(node)))
    for first, last in sorted(cuts, reverse=True):
        text = text[:first] + text[last:]
    return text.decode()


def _for_the_type_checker(node: ast.If | ast.ImportFrom) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return [name.name for name in node.names] == ["TYPE_CHECKING"]


def _docstrings(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, int, bool]]:
    """Yields (first line, last line, whether nothing else is there) of each text that stands for itself, from 0."""
    for node in nodes:
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for index, statement in enumerate(body):
            if (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
                and not (isinstance(node, ast.Module) and index == 0)
            ):
                last = statement.end_lineno or statement.lineno
                yield statement.lineno - 1, last - 1, len(body) == 1


def _without_gaps(lines: Iterable[str]) -> str:
    """Leaves empty lines before functions and classes alone."""
    result: list[str] = []
    for line in lines:
        if line.startswith(("def ", "class ", "@")) and result and not result[-1].startswith("@"):
            result.append("")
        if line.strip():
            result.append(line.rstrip())
    return "\n".join(result) + "\n"

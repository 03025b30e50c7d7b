"""What names in Python source stand for, without running it: texts, lists of texts, classes of makers."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.catalogue.makers import MAKERS, RECORDER, SAME, Maker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HOLE = "\0"
"""Stands in a name for a part that is known only when the program runs."""

_DEEPEST = 20
"""How far a name is followed that is set to another; ``x = y[x]`` has no end."""

_LIKELY = re.compile(
    r"prometheus_client|\b(?:Counter|Gauge|Histogram|Summary|\w+MetricFamily|OpenTelemetryMetricRecorder)\b"
)
"""What stands in a module that names one of the classes; a module that has none of it is read where it is asked for."""


class Module:
    """A module: its imports, and what its names are set to."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        """Takes the module's path, with ``/`` from the top of its package, and what ast.parse gives for it."""
        self.path, self.tree = path, tree
        self.imports: dict[str, str] = {}
        """Name → what it stands for, as ``ray.util.metrics.Counter``."""
        self.attributes: dict[str, list[ast.expr]] = {}
        """What is set by any class, as ``_gauge_cls`` or ``self.x``, by the attribute's name."""
        self.altered: set[str] = set()
        """Names and attributes whose value is added to after it was set."""
        package = path.removesuffix(".py").removesuffix("/__init__").split("/")
        package = package if path.endswith("/__init__.py") else package[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.imports[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else ""
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                origin = ".".join([*base, *([node.module] if node.module else [])])
                self.imports |= {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ClassDef):
                for name, value in _assigned(node.body):
                    self.attributes.setdefault(name, []).append(value)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                for name, value in _attributes_set(node):
                    self.attributes.setdefault(name, []).append(value)
            self.altered.update(_altered(node))
        self.names = _names(tree.body, ())


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its module, and what the functions around it set, the innermost first."""

    module: Module
    names: tuple[Mapping[str, list[ast.expr | None]], ...]


class Tree:
    """All modules, and what an expression in one of them comes to."""

    def __init__(self, modules: Mapping[str, str], named: Iterable[str], broken: list[str]) -> None:
        """Takes the texts of all modules by path, the paths that were named, and a list for what cannot be read."""
        self._paths = {_dotted(path): path for path in modules}
        self._texts, self._own, self._broken = modules, tuple(named), broken
        self._parsed: dict[str, Module | None] = {}
        self._aliases: dict[str, Maker | None] = {}
        self._candidates = [path for path in self._own if _LIKELY.search(modules[path])]
        for _ in range(2):  # an alias of an alias, as a class's attribute set from a parent's
            for module in filter(None, map(self._module, self._candidates)):
                self._learn(module)

    def makers(self) -> Iterator[Module]:
        """Yields the modules that may make families: which name a class, or what a class was found to be set to."""
        aliases = re.compile(rf"\.(?:{'|'.join(map(re.escape, self._aliases))})\(") if self._aliases else None
        likely = set(self._candidates)
        for path in self._own:
            if path in likely or (aliases is not None and aliases.search(self._texts[path])):
                module = self._module(path)
                if module is not None:
                    yield module

    def _module(self, path: str) -> Module | None:
        """Returns a module, read when it is first asked for."""
        if path not in self._parsed:
            try:
                self._parsed[path] = Module(path, ast.parse(self._texts[path]))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self._parsed[path] = None
                self._broken.append(f"{path}:{getattr(error, 'lineno', None) or 1}: {error}")
        return self._parsed[path]

    def _named(self, dotted: str) -> Module | None:
        return self._module(self._paths[dotted]) if dotted in self._paths else None

    def _learn(self, module: Module) -> None:
        for name, values in module.attributes.items():
            for value in values:
                maker = self.maker(value, Scope(module, ()))
                if maker is not None and self._aliases.setdefault(name, maker) != maker:
                    self._aliases[name] = None

    def calls(self, module: Module) -> Iterator[tuple[ast.Call, Scope, Maker]]:
        """Yields each call that makes a family, with where it stands."""
        yield from self._below(module.tree, Scope(module, ()))

    def _below(self, node: ast.AST, scope: Scope) -> Iterator[tuple[ast.Call, Scope, Maker]]:
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                body = child.body if isinstance(child.body, list) else []
                inner = Scope(scope.module, (_names(body, _parameters(child.args)), *scope.names))
            elif isinstance(child, ast.Call) and (maker := self.maker(child.func, scope)) is not None:
                yield child, scope, maker
            yield from self._below(child, inner)

    def maker(self, node: ast.expr, scope: Scope, depth: int = 0) -> Maker | None:
        """Returns the class that an expression stands for; None for anything else."""
        if isinstance(node, ast.Subscript):  # metric_types[Gauge]: a class chosen for the one of the library
            return self.maker(node.slice, scope, depth + 1) if depth < _DEEPEST else None
        if isinstance(node, ast.Name):
            local = _once(node.id, scope)
            if local is not None:
                return self.maker(local, scope, depth + 1) if depth < _DEEPEST else None
            return self._imported(scope.module, node.id)
        if not isinstance(node, ast.Attribute):
            return None
        origin = _origin(node.value, scope.module)
        found = MAKERS.get(SAME.get(origin, origin), {}).get(node.attr)
        return found or RECORDER.get(node.attr) or self._aliases.get(node.attr)

    def _imported(self, module: Module, name: str, depth: int = 0) -> Maker | None:
        """Returns the class that a module imports under a name, be it from another of these modules."""
        origin, _, there = module.imports.get(name, "").rpartition(".")
        found = MAKERS.get(SAME.get(origin, origin), {}).get(there)
        other = self._named(origin) if found is None and depth < _DEEPEST else None
        return self._imported(other, there, depth + 1) if other is not None else found

    def text(self, node: ast.expr, scope: Scope, depth: int = 0) -> str:
        """Returns the text that an expression comes to, with a HOLE for each part that is not known."""
        if isinstance(node, ast.Constant):
            return str(node.value) if isinstance(node.value, (str, int)) else HOLE
        if isinstance(node, ast.JoinedStr):
            return "".join(self.text(part, scope, depth + 1) for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, scope, depth + 1) if node.format_spec is None else HOLE
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.text(node.left, scope, depth + 1) + self.text(node.right, scope, depth + 1)
        found = self._set_to(node, scope) if depth < _DEEPEST else None
        return self.text(*found, depth + 1) if found else HOLE

    def labels(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[str] | None:
        """Returns the labels that an expression comes to, None if one of them is not known."""
        if isinstance(node, ast.Constant) and node.value is None:
            return []
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return self._each(node.elts, scope, depth)
        if isinstance(node, ast.Dict) and None not in node.keys:
            return self._each([key for key in node.keys if key is not None], scope, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [self.labels(side, scope, depth + 1) for side in (node.left, node.right)]
            return None if None in parts else [label for part in parts if part for label in part]
        if isinstance(node, ast.Call):
            return self._called(node, scope, depth)
        found = self._set_to(node, scope) if depth < _DEEPEST else None
        return self.labels(*found, depth + 1) if found else None

    def _called(self, node: ast.Call, scope: Scope, depth: int) -> list[str] | None:
        """Returns the labels of ``tuple(x)``, ``list(x)`` and ``x.keys()``."""
        if isinstance(node.func, ast.Name) and node.func.id in {"tuple", "list"} and len(node.args) == 1:
            return self.labels(node.args[0], scope, depth + 1)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "keys" and not node.args:
            return self.labels(node.func.value, scope, depth + 1)
        return None

    def _each(self, nodes: Iterable[ast.expr], scope: Scope, depth: int) -> list[str] | None:
        labels: list[str] = []
        for node in nodes:
            more = self.labels(node.value, scope, depth + 1) if isinstance(node, ast.Starred) else None
            if isinstance(node, ast.Starred):
                if more is None:
                    return None
                labels += more
                continue
            text = self.text(node, scope, depth + 1)
            if HOLE in text:
                return None
            labels.append(text)
        return labels

    def _set_to(self, node: ast.expr, scope: Scope) -> tuple[ast.expr, Scope] | None:
        """Returns what a name or attribute is set to, and where that stands, if it is set once."""
        if _name_of(node) in scope.module.altered:
            return None
        if isinstance(node, ast.Name):
            if any(node.id in names for names in scope.names):
                value = _once(node.id, scope)
                return (value, scope) if value is not None else None
            return self._of_module(scope.module, node.id)
        if not isinstance(node, ast.Attribute):
            return None
        other = self._named(_origin(node.value, scope.module))
        if other is not None:
            return self._of_module(other, node.attr)
        # What a method sets may come from a parameter of its: only what stands for itself is followed.
        values = scope.module.attributes.get(node.attr, [])
        return (values[0], Scope(scope.module, ())) if len(values) == 1 else None

    def _of_module(self, module: Module, name: str, depth: int = 0) -> tuple[ast.expr, Scope] | None:
        values = module.names.get(name, [])
        if len(values) == 1 and values[0] is not None:
            return values[0], Scope(module, ())
        origin, _, there = module.imports.get(name, "").rpartition(".")
        other = self._named(origin)
        return (
            self._of_module(other, there, depth + 1) if other is not None and depth < _DEEPEST and not values else None
        )


def _once(name: str, scope: Scope) -> ast.expr | None:
    for names in scope.names:
        if name in names:
            values = names[name]
            return values[0] if len(values) == 1 else None
    return None


def _origin(node: ast.expr, module: Module) -> str:
    """Returns the module that ``metrics`` or ``prometheus_client.core`` names; "" if it is none."""
    if isinstance(node, ast.Name):
        return module.imports[node.id] or node.id if node.id in module.imports else ""
    if isinstance(node, ast.Attribute) and (origin := _origin(node.value, module)):
        return f"{origin}.{node.attr}"
    return ""


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return tuple(argument.arg for argument in every if argument is not None)


def _names(body: Iterable[ast.stmt], parameters: Iterable[str]) -> dict[str, list[ast.expr | None]]:
    """Returns what a body sets each name to, None for a value that cannot be told: a parameter's, a loop's."""
    names: dict[str, list[ast.expr | None]] = {name: [None] for name in parameters}
    for name, value in _assigned(body):
        names.setdefault(name, []).append(value)
    for statement in body:
        for node in _shallow(statement):
            if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                for target in ast.walk(node.target):
                    if isinstance(target, ast.Name):
                        names.setdefault(target.id, []).append(None)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                names.setdefault(node.target.id, []).append(None)
    return names


def _shallow(statement: ast.AST) -> Iterator[ast.AST]:
    """Yields what is in a statement, bodies of functions and classes left out."""
    yield statement
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for child in ast.iter_child_nodes(statement):
        yield from _shallow(child)


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yields each name that a body sets, in branches too, with its value."""
    for statement in body:
        for node in _shallow(statement):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                yield node.target.id, node.value


def _name_of(node: ast.expr) -> str:
    """Returns ``x`` for ``x`` and for ``self.x``; "" for anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _altered(node: ast.AST) -> Iterator[str]:
    """Yields what a statement adds to: ``x`` of ``x.update(...)``, ``x[...] = ...`` and ``x += ...``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"update", "append", "extend", "insert", "add", "setdefault"}:
            yield _name_of(node.func.value)
    elif isinstance(node, ast.AugAssign):
        yield _name_of(node.target)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        yield _name_of(node.value)


def _attributes_set(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Attribute) and node.value is not None:
            yield target.attr, node.value

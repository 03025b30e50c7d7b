"""Finds the metrics that Python source makes: the calls of prometheus_client's classes and Ray's, read by ast."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.catalogue.exposition import ScrapedFamily
from generator.catalogue.makers import KEYWORDS
from generator.catalogue.python_values import HOLE, Tree

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from generator.catalogue.makers import Maker
    from generator.catalogue.python_tree import Modules
    from generator.catalogue.python_values import Scope


@dataclass(frozen=True)
class Made:
    """A family that source makes.

    Attributes:
        family: as a scrape would show it; its ``series`` is 0.
        place: ``file:line`` of the call.
        labels_known: whether the labels could be read.
    """

    family: ScrapedFamily
    place: str
    labels_known: bool


@dataclass
class Source:
    """What was read of an exporter's source.

    Attributes:
        made: families by name.
        computed: ``file:line`` of each call whose name is put together while the program runs → a pattern of the whole
            name, "" if nothing of it is known.
        text: all of the source; a name that is not in it, and fits no pattern, is not made by it.
        broken: ``file:line: why`` of modules that are no Python of this interpreter's.
    """

    made: dict[str, Made] = field(default_factory=dict)
    computed: dict[str, str] = field(default_factory=dict)
    text: str = ""
    broken: list[str] = field(default_factory=list)

    def mentions(self, name: str) -> bool:
        """Returns whether the source may make a family of this name: made, computed so, or named anywhere in it."""
        stem = re.escape(name.removeprefix("ray_").removesuffix("_total").removesuffix("_info"))
        return (
            name in self.made
            or re.search(rf"(?<![A-Za-z0-9_])(?:ray_)?{stem}(?:_total|_info)?(?![A-Za-z0-9_])", self.text) is not None
            or any(pattern and re.fullmatch(pattern, name) for pattern in self.computed.values())
        )

    def named(self, beginning: str) -> set[str]:
        """Returns texts of the source that look like names with this beginning, Ray's ``ray_`` before them or not."""
        found = set()
        for start, prefix in {(beginning, ""), (beginning.removeprefix("ray_"), beginning[:4])}:
            if start and (not prefix or prefix == "ray_"):
                texts = re.findall(rf"""["']({re.escape(start)}[a-z0-9](?:[a-z0-9_:]*[a-z0-9])?)["']""", self.text)
                found |= {prefix + text for text in texts}
        return found


def read_source(modules: Modules) -> Source:
    """Returns the families that modules make.

    A name is read where it is a text, a constant of a module (imported or not), a variable that is set once, or
    put together of these; so are labels. Nothing is run.

    Args:
        modules: what python_tree.read_modules gives; families are looked for in what was named of it.
    """
    named = modules.named()
    source = Source(text="\n".join(named.values()))
    tree = Tree(modules.texts, named, source.broken)
    for module in tree.makers():
        for call, scope, maker in tree.calls(module):
            _bring(source, tree, call, scope, maker)
    return source


def _bring(source: Source, tree: Tree, call: ast.Call, scope: Scope, maker: Maker) -> None:
    place = f"{scope.module.path}:{call.lineno}"
    arguments = _arguments(call, maker)
    if "name" not in arguments:
        source.computed[place] = ""
        return
    name = _whole_name(tree, arguments, scope, maker)
    if HOLE in name:
        parts = name.removeprefix(maker.prefix).removesuffix(maker.suffix or HOLE)
        known = len(parts.replace(HOLE, "").strip("_:")) > 2
        source.computed[place] = ".+".join(map(re.escape, name.split(HOLE))) if known else ""
        return
    if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name):
        return
    labels = tree.labels(arguments["labels"], scope) if "labels" in arguments else []
    known = labels is not None and not maker.more
    text = tree.text(arguments["help"], scope) if "help" in arguments else ""
    before = source.made.get(name)
    found = {*(labels or ()), *maker.adds} | (before.family.labels if before else set())
    family = ScrapedFamily(name, maker.type, "" if HOLE in text else text, found)
    source.made[name] = Made(family, place, known and (before is None or before.labels_known))


def _arguments(call: ast.Call, maker: Maker) -> dict[str, ast.expr]:
    given = dict(zip(maker.positions, call.args, strict=False))
    given |= {KEYWORDS.get(word.arg, word.arg): word.value for word in call.keywords if word.arg}
    return given


def _whole_name(tree: Tree, arguments: Mapping[str, ast.expr], scope: Scope, maker: Maker) -> str:
    parts = [tree.text(arguments[key], scope) for key in ("namespace", "subsystem", "name") if key in arguments]
    name = "_".join(part for part in parts if part)
    for end in (tree.text(arguments["unit"], scope) if "unit" in arguments else "", maker.suffix.removeprefix("_")):
        stem = name.removesuffix("_total") if maker.type == "counter" else name
        if end and not name.endswith(f"_{end}") and not stem.endswith(f"_{end}"):
            name = f"{stem}_{end}"
    return maker.prefix + name

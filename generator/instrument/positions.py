"""Where each value of a YAML document stands in its text, down to the character.

A manifest that is loaded and dumped again comes back with other indentation wherever its author was not consistent.
So the text is never dumped: ruamel.yaml's parser says where a value stands, and lines are put in there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Node:
    """One node of a document; offsets count characters from the start of the text.

    Attributes:
        kind: what it is; an alias is a node of its own and leads nowhere.
        start: offset of its first character, its anchor or tag included.
        end: offset behind its last character; for a block collection of whatever follows it.
        style: ``flow`` or ``block`` for collections; for scalars ``|``, ``>``, ``'``, ``"`` or "" (plain).
        anchor: the anchor's name, for an alias the name it refers to; "" if none.
        keys: of a mapping, the key of each child.
        children: a mapping's values or a sequence's items.
        value: a scalar's text.
    """

    kind: Literal["mapping", "sequence", "scalar", "alias"]
    start: int
    end: int
    style: str = ""
    anchor: str = ""
    keys: tuple[Node, ...] = ()
    children: tuple[Node, ...] = ()
    value: str = ""

    @property
    def empty(self) -> bool:
        """Returns whether nothing at all is written: the value of ``key:``."""
        return self.kind == "scalar" and self.start == self.end

    def child(self, step: str | int) -> Node | None:
        """Returns what stands under a key or index of its own; None if there is nothing, merged keys included."""
        if isinstance(step, int):
            return self.children[step] if self.kind == "sequence" and step < len(self.children) else None
        children = [child for key, child in zip(self.keys, self.children, strict=True) if key.value == step]
        return children[0] if children else None

    def walk(self) -> Iterator[Node]:
        """Yields the node, its keys and all that is below it."""
        yield self
        for part in (*self.keys, *self.children):
            yield from part.walk()


def read_positions(text: str, *, file: str, line: int = 0) -> Node:
    """Returns the tree of one document that yamlfile.parse has accepted.

    Args:
        text: the document, with at least one value.
        file: the name shown in errors.
        line: how many lines of the file stand before the text.

    Raises:
        InputError: ruamel.yaml (YAML 1.2) does not read what PyYAML (YAML 1.1) reads.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        events = iter([event for event in YAML(typ="safe", pure=True).parse(text) if _is_node(event)])
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (line + mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise bad_input(f"{error.problem or 'not YAML 1.2'}", file=file, line=at[0], column=at[1]) from None
    except YAMLError as error:
        raise bad_input(f"not YAML 1.2: {error}", file=file, line=line + 1) from None
    return _build(next(events), events)


def _is_node(event: object) -> bool:
    return type(event).__name__ not in ("StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent")


def _build(event: Any, events: Iterator[Any]) -> Node:
    """Builds the node that an event begins; its depth is bounded by yamlfile.MAX_DEPTH."""
    start, end, kind = event.start_mark.index, event.end_mark.index, type(event).__name__
    anchor = event.anchor or ""
    if kind == "AliasEvent":
        return Node("alias", start, end, anchor=anchor)
    if kind == "ScalarEvent":
        return Node("scalar", start, end, event.style or "", anchor, value=event.value)
    style = "flow" if event.flow_style else "block"
    parts: list[Node] = []
    for inner in events:
        if type(inner).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            end = inner.end_mark.index
            break
        parts.append(_build(inner, events))
    if kind == "SequenceStartEvent":
        return Node("sequence", start, end, style, anchor, children=tuple(parts))
    return Node("mapping", start, end, style, anchor, keys=tuple(parts[::2]), children=tuple(parts[1::2]))


def line_of(root: Node, path: Path, text: str) -> int:
    """Returns the 0-based line of the value at ``path``, or of the closest thing above it that is there."""
    node, at = root, root.start
    for step in path:
        below = node.child(step)
        if below is None:
            break
        keys = [key.start for key in node.keys if key.value == step]
        node, at = below, keys[0] if keys else below.start
    return text.count("\n", 0, at)

"""What a log query means: which lines a person who reads it expects. It knows nothing of OpenSearch.

It takes the query as it is written in a dashboard, filters written out, and the choice. A menu on "All" is no filter,
neither for lines with the field nor for those without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from luqum import tree  # type: ignore[import-untyped]
from luqum.parser import parser  # type: ignore[import-untyped]

from tests.opensearch.grafana import All

if TYPE_CHECKING:
    from tests.opensearch.grafana import Choice
    from tests.opensearch.lines import Line

_VARIABLE = re.compile(r"\$([A-Za-z]\w*)")


def fits(query: str, line: Line, choice: Choice) -> bool:
    """Returns whether a line is one that the query means."""
    return _fits(parser.parse(query), line, choice, "")


def value(line: Line, field: str) -> Any:
    """Returns the value of a field by its path; None if the line lacks it."""
    found: Any = line
    parts = field.split(".")
    while parts:
        if not isinstance(found, dict):
            return None
        whole = ".".join(parts)
        if whole in found:
            return found[whole]
        found = found.get(parts.pop(0))
    return found


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+(?:[.][\w']+)*", text.lower())


def _fits(node: Any, line: Line, choice: Choice, field: str) -> bool:
    if isinstance(node, tree.SearchField):
        return _search(node, line, choice)
    if isinstance(node, (tree.Group, tree.FieldGroup, tree.AndOperation)):
        return all(_fits(child, line, choice, field) for child in node.children)
    if isinstance(node, tree.OrOperation):
        return any(_fits(child, line, choice, field) for child in node.children)
    if isinstance(node, tree.Not):
        return not _fits(node.children[0], line, choice, field)
    return _value(str(node).strip(), value(line, field), choice)


def _search(node: Any, line: Line, choice: Choice) -> bool:
    name = re.sub(r"\\(.)", r"\1", node.name)
    if name == "_exists_":
        return value(line, str(node.children[0]).strip()) is not None
    return name == "*" or _fits(node.children[0], line, choice, name)


def _value(text: str, found: Any, choice: Choice) -> bool:
    names = _VARIABLE.findall(text)
    if text == "$search":
        return _phrase(str(choice["search"]), str(found))
    if found is None:
        return any(isinstance(choice[name], All) for name in names)
    if names or text.startswith("/"):
        return re.fullmatch(_filled(text.strip("/"), choice), str(found)) is not None
    if text.startswith('"'):
        return _phrase(text.strip('"'), str(found))
    return text in ("*", str(found))


def _phrase(asked: str, text: str) -> bool:
    wanted, there = words(asked), words(text)
    return any(there[at : at + len(wanted)] == wanted for at in range(len(there) - len(wanted) + 1))


def _filled(text: str, choice: Choice) -> str:
    def one(match: re.Match[str]) -> str:
        chosen = choice[match[1]]
        if isinstance(chosen, All):
            return str(chosen)
        values = (chosen,) if isinstance(chosen, str) else chosen
        return "(?:" + "|".join(re.escape(each) for each in values) + ")"

    return _VARIABLE.sub(one, text)

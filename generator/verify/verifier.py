"""Holds every expression against the catalogue and gives what is wrong, with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.errors import nearest
from generator.promql import units
from generator.promql.parser import Binary, Number
from generator.promql.references import used_variables
from generator.verify.exemptions import exempted
from generator.verify.infer import Walker
from generator.verify.names import Names, nearest_label, quoted
from generator.verify.prepare import prepare
from generator.verify.spec import Finding
from generator.verify.vectors import UNKNOWN, Issue, Vector, shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.catalogue.spec import Known
    from generator.promql.expression import Expression
    from generator.verify.infer import Selected
    from generator.verify.prepare import Item, Prepared
    from generator.verify.spec import Exemption, Scope

_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}|(?:\$labels|\.Labels)\.(\w+)")
_COMPARE = frozenset({"==", "!=", "<", "<=", ">", ">="})


def verify(
    expressions: Iterable[Expression],
    catalogue: Mapping[str, tuple[Known, ...]],
    gone: Mapping[str, tuple[str, str]],
    *,
    scopes: Iterable[Scope] = (),
    upstream: Iterable[Expression] = (),
    exemptions: Sequence[Exemption] = (),
) -> tuple[Finding, ...]:
    """Checks expressions; see check for what it gives, and prepare for the arguments."""
    return check(prepare(expressions, scopes, upstream), catalogue, gone, exemptions=exemptions)


def check(
    prepared: Prepared,
    catalogue: Mapping[str, tuple[Known, ...]],
    gone: Mapping[str, tuple[str, str]],
    *,
    exemptions: Sequence[Exemption] = (),
    only: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """Checks parsed expressions against one catalogue.

    Args:
        prepared: the expressions.
        catalogue: what is emitted, by name as stored.
        gone: names that are gone → (successor or "", the version since which they are gone).
        exemptions: findings that are accepted in this profile; those beside an expression come with it.
        only: check only what depends on these metric names, and leave variables and exemptions without use alone.

    Returns:
        The findings in the order of the expressions; those of a whole file and of exemptions last.
    """
    items = prepared.items if only is None else prepared.mentioning(only)
    checker = _Checker(prepared, Names(catalogue, gone, frozenset(prepared.records)))
    found = [finding for item in items for finding in checker.item(item)]
    found += _columns(items, checker.results)
    found = list(_off_files(items, found))
    if only is None:
        found += _unused_variables(prepared)
    return tuple(exempted(prepared, found, exemptions, report_unused=only is None))


class _Checker:
    """One run over one catalogue; it keeps what is known of recording rules and of each expression."""

    def __init__(self, prepared: Prepared, names: Names) -> None:
        self.prepared = prepared
        self.names = names
        self.recorded: dict[str, Vector] = {}
        self.selected: Selected = {}
        self.results: dict[int, Vector] = {}
        self.every_label: frozenset[str] = frozenset()

    def item(self, item: Item) -> Iterator[Finding]:
        """Gives the findings of one expression, each once."""
        expression = item.expression
        seen: set[tuple[str, str, str]] = set()
        for issue in self._issues(item):
            if issue[:3] not in seen:
                seen.add(issue[:3])
                yield _finding(expression, issue)

    def _issues(self, item: Item) -> Iterator[Issue]:
        yield from self._undefined(item)
        if item.error:
            yield Issue("syntax", "", f"not PromQL: {item.error}")
            return
        vector = UNKNOWN
        if item.tree is not None:
            walker = Walker(self.names, self.record, self.selected)
            vector = walker.walk(item.tree)
            yield from walker.issues
        self.results[id(item)] = vector
        if item.shows:
            yield from self._shown_label(item, vector)
        elif item.expression.kind != "variable":
            yield from _value_issues(item, vector)
        yield from _legend_issues(item.expression, vector)
        if vector.off:
            yield Issue("off", ", ".join(sorted(vector.off)), _OFF.format(quoted(vector.off)), _OFF_HINT)

    def _undefined(self, item: Item) -> Iterator[Issue]:
        scope = self.prepared.scopes.get(item.expression.file)
        for name in sorted(item.variables - scope.defined.keys() if scope else ()):
            hint = nearest(name, scope.defined) if scope else ""
            yield Issue("variable", name, f"the variable '${name}' is not defined", hint)

    def _shown_label(self, item: Item, vector: Vector) -> Iterator[Issue]:
        label = item.shows
        if label == "__name__" or label.startswith("$"):
            return
        labels = self._labels() if item.tree is None else vector.labels()
        if label not in labels and (item.tree is None or vector.shapes is not None):
            yield Issue(
                "label", label, f"the menu lists the label '{label}', which is not there", nearest_label(label, labels)
            )

    def _labels(self) -> frozenset[str]:
        if not self.every_label:
            known = (one.labels for found in self.names.known.values() for one in found)
            self.every_label = frozenset().union(*known)
        return self.every_label

    def record(self, name: str) -> Vector:
        """Gives what is known of a recording rule's series; nothing inside a circle of rules."""
        if name not in self.recorded:
            self.recorded[name] = UNKNOWN
            parts = [self._recorded(name, item) for item in self.prepared.records[name]]
            self.recorded[name] = parts[0] if len(parts) == 1 else _either(parts)
        return self.recorded[name]

    def _recorded(self, name: str, item: Item) -> Vector:
        if item.tree is None:
            return UNKNOWN
        vector = Walker(self.names, self.record, self.selected).walk(item.tree)
        if vector.shapes is None:
            return vector
        added = frozenset(item.expression.labels)
        own = frozenset({name})
        return vector._replace(
            scalar=False,
            number=None,
            shapes=shapes_of((shape | added) - {"__name__"} for shape in vector.shapes),
            sides=(),
            counters=own if vector.counters else frozenset(),
            gauges=frozenset() if vector.counters else own,
            buckets=own if vector.buckets else frozenset(),
            window=0.0,
            summed=False,
            moved=False,
            off=frozenset(),
        )


_OFF = "nothing comes of this: what scrapes {} is off in this profile"
_OFF_HINT = "switch the monitor on; if something else scrapes it, exempt it and say what"


def _either(vectors: list[Vector]) -> Vector:
    if any(vector.shapes is None for vector in vectors):
        return UNKNOWN
    unit = vectors[0].unit
    for vector in vectors[1:]:
        unit = units.joined(unit, vector.unit)
    return vectors[0]._replace(
        shapes=shapes_of(shape for vector in vectors for shape in vector.shapes or ()),
        unit=unit,
    )


def _finding(expression: Expression, issue: Issue) -> Finding:
    subject = re.escape(issue.subject)
    at = re.search(rf"(?<![\w:]){subject}(?![\w:])", expression.text) if subject else None
    return Finding(
        expression.file,
        expression.place,
        expression.name,
        expression.index,
        at.start() if at else -1,
        *issue[:2],
        issue.message,
        issue.hint,
    )


def _value_issues(item: Item, vector: Vector) -> Iterator[Issue]:
    expression = item.expression
    if vector.counters and not (expression.kind == "alert" and _presence(item.tree)):
        for name in sorted(vector.counters):
            message = f"the counter '{name}' is used as it is; its value only grows, and starts again with its process"
            yield Issue("counter", name, message, "use rate or increase; > 0 in an alert asks whether it ever counted")
    if expression.unit and units.shown_wrong(vector.unit, expression.unit) and vector.unit:
        message = f"shown as '{expression.unit}', but its value is {units.text(vector.unit)}"
        yield Issue("unit", expression.unit, message, "convert it, or change the unit")


def _presence(tree: Any) -> bool:
    """Says whether an alert only asks whether something was ever counted: every part is a comparison with 0."""
    if not isinstance(tree, Binary):
        return False
    if tree.operator in {"and", "or"}:
        return _presence(tree.left) and _presence(tree.right)
    if tree.operator == "unless":
        return _presence(tree.left)
    return tree.operator in _COMPARE and any(
        isinstance(side, Number) and not side.value for side in (tree.left, tree.right)
    )


def _legend_issues(expression: Expression, vector: Vector) -> Iterator[Issue]:
    if vector.shapes is None:
        return
    for match in _LEGEND.finditer(expression.texts):
        label = match[1] or match[2]
        if vector.carries(label) or (label == "__name__" and vector.named):
            continue
        message = f"the text '{match[0]}' names a label that the result does not carry"
        yield Issue("label", label, message, nearest_label(label, vector.labels()))


def _columns(items: Sequence[Item], results: Mapping[int, Vector]) -> Iterator[Finding]:
    """Finds columns of tables that no query of the panel fills."""
    panels: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.expression.columns:
            panels.setdefault((item.expression.file, item.expression.name), []).append(item)
    for found in panels.values():
        vectors = [results.get(id(item), UNKNOWN) for item in found]
        for label in found[0].expression.columns:
            if not any(vector.carries(label) for vector in vectors):
                labels = frozenset().union(*(vector.labels() for vector in vectors))
                message = f"the column '{label}' stays empty: no query of the panel carries this label"
                yield _finding(found[0].expression, Issue("label", label, message, nearest_label(label, labels)))


def _off_files(items: Sequence[Item], found: Sequence[Finding]) -> Iterator[Finding]:
    """Makes one warning of a file of which nothing works because its exporters are off: it is for another cluster."""
    off: dict[str, set[str]] = {}
    for finding in found:
        if finding.check == "off" and finding.name:
            off.setdefault(finding.file, set()).add(finding.place)
    whole: dict[str, bool] = {}
    for item in items:
        file = item.expression.file
        if item.expression.kind != "variable":
            whole[file] = whole.get(file, True) and item.expression.place in off.get(file, ())
    subjects: dict[str, set[str]] = {}
    for finding in found:
        if finding.check == "off" and whole.get(finding.file):
            subjects.setdefault(finding.file, set()).update(finding.subject.split(", "))
        else:
            yield finding
    for file, names in subjects.items():
        message = f"off in this profile: nothing scrapes {quoted(names)}"
        hint = "switch the file off too, or the monitor on"
        yield Finding(file, "", "", 0, -1, "off", ", ".join(sorted(names)), message, hint, "warning")


def _unused_variables(prepared: Prepared) -> Iterator[Finding]:
    used: dict[str, set[str]] = {}
    for item in prepared.items:
        used.setdefault(item.expression.file, set()).update(item.variables)
    for scope in prepared.scopes.values():
        names = used.get(scope.file, set()) | scope.implied
        for path, text in scope.texts:
            mentioned = used_variables(text)
            names |= mentioned
            for name in sorted(mentioned - scope.defined.keys()):
                message = f"the variable '${name}' is not defined"
                hint = nearest(name, scope.defined)
                yield Finding(scope.file, path, "", 0, text.find(name), "variable", name, message, hint)
        for name, path in scope.defined.items():
            if name not in names:
                message = f"the variable '{name}' is not used"
                yield Finding(scope.file, path, name, 0, -1, "variable", name, message, "use it or remove it")

"""Runs every check over every expression, against one catalogue."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from generator.promql import units
from generator.verify.checks import BY_NAME, HOOKS
from generator.verify.clean import CleanExpressions
from generator.verify.exemptions import exempted, written_out
from generator.verify.hooks import SILENT
from generator.verify.infer import Selections, Walker
from generator.verify.names import MetricNames
from generator.verify.prepare import prepare
from generator.verify.spec import Finding
from generator.verify.vectors import UNKNOWN, Vector, label_sets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.catalogue.spec import KnownSeries
    from generator.promql.expression import Expression
    from generator.verify.hooks import Issue, Reported
    from generator.verify.prepare import Item, Prepared
    from generator.verify.spec import Exemption, Scope


def verify(
    expressions: Iterable[Expression],
    catalogue: Mapping[str, tuple[KnownSeries, ...]],
    gone: Mapping[str, tuple[str, str]],
    *,
    scopes: Iterable[Scope] = (),
    upstream: Iterable[Expression] = (),
    exemptions: Sequence[Exemption] = (),
) -> tuple[Finding, ...]:
    """Checks expressions; see check for what it returns, and prepare for the arguments."""
    return check(prepare(expressions, scopes, upstream), catalogue, gone, exemptions=exemptions)


def check(
    prepared: Prepared,
    catalogue: Mapping[str, tuple[KnownSeries, ...]],
    gone: Mapping[str, tuple[str, str]],
    *,
    complete: Sequence[str] = ("",),
    exemptions: Sequence[Exemption] = (),
    only: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """Checks parsed expressions against one catalogue.

    Args:
        prepared: the expressions.
        catalogue: what is emitted, by name as stored.
        gone: names that are gone → (successor or "", the version since which they are gone).
        complete: beginnings of names of which the catalogue has all; "" for all names.
        exemptions: findings that are accepted in this profile.
        only: check only what depends on these metric names, and leave variables and exemptions without use alone.

    Returns:
        The findings in the order of the expressions; those of a whole file and of exemptions last. Their lines are not
        known yet: see locate.located.
    """
    items = prepared.items if only is None else prepared.mentioning(only)
    findings = whole_files(items, check_each(prepared, catalogue, gone, complete=complete, only=only))
    return tuple(exempted(prepared, findings, exemptions, report_unused=only is None))


def check_each(
    prepared: Prepared,
    catalogue: Mapping[str, tuple[KnownSeries, ...]],
    gone: Mapping[str, tuple[str, str]],
    *,
    complete: Sequence[str] = ("",),
    only: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """Checks parsed expressions one by one; see check, which makes one finding of what whole files have in common."""
    items = prepared.items if only is None else prepared.mentioning(only)
    names = MetricNames(catalogue, gone, frozenset(prepared.records), tuple(complete), prepared.unrecorded)
    run = _Run(prepared, names)
    # A target with several percentiles has several expressions with the same fault.
    findings = list(dict.fromkeys(finding for queries in _together(items) for finding in run.findings_of(queries)))
    if only is None:
        findings += [finding for scopes in HOOKS.scopes for finding in scopes(prepared)]
    return tuple(findings)


def whole_files(items: Sequence[Item], findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Returns the findings of expressions with one in place of many where a whole file has the same fault."""
    for hook in HOOKS.findings:
        findings = tuple(hook(items, findings))
    return tuple(findings)


def _together(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """Yields the expressions of each table, which are judged together for its columns, and each other one alone."""
    for _, queries in groupby(
        items, lambda item: (item.expression.file, item.expression.name, item.expression.columns)
    ):
        together = tuple(queries)
        if together[0].expression.columns:
            yield together
        else:
            yield from ((item,) for item in together)


def _distinct(reported: Reported) -> Iterator[tuple[str, Issue]]:
    """Yields each issue once with the name of its check."""
    distinct: dict[tuple[str, tuple[str, ...], str], Issue] = {}
    for check, issue in reported:
        distinct.setdefault((check, issue.subjects, issue.message), issue)
    yield from ((check, issue) for (check, _, _), issue in distinct.items())


class _Run:
    """One run over one catalogue; it keeps what is known of selectors, recording rules and results."""

    def __init__(self, prepared: Prepared, names: MetricNames) -> None:
        self.prepared = prepared
        self.names = names
        self.clean = CleanExpressions(prepared, names)
        self.recorded: dict[str, Vector] = {}
        self.selections = Selections(names, self.record, HOOKS)
        self.results: dict[int, Vector] = {}

    def findings_of(self, queries: Sequence[Item]) -> Iterator[Finding]:
        """Yields the findings of expressions that are judged together, each once.

        None if they were clean before, see clean.py.
        """
        if self.clean.known(queries):
            return
        clean = True
        for item in queries:
            reported = self._reported(item)
            for check, issue in _distinct(reported) if reported else ():
                clean = False
                yield self._finding(item.expression, check, issue)
        if queries[0].expression.columns:
            results = [self.results.get(id(item), UNKNOWN) for item in queries]
            for check, hook in HOOKS.panel:
                for issue in hook(queries, results):
                    clean = False
                    yield self._finding(queries[0].expression, check, issue)
        if clean:
            self.clean.add(queries)

    def _reported(self, item: Item) -> Reported:
        scope = self.prepared.scopes.get(item.expression.file)
        reported: Reported = []
        # Nearly all of these loops are empty; comprehensions would cost more.
        for check, hook in HOOKS.expression:
            for issue in hook(item, scope):
                reported.append((check, issue))
        if item.error:
            return reported
        vector = UNKNOWN
        if item.tree is not None:
            walker = Walker(self.selections, HOOKS)
            vector = walker.walk(item.tree)
            reported += walker.reported
        self.results[id(item)] = vector
        for check, judge in HOOKS.result:
            for issue in judge(item, vector, self.names):
                reported.append((check, issue))
        return reported

    def _finding(self, expression: Expression, check: str, issue: Issue) -> Finding:
        brought = expression.file in self.prepared.brought
        return Finding(
            check=check,
            file=expression.file,
            place=expression.place,
            kind=expression.kind,
            name=expression.name,
            subjects=issue.subjects,
            message=issue.message,
            hint=_hint(expression, check, issue) if brought and issue.says_exemption else issue.hint,
            severity="warning" if issue.unsure and brought else BY_NAME[check].severity,
            part=issue.part,
            off=issue.off,
            text=expression.text,
        )

    def record(self, name: str) -> Vector:
        """Returns what is known of a recording rule's series; nothing inside a circle of rules."""
        if name not in self.recorded:
            self.recorded[name] = UNKNOWN
            parts = [self._recorded(name, item) for item in self.prepared.records[name]]
            self.recorded[name] = parts[0] if len(parts) == 1 else _either(parts)
        return self.recorded[name]

    def _recorded(self, name: str, item: Item) -> Vector:
        if item.tree is None:
            return UNKNOWN
        vector = Walker(self.selections, SILENT).walk(item.tree)
        if vector.label_sets is None:
            return vector
        added = frozenset(item.expression.labels)
        own = frozenset({name})
        return vector._replace(
            scalar=False,
            number=None,
            label_sets=label_sets_of((label_set | added) - {"__name__"} for label_set in vector.label_sets),
            sides=(),
            counters=own if vector.counters else frozenset(),
            gauges=frozenset() if vector.counters else own,
            buckets=own if vector.buckets else frozenset(),
            window=0.0,
            summed=False,
            has_offset=False,
            fleeting=own if vector.fleeting else frozenset(),
            estimated=own if vector.estimated else frozenset(),
        )


def _either(vectors: list[Vector]) -> Vector:
    if any(vector.label_sets is None for vector in vectors):
        return UNKNOWN
    unit = vectors[0].unit
    for vector in vectors[1:]:
        unit = units.joined(unit, vector.unit)
    return vectors[0]._replace(
        label_sets=label_sets_of(label_set for vector in vectors for label_set in vector.label_sets or ()),
        unit=unit,
    )


def _hint(expression: Expression, check: str, issue: Issue) -> str:
    """Returns an issue's hint and the exemption to write."""
    way_out = f"if it is right, say so in an overlay: {written_out(check, expression.file, issue.subjects[0])}"
    if issue.hint.endswith("?"):
        return f"{issue.hint} I{way_out[1:]}"
    return f"{issue.hint}; {way_out}" if issue.hint else way_out

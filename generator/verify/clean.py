"""Which expressions were found clean before, against equal knowledge of every name that they depend on.

A run that changes one file, or one choice, walks only the expressions that this may change. What is kept is the single
word that there was no finding; an expression with findings is always walked again, so that its findings are fresh.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from generator.files import cache
from generator.files.fingerprints import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.catalogue.spec import KnownSeries
    from generator.promql.expression import Expression
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item, Prepared


class CleanExpressions:
    """The expressions of one run whose walk may be left out."""

    def __init__(self, prepared: Prepared, names: MetricNames) -> None:
        """Takes what is checked and what is known of names."""
        self._memo = cache.current().memo("clean")
        self._prepared = prepared
        self._names = names
        self._knowledge: dict[str, str] = {}
        self._everything = ""
        self._found: list[Sequence[Item]] = []
        if self._memo.on:
            cache.current().before_save(self._keep)

    def _key(self, queries: Sequence[Item]) -> str:
        """Returns the key of expressions that are judged together.

        It holds their content, the definitions of their variables and what is known of their names. "" stands for
        expressions that are always walked: nothing is kept, or one of them is not PromQL.
        """
        if not self._memo.on or any(item.error for item in queries):
            return ""
        return fingerprint(*(part for item in queries for part in self._parts(item)))

    def _parts(self, item: Item) -> tuple[str, str, str]:
        scope = self._prepared.scopes.get(item.expression.file)
        defined = "-" if scope is None else " ".join(sorted(scope.defined))
        return _content(item.expression), defined, self._of_everything() if item.broad else self._of(item)

    def known(self, queries: Sequence[Item]) -> bool:
        """Returns whether expressions that are judged together were found clean by an earlier run."""
        if self._memo.empty:
            return False
        key = self._key(queries)
        return bool(key) and self._memo.get(key) is not None

    def add(self, queries: Sequence[Item]) -> None:
        """Keeps that expressions are clean; their keys are made at the end of the run, when nobody waits."""
        self._found.append(queries)

    def _keep(self) -> None:
        for key in map(self._key, self._found):
            if key:
                self._memo.set(key, 1)

    def _of(self, item: Item) -> str:
        return " ".join(self._of_name(name) for name in sorted(item.names))

    def _of_name(self, name: str) -> str:
        """Returns the fingerprint of what is known of a name, by way of recording rules too."""
        if name not in self._knowledge:
            self._knowledge[name] = "circle"
            records = self._prepared.records.get(name, ())
            parts = [_way(known) for known in self._names.known.get(name, ())]
            parts += [_content(item.expression) + self._of(item) for item in records]
            if any(item.broad for item in records):
                parts.append(self._of_everything())
            self._knowledge[name] = fingerprint(name, *parts)
        return self._knowledge[name]

    def _of_everything(self) -> str:
        if not self._everything:
            self._everything = "circle"
            names = sorted({*self._names.known, *self._prepared.records})
            self._everything = fingerprint(*(self._of_name(name) for name in names))
        return self._everything


def _content(expression: Expression) -> str:
    """Returns all of an expression that a check looks at: not its place, which moves when a panel is added above it."""
    return repr(
        (
            expression.file,
            expression.kind,
            expression.name,
            expression.text,
            expression.legend,
            expression.unit,
            expression.panel,
            expression.columns,
            expression.wait,
            sorted(expression.labels.items()),
            sorted(expression.annotations.items()),
        )
    )


def _way(known: KnownSeries) -> str:
    """Returns one way in which a name is stored, as text."""
    family = known.family
    return "|".join(
        (
            known.name,
            known.sample,
            known.exporter,
            known.job,
            str(known.enabled),
            family.type,
            family.unit,
            family.since,
            family.until,
            family.needs,
            str(known.lives),
            str(known.estimated),
            str(known.absent_while_zero),
            str(family.grows),
            _sorted(known.labels),
        )
    )


@lru_cache(maxsize=4096)
def _sorted(labels: frozenset[str]) -> str:
    return ",".join(sorted(labels))

"""Finds what a metric's name stands for: in the catalogue, among recording rules, or nowhere, and then what is near."""

from __future__ import annotations

import difflib
import re
import string
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from generator.errors import listed, nearest
from generator.promql.parser import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.catalogue.spec import KnownSeries
    from generator.promql.parser import Matcher

PROMETHEUS_OWN = frozenset(
    {
        "ALERTS",
        "ALERTS_FOR_STATE",
        "scrape_duration_seconds",
        "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped",
        "scrape_series_added",
        "up",
    }
)
"""Series that Prometheus writes itself (prometheus 3.x, scrape/scrape.go and rules/alerting.go), for every target."""

_MISSPELT = 0.9
"""How alike the names of a query and of a record are, from 0 to 1, so that the one is the other misspelt."""

_NAME_CHARACTERS = string.ascii_letters + string.digits + "_:"

_ALTERNATIVES = re.compile(r"[A-Za-z_:][\w:]*(?:\|[A-Za-z_:][\w:]*)*")


@dataclass(frozen=True)
class MetricNames:
    """All names that may be queried.

    Attributes:
        known: the catalogue, by name as stored.
        gone: names that are gone → (successor or "", the version since which they are gone).
        records: names of recording rules.
        complete: beginnings of names of which the catalogue has all; "" for all names.
        unrecorded: names of our own recording rules that are off, each with its file and the choice that has it off.
    """

    known: Mapping[str, tuple[KnownSeries, ...]]
    gone: Mapping[str, tuple[str, str]]
    records: frozenset[str]
    complete: tuple[str, ...] = ("",)
    unrecorded: Mapping[str, str] = field(default_factory=dict)
    _tokens: dict[str, set[str]] = field(default_factory=dict, repr=False, compare=False)
    _hints: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _matched: dict[Matcher, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __contains__(self, name: object) -> bool:
        """Returns whether something writes series of this name."""
        return name in self.known or name in self.records or name in PROMETHEUS_OWN

    @cached_property
    def labels(self) -> frozenset[str]:
        """Every label that the series of some name carry."""
        return frozenset().union(*(known.labels for ways in self.known.values() for known in ways))

    def certain(self, name: str) -> bool:
        """Returns whether nothing emits a name that is not known: it is gone, or the catalogue has all that begin so.

        A name with a colon that is nearly a recording rule's is that one misspelt.
        """
        if name in self.gone or name in self.unrecorded or name.startswith(self.complete):
            return True
        rules = {*self.records, *self.unrecorded} if ":" in name else ()
        return bool(difflib.get_close_matches(name, rules, n=1, cutoff=_MISSPELT))

    def certain_of(self, matcher: Matcher) -> bool:
        """Returns whether the catalogue has all names that a regular expression could match."""
        return _beginning(matcher.value).startswith(self.complete)

    def matched(self, matcher: Matcher) -> tuple[str, ...]:
        """Returns every name that a regular expression matches, in order."""
        names = self._matched.get(matcher)
        if names is None:
            pattern = regex(matcher.value)
            names = tuple(sorted(name for name in {*self.known, *self.records} if pattern.fullmatch(name)))
            self._matched[matcher] = names
        return names

    def hint(self, name: str) -> str:
        """Returns what to write instead of a name that nothing emits, "" if nothing is near."""
        if name in self.gone:
            successor, since = self.gone[name]
            when = f" since {since}" if since else ""
            return f"renamed to '{successor}'{when}" if successor else f"gone{when}, without a successor"
        if f"{name}_bucket" in self.known:
            return f"a histogram, stored as '{name}_bucket', _sum and _count"
        if name in self.unrecorded:
            return self.unrecorded[name]
        if name not in self._hints:
            self._hints[name] = self._nearest(name)
        return self._hints[name]

    def _nearest(self, name: str) -> str:
        # Comparing with thousands of names takes long; the nearest nearly always shares a word, best a rare one.
        shared: dict[str, float] = {}
        index = self._index()
        for token in _words(name):
            others = index.get(token, ())
            for other in others:
                shared[other] = shared.get(other, 0.0) + 1 / len(others)
        likely = sorted(shared, key=lambda other: (-shared[other], abs(len(other) - len(name)), other))[:50]
        close = difflib.get_close_matches(name, likely or sorted(self._all), n=1, cutoff=0.6)
        return f"did you mean '{close[0]}'?" if close else ""

    @cached_property
    def _all(self) -> frozenset[str]:
        """Every name that a query may have meant."""
        return frozenset().union(self.known, self.records, self.unrecorded)

    def _index(self) -> dict[str, set[str]]:
        if not self._tokens:
            for name in self._all:
                for token in _words(name):
                    self._tokens.setdefault(token, set()).add(name)
        return self._tokens


def alternatives(matcher: Matcher) -> tuple[str, ...]:
    """Returns the names that a matcher of ``__name__`` lists, ``a|b``; () if it is any other regular expression."""
    if matcher.variable or matcher.operator in {"!=", "!~"}:
        return ()
    if matcher.operator == "=":
        return (matcher.value,)
    return tuple(matcher.value.split("|")) if _ALTERNATIVES.fullmatch(matcher.value) else ()


def _beginning(pattern: str) -> str:
    """Returns what every match of a regular expression begins with, as far as its plain characters tell."""
    rest = pattern.lstrip(_NAME_CHARACTERS)
    plain = pattern.removesuffix(rest)
    if "|" in rest:
        return ""
    return plain[:-1] if rest.startswith(("*", "?", "{")) else plain


@lru_cache(maxsize=8192)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[_:]", name.lower()) if word)


@lru_cache(maxsize=1024)
def nearest_label(label: str, labels: frozenset[str]) -> str:
    """Returns the label nearest to one that is not there; see errors.nearest."""
    return nearest(label, labels)


def quoted(names: Iterable[str]) -> str:
    """Returns names in quotes, in order, at most four of them."""
    return listed([f"'{name}'" for name in sorted(names)], 4)

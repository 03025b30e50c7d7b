"""Why an expression gives nothing: the first cause on the way from a pod to the answer.

The expression is walked from its leaves; what cannot be told from what is known is asked, part by part.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.doctor.between import lost_between
from generator.doctor.causes import Found, found
from generator.doctor.families import missing_name
from generator.doctor.trees import NEVER_EMPTY, selector_text, tree_of, written_names
from generator.doctor.workloads import workload_cause
from generator.promql.filling import PromQLError
from generator.promql.parser import Aggregation, Binary, Call, Selector, Window, scalar
from generator.verify.names import PROMETHEUS_OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.doctor.view import View
    from generator.promql.parser import Matcher

_MANY = re.compile(r"duplicate series|many-to-many|multiple matches|grouping labels must ensure unique")
_LARGE = re.compile(r"too many samples|timed out|exceeded.*limit|answers more than|gives no answer within")
_MOST_SHOWN = 5
_GONE_SINCE = frozenset(("absent", "pool-empty", "family-missing", "not-yet", "fleeting"))
"""Causes that say less than that there was something within the last hour."""


class Chain:
    """Walks the expressions of one dashboard or of the rules."""

    def __init__(self, view: View, variables: dict[str, str] | None = None) -> None:
        """Takes what is known, and which variable stands in which selector: its text → the variable's name."""
        self.view = view
        self.variables = variables or {}
        self._records: set[str] = set()

    def cause(self, text: str, error: str = "") -> Found | None:
        """Returns why an expression, variables filled in, gives nothing; None if more has to be known first."""
        if error:
            return _of_error(text, error)
        try:
            tree = tree_of(text)
        except PromQLError as refused:
            return found("query-refused", error=refused, expression=text)
        asked = len(self.view.wanted)
        reason = self.empty(tree)
        if reason or len(self.view.wanted) > asked:
            return reason
        return lost_between(self.view, text, self._job)

    def empty(self, tree: Any) -> Found | None:
        """Returns why a tree gives nothing, as far as its leaves tell; None if they all have data."""
        if isinstance(tree, Selector):
            return self._leaf(tree)
        if isinstance(tree, (Aggregation, Window)):
            return self.empty(tree.inner)
        if isinstance(tree, Binary):
            return self._operation(tree)
        if isinstance(tree, Call) and tree.function not in NEVER_EMPTY:
            return next((reason for arg in tree.args if (reason := self.empty(arg))), None)
        return None

    def _operation(self, tree: Binary) -> Found | None:
        if tree.operator == "unless":
            return self.empty(tree.left)
        if scalar(tree.left) or scalar(tree.right):
            return self.empty(tree.right if scalar(tree.left) else tree.left)
        left, right = self.empty(tree.left), self.empty(tree.right)
        if tree.operator != "or":
            return left or right
        return worse(self.view, left, right) if left and right else None

    def _leaf(self, node: Selector) -> Found | None:
        names = written_names(node)
        stored = [name for name in names if name in self.view.server.names]
        if names and not stored:
            return self._missing(names)
        text = selector_text(node)
        answer = self.view.ask(f"count({text})")
        if answer is None or answer.there or answer.error:
            return None
        if not names:
            return found("labels-together", metric=text, selector=text)
        # A name that is listed was there at some time; whether it still is has to be asked.
        bare = [self.view.ask(f"count({name})") for name in stored]
        if any(each is None for each in bare):
            return None
        there = [name for name, each in zip(stored, bare, strict=True) if each and each.there]
        if there:
            return self._mismatch(node, text, there[0])
        return self._missing(names, earlier=any(each.earlier for each in bare if each))

    def _missing(self, names: Sequence[str], *, earlier: bool = False) -> Found | None:
        """Returns why no series of some names is there; ``earlier`` if one was within the last hour."""
        reasons = [self._record(name) or missing_name(self.view, name) for name in names]
        known = [reason for reason in reasons if reason is not None]
        if len(known) < len(reasons):
            return None
        best = known[0]
        for reason in known[1:]:
            best = worse(self.view, best, reason)
        return self._ended(names) if earlier and best.cause in _GONE_SINCE else best

    def _record(self, name: str) -> Found | None:
        """Returns why a record is not there; None if the name is no record."""
        loaded = [rule for rule in self.view.server.rules or () if rule.kind == "record" and rule.name == name]
        for rule in loaded:
            if rule.error:
                return rule_fails(rule.name, rule.group, rule.error)
        if loaded and name not in self._records:
            self._records.add(name)
            try:
                return self.empty(tree_of(loaded[0].query)) or found("quiet", expression=loaded[0].query)
            except PromQLError:
                return None
            finally:
                self._records.discard(name)
        if not loaded and name in self.view.expected.records and self.view.server.rules is not None:
            own = next(one for one in self.view.expected.rules if one.name == name and one.kind == "record")
            return rules_missing(self.view, own.file, own.group)
        return None

    def _ended(self, names: Sequence[str]) -> Found:
        known = [one for name in names for one in self.view.expected.catalogue.get(name, ())]
        lives = next((one.lives for one in known if one.lives), 0)
        job = known[0].job if known else ""
        metric = names[0] if names else "it"
        return found("fleeting", job, metric=metric, lives=lives) if lives else found("ended", job, metric=metric)

    def _mismatch(self, node: Selector, text: str, name: str) -> Found | None:
        """Returns which matcher excludes all series of a metric that has some."""
        waiting = False
        for matcher in node.matchers:
            values = self._values(name, matcher.label)
            if values is None:
                waiting = True
            elif not any(matcher.accepts(value) for value in values):
                return self._excluded(name, matcher, values)
        return None if waiting else found("labels-together", self._job(name), metric=name, selector=text)

    def _values(self, name: str, label: str) -> tuple[str, ...] | None:
        """Returns the values of a label of a metric now; None if they have to be asked."""
        answer = self.view.ask(f"count by ({label}) ({name})")
        if answer is None:
            return None
        return tuple(sorted({dict(labels).get(label, "") for labels, _ in answer.series}))

    def _excluded(self, name: str, matcher: Matcher, values: Sequence[str]) -> Found | None:
        """Returns how the values of a label differ from what a matcher wants; None if more has to be known first."""
        label = matcher.label
        if label == "job" and name in PROMETHEUS_OWN:
            return workload_cause(self.view, matcher.value) or found("absent", matcher.value)
        exported = self._values(name, f"exported_{label}")
        if exported is None:
            return None
        variable = self.variables.get(f"{label}{matcher.operator}{matcher.value}", "")
        job = matcher.value if label == "job" and matcher.operator == "=" else self._job(name)
        if label == "job" or (label == "service" and not matcher.value):
            # Ours have no Service: whose targets have one is somebody else's monitor, even under the same job.
            cause = "foreign-job"
        elif any(value and matcher.accepts(value) for value in exported):
            cause = "exported-label"
        elif variable and any(values):
            cause = "choice-excludes"
        elif self._adds(name, label):
            cause = "label-differs-value" if any(values) else "label-missing"
        else:
            cause = "value-not-there"
        return found(
            cause,
            job,
            ours=job in self.view.expected.monitors,
            metric=name,
            label=label,
            wanted=f"{matcher.operator} '{matcher.value}'",
            found=", ".join(f"'{value}'" for value in values[:_MOST_SHOWN] if value) or "none",
            variable=variable,
            endpoint=self._endpoint(name, job),
            advice=self._who_adds(name, label),
        )

    def _adds(self, name: str, label: str) -> bool:
        """Returns whether a target has to have a label; what the exporter writes may not have happened yet."""
        known = self.view.expected.catalogue.get(name, ())
        scraped = [one for one in known if one.job in self.view.targets] or known
        return any(label in one.labels and label not in one.family.labels for one in scraped) and not any(
            label in (*one.family.labels, *one.exposure.labels) for one in scraped
        )

    def _endpoint(self, name: str, job: str) -> str:
        known = self.view.expected.catalogue.get(name, ())
        return next((one.exposure.endpoint for one in known if one.job == job), "") or "ENDPOINT"

    def _who_adds(self, name: str, label: str) -> str:
        for one in self.view.expected.catalogue.get(name, ()):
            if label in one.labels and label not in one.family.labels:
                return f"the monitor {one.job} adds {label}; another monitor, or an older one, scrapes these pods"
            if label in one.labels:
                return f"the exporter writes {label}; compare its version and its settings"
        return f"take {label} out of the query, or add it with a relabeling"

    def _job(self, name: str) -> str:
        known = self.view.expected.catalogue.get(name, ())
        jobs = [one.job for one in known if one.job in self.view.targets] or [one.job for one in known]
        return jobs[0] if jobs else ""


def _of_error(text: str, error: str) -> Found:
    kind = "duplicate-series" if _MANY.search(error) else "query-too-big" if _LARGE.search(error) else "query-refused"
    return found(kind, error=error, expression=text)


def rule_fails(name: str, group: str, error: str) -> Found:
    """Returns that a rule cannot be evaluated."""
    advice = (
        "something is scraped twice; this report names what"
        if _MANY.search(error)
        else "raise the limit, or record less at a time"
        if _LARGE.search(error)
        else "correct its expression"
    )
    return found("rule-fails", rule=name, group=group, error=error, advice=advice)


def rules_missing(view: View, file: str, group: str) -> Found:
    """Returns that rules of a file are not loaded; where the chart is not installed, that is as it should be."""
    if not view.installed and not view.expected.chosen:
        return found("absent", "the rules of gen-chart")
    loaded = {rule.name for rule in view.server.rules or ()}
    names = [rule.name for rule in view.expected.rules if rule.file == file]
    count = sum(name not in loaded for name in names)
    if count == len(names) and not view.expected.chosen:
        # Nobody said that this file should be there: it may be off, as where the workload is not.
        return found("absent", f"rules of {file}")
    return found("rule-missing", ours=True, group=file or group, count=count)


def surely_silent(text: str, stored: frozenset[str]) -> bool:
    """Returns whether an expression asks for names that are not stored, so that it gives nothing."""
    try:
        return _hollow(tree_of(text), stored)
    except PromQLError:
        return False


def _hollow(tree: Any, stored: frozenset[str]) -> bool:
    if isinstance(tree, Selector):
        names = written_names(tree)
        return bool(names) and stored.isdisjoint(names)
    if isinstance(tree, (Aggregation, Window)):
        return _hollow(tree.inner, stored)
    if isinstance(tree, Binary):
        left, right = _hollow(tree.left, stored), _hollow(tree.right, stored)
        if tree.operator in ("or", "unless"):
            return left and (right or tree.operator == "unless")
        return left or right
    if isinstance(tree, Call) and tree.function not in NEVER_EMPTY:
        return any(_hollow(arg, stored) for arg in tree.args)
    return False


def worse(view: View, first: Found, second: Found) -> Found:
    """Returns the cause of two that says more: of a workload that is there, before one of what is not."""
    order = (
        "quiet", "nothing-passes", "absent", "pool-empty", "label-missing", "name-unknown", "feature-off", "not-yet",
        "ended", "fleeting", "value-not-there", "labels-together", "choice-excludes",
    )  # fmt: skip

    def weight(one: Found) -> tuple[bool, bool, int]:
        weak = one.cause in order
        return not weak, bool(view.targets.get(one.workload)), order.index(one.cause) if weak else 0

    return second if weight(second) > weight(first) else first

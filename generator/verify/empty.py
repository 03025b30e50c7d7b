"""Variables that stay empty because nothing carries the label that they list, and what is said of that label then.

``x{cluster="$cluster"}`` is right where nothing carries ``cluster``: the menu has no entry, so the matcher is
``cluster=""``, which every series without the label passes; groups by it and joins on it are what they would be
without.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from generator.promql.references import VARIABLE
from generator.verify.checks.label import MATCHED
from generator.verify.spec import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from generator.verify.prepare import Item
    from generator.verify.spec import Scope

_MATCHER = re.compile(rf"""(?P<label>[A-Za-z_]\w*)\s*=~?\s*(?P<quote>["'`])(?:{VARIABLE})(?P=quote)""")
_ONE_SIDED = re.compile(r"only the (?:left|right) has ((?:'[^']*'(?:, )?)+)")
_CHECK = "label"


def forgiven(items: Sequence[Item], findings: Iterable[Finding], scope: Scope) -> tuple[Finding, ...]:
    """Returns the findings of a dashboard with one warning a label in place of those about labels that may be empty.

    Where the variable's menu is empty, nothing carries the label, and groups by it and joins on it are forgiven too.
    Where one choice of it is to match everything, only the matchers are: that choice answers, any other does not.

    Args:
        items: the dashboard's queries.
        findings: what was found in them.
        scope: its variables.
    """
    findings = tuple(findings)
    empty = _empty(items, findings, scope)
    held, chosen = _held(items, empty), _held(items, scope.may_be_empty - empty)
    if not held and not chosen:
        return findings
    kept, nowhere, unmatched = [], Counter[str](), Counter[str]()
    for finding in findings:
        labels = _labels(finding)
        if labels and labels <= held.keys():
            nowhere.update(labels)
        elif labels and labels <= chosen.keys() and finding.message.endswith(MATCHED):
            unmatched.update(labels)
        else:
            kept.append(finding)
    warnings = [_carried_by_nothing(scope, label, held[label], number) for label, number in sorted(nowhere.items())]
    warnings += [_all_alone(scope, label, chosen[label], number) for label, number in sorted(unmatched.items())]
    return (*kept, *warnings)


def _empty(items: Sequence[Item], findings: Sequence[Finding], scope: Scope) -> frozenset[str]:
    """Returns the variables that are empty, or may be chosen so and take their choices from no series."""
    listed = {item.expression.name: item.shows for item in items if item.expression.kind == "variable"}
    menus = {
        finding.name
        for finding in findings
        if finding.kind == "variable" and finding.check == _CHECK and finding.subjects == (listed.get(finding.name),)
    }
    return scope.may_be_empty - listed.keys() | menus


def _held(items: Sequence[Item], empty: frozenset[str]) -> dict[str, str]:
    """Returns labels that are matched with nothing but an empty variable, each with the variable."""
    held: dict[str, str] = {}
    for item in items:
        for match in _MATCHER.finditer(item.text):
            name = match["braced"] or match["bare"] or match["old"]
            if name in empty:
                held.setdefault(match["label"], name)
    return held


def _labels(finding: Finding) -> frozenset[str]:
    """Returns the labels that a finding says are not there; none if it is about something else."""
    if finding.check == _CHECK:
        return frozenset(finding.subjects)
    sides = _ONE_SIDED.findall(finding.message) if finding.check == "join" else ()
    return frozenset(label for side in sides for label in re.findall(r"'([^']*)'", side))


def _carried_by_nothing(scope: Scope, label: str, variable: str, number: int) -> Finding:
    queries = "1 place names it and is" if number == 1 else f"{number} places name it and are"
    message = f"nothing carries the label '{label}', so that '${variable}' is empty: {queries} as if it were left out"
    return _warning(scope, label, variable, message)


def _all_alone(scope: Scope, label: str, variable: str, number: int) -> Finding:
    queries = "1 place matches it on a metric" if number == 1 else f"{number} places match it on metrics"
    message = f"with any choice of '${variable}' but All nothing comes of some queries: {queries} without '{label}'"
    return _warning(scope, label, variable, message)


def _warning(scope: Scope, label: str, variable: str, message: str) -> Finding:
    return Finding(
        _CHECK, scope.file, scope.defined.get(variable, ""), "variable", variable, (label,), message, severity="warning"
    )


def coverage(items: Sequence[Item], scope: Scope) -> str:
    """Returns one line: how many of a dashboard's queries were checked, and whose the others are."""
    checked = queries(items)
    total = checked + sum(scope.left_out.values())
    others = ", ".join(f"{number} of {kind}" for kind, number in sorted(scope.left_out.items()))
    left = f"; left alone, as they are not for Prometheus: {others}" if others else ""
    inputs = f"; filled in by Grafana on import: {', '.join(scope.inputs)}" if scope.inputs else ""
    return f"{checked} of {total} queries checked{left}{inputs}"


def queries(items: Iterable[Item]) -> int:
    """Returns how many queries of panels and annotations there are; those of menus are not counted."""
    return sum(item.expression.kind != "variable" for item in items)

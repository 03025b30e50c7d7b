"""Does the operator, whose parser is older than the Prometheus beside it, take the rule?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.promql.literals import STRING
from generator.promql.newer import duration_expressions
from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from generator.verify.hooks import Issues
    from generator.verify.prepare import Item
    from generator.verify.spec import Scope

OPERATOR = "0.93.1"
"""The operator that kube-prometheus-stack 88.5.3 brings. Its go.mod has Prometheus 3.13.1 (0.313.1)."""

_NEWER = re.compile(r"\bfirst_over_time(?=\s*\()", re.IGNORECASE)
"""Functions that Prometheus 3.14 takes as they are and 3.13 as experimental ones alone (promql/parser/functions.go)."""
_STRING = re.compile(STRING, re.DOTALL)
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_PARSER = f"the Prometheus operator {OPERATOR} refuses it, and leaves out the whole PrometheusRule"
_WEBHOOK = f"the admission webhook of the Prometheus operator {OPERATOR} refuses the whole PrometheusRule"
"""Its validation of names is the legacy one, whatever Prometheus takes (v0.93.1, cmd/operator/main.go)."""


def _refused(item: Item, scope: Scope | None) -> Issues:
    """An annotation of a dashboard is of the kind of alerts; the dashboard's variables tell them apart."""
    expression = item.expression
    if scope is not None or expression.kind not in {"alert", "record"}:
        return
    bare = _STRING.sub('""', item.text)
    for function in sorted({found.lower() for found in _NEWER.findall(bare)}):
        yield Issue((function,), f"{function}() is newer than the parser of rules: {_PARSER}")
    for duration in duration_expressions(bare):
        hint = "write the duration that it gives"
        yield Issue((duration,), f"'{duration}' is reckoned, which is newer than the parser of rules: {_PARSER}", hint)
    if expression.kind == "record" and not _METRIC.fullmatch(expression.name):
        message = f"the name '{expression.name}' has other characters than letters, digits, '_' and ':': {_WEBHOOK}"
        yield Issue((expression.name,), message)
    for label in (*expression.labels, *expression.annotations):
        if not _LABEL.fullmatch(label):
            message = f"the name '{label}' has other characters than letters, digits and '_': {_WEBHOOK}"
            yield Issue((label,), message)


CHECK = Check(
    name="operator",
    summary="A rule holds what the Prometheus operator refuses, though its Prometheus would take it.",
    exemptible=False,
    on_expression=_refused,
)

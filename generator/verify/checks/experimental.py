"""Does Prometheus take the functions without a feature flag?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.promql.parser import Aggregation, Call
    from generator.verify.hooks import Issues
    from generator.verify.vectors import Vector

FUNCTIONS = frozenset(
    {"double_exponential_smoothing", "end", "histogram_quantiles", "info", "mad_over_time", "max_of", "min_of", "range"}
    | {"sort_by_label", "sort_by_label_desc", "start", "start_timestamp", "step"}
    | {"ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time"}
)
"""Functions of Prometheus 3.14 that are experimental (prometheus v3.14.0, promql/parser/functions.go)."""

AGGREGATIONS = frozenset({"limitk", "limit_ratio"})
"""Aggregations that are (promql/parser/lex.go, IsExperimentalAggregator)."""

FLAG = "promql-experimental-functions"
_HINT = f"say it without, or switch the flag on (prometheusSpec.enableFeatures: [{FLAG}]) and exempt it"


def _issue(name: str) -> Issue:
    message = f"{name}() is experimental: Prometheus refuses it without the feature flag {FLAG}"
    return Issue((name,), message, _HINT)


def _called(node: Call, _args: Sequence[Vector]) -> Issues:
    yield _issue(node.function)


def _aggregated(node: Aggregation, _inner: Vector) -> Issues:
    if node.operator in AGGREGATIONS:
        yield _issue(node.operator)


CHECK = Check(
    name="experimental",
    summary="A function or aggregation is experimental; Prometheus refuses it without a feature flag.",
    on_call=dict.fromkeys(sorted(FUNCTIONS), _called),
    on_aggregation=_aggregated,
)

"""Reads records of counts (rules/counts.py) instead of the counters whose events they hold, minute by minute.

From such a record come the ``rate``, ``increase`` and exact increase of its counter, over whole minutes or Grafana's
``$__rate_interval``. A rate is what was counted in the window over the minutes that were counted in it: not over the
window, which need not be whole minutes, nor over the minutes in which the record was there, since it is not there
before its first event. Events that ``rate`` loses, as the first of a counter, are in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.promql.filling import WINDOW
from generator.promql.increase import increase_window
from generator.promql.parser import Aggregation, Binary, Call, String, Window
from generator.promql.reading import View, fitting, grouping, names, quoted, reading

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTE = 60


def counts(tree: Aggregation, views: Mapping[frozenset[str], list[View]], found: list[View], windows: set[str]) -> str:
    """Returns the sum of what records of counts have in the window of a rate or increase; "" if it is no such sum."""
    if tree.operator != "sum":
        return ""
    renamed = _renamed(tree)
    if renamed:
        return _counts_renamed(tree, renamed, views, found, windows)
    function, window = _asked(tree.inner)
    if window is None or window.subquery or window.inner.has_offset:
        return ""
    known = [view for view in views.get(names(window.inner), ()) if view.of.evaluations]
    for view, matchers in fitting(tree, window.inner, known):
        start = f"sum{grouping(tree)}(sum_over_time({reading(view, matchers)}"
        if window.seconds == WINDOW:
            if function != "rate" or windows != {"__rate_interval"}:
                continue
            found.append(view)
            minutes = f"scalar(max(count_over_time({view.of.evaluations}[$__rate_interval])))"
            return f"({start}[$__rate_interval])) / {minutes} / {_MINUTE})"
        if window.seconds % _MINUTE:
            continue
        found.append(view)
        answer = f"{start}[{window.seconds // _MINUTE:g}m]))"
        return f"({answer} / {window.seconds:g})" if function == "rate" else answer
    return ""


def _asked(tree: Any) -> tuple[str, Window | None]:
    """Returns the function that gives a counter's events, and its range; None if it is no such tree."""
    if isinstance(tree, Call) and tree.function in {"rate", "increase"} and isinstance(tree.args[0], Window):
        return tree.function, tree.args[0]
    exact = increase_window(tree) if isinstance(tree, Binary) else None
    return "increase", None if exact is None or isinstance(tree.right, Binary) else exact


def _renamed(tree: Aggregation) -> tuple[Any, str, str, str, str] | None:
    """Returns what label_replace is called with if an aggregation is of its result; None if it is not."""
    inner = tree.inner
    if not isinstance(inner, Call) or inner.function != "label_replace" or len(inner.args) != 5:
        return None
    series, *texts = inner.args
    if not all(isinstance(text, String) for text in texts):
        return None
    written, value, source, pattern = (text.value for text in texts)
    return series, written, value, source, pattern


def _counts_renamed(
    tree: Aggregation,
    renamed: tuple[Any, str, str, str, str],
    views: Mapping[frozenset[str], list[View]],
    found: list[View],
    windows: set[str],
) -> str:
    """Returns the sum of what records of counts have, a label of theirs made from another; "" if it is no such sum.

    ``sum by (base) (label_replace(X, "base", …, "dataset", …))`` is the same with the sum of X by dataset for X.
    """
    series, written, value, source, pattern = renamed
    labels = dict.fromkeys((*(label for label in tree.labels or () if label != written), source))
    answer = counts(replace(tree, labels=tuple(labels), inner=series), views, found, windows)
    texts = ", ".join(quoted(text) for text in (written, value, source, pattern))
    return f"sum{grouping(tree)}(label_replace({answer}, {texts}))" if answer else ""

"""What a person sees chosen in a dashboard's menus when it opens, asked of Prometheus as Grafana asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.doctor.filling import Choice, Raw, Window, cut, filled
from generator.doctor.web import AnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.doctor.boards import Board, Menu
    from generator.doctor.prometheus import Prometheus

_LABEL_VALUES = re.compile(r"label_values\((?:(.*),)?\s*([A-Za-z_]\w*)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.*)\)", re.DOTALL)
_METRICS = re.compile(r"metrics\((.*)\)", re.DOTALL)

MOST_ENTRIES = 10_000
"""Entries of a menu that are read."""


@dataclass(frozen=True)
class Opened:
    """The menus of a dashboard that is open.

    Attributes:
        choice: what is chosen in each.
        empty: menus whose query gave nothing, or failed → the query with the choices so far in it, and the error.
    """

    choice: Choice
    empty: Mapping[str, tuple[str, str]]


def opened(board: Board, prometheus: Prometheus, window: Window, scrape: int) -> Opened:
    """Returns what is chosen in a dashboard's menus when it opens: what was saved, else all, else the first entry."""
    choice: Choice = {}
    empty: dict[str, tuple[str, str]] = {}
    for menu in board.menus:
        if not menu.query:
            choice[menu.name] = menu.saved[0] if menu.saved else (menu.entries or ("",))[0]
            continue
        try:
            query = filled(menu.query, choice, window, scrape=scrape)
            found, error = _entries(menu, query, prometheus, window), ""
        except (AnswerError, KeyError, ValueError, re.error) as failure:
            query, found, error = menu.query, (), str(failure)
        if not found and not (menu.include_all and menu.all_value):
            empty[menu.name] = (query, error)
        choice[menu.name] = _first(menu, found)
    return Opened(choice, empty)


def without(choice: Choice, name: str) -> Choice:
    """Returns a choice in which one menu excludes nothing; of use where its values stand behind ``=~``."""
    return choice | {name: Raw(".*")}


def _first(menu: Menu, found: tuple[str, ...]) -> str | tuple[str, ...]:
    kept = tuple(text for text in menu.saved if text in found)
    if kept:
        return kept if menu.multi else kept[0]
    if not found:
        return Raw(menu.all_value)
    if menu.include_all:
        return Raw(menu.all_value) if menu.all_value else found
    return found[:1] if menu.multi else found[0]


def _entries(menu: Menu, query: str, prometheus: Prometheus, window: Window) -> tuple[str, ...]:
    """Returns what a menu offers: its query's result, cut by its regular expression, each entry once, in order."""
    limits: dict[str, Any] = {"start": window.start, "end": window.end, "limit": MOST_ENTRIES}
    text = query.strip()
    if match := _LABEL_VALUES.fullmatch(text):
        selector = {"match[]": match[1].strip()} if match[1] and match[1].strip() else {}
        found = prometheus.data(f"label/{match[2]}/values", **limits, **selector)
    elif match := _METRICS.fullmatch(text):
        pattern = match[1].strip().strip("\"'")
        names = prometheus.data("label/__name__/values", **limits)
        found = [name for name in names if re.search(pattern, str(name))]
    else:
        match = _QUERY_RESULT.fullmatch(text)
        found = [_shown(labels, value) for labels, value in prometheus.vector(match[1] if match else text)]
    if not isinstance(found, list):
        raise AnswerError("the server answers a menu's query with something that is no list")
    return tuple(dict.fromkeys(sorted(cut(menu.regex, map(str, found)), key=str.lower)))


def _shown(labels: Mapping[str, str], value: float) -> str:
    rest = ",".join(f'{name}="{text}"' for name, text in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{rest}}} {value:g} 0"

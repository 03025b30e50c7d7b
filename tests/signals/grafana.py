"""Reads a dashboard's JSON and asks Prometheus as Grafana does: menus by their queries, variables filled in.

How variables are filled in is the doctor's; here is how a person opens a dashboard of this chart. Anything that its
dashboards do not have is an error, not a guess.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from generator.doctor.filling import Choice, Raw, Window, cut, filled, seconds_ago, step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.signals.server import Answer


class Api(Protocol):
    """What a menu asks of Prometheus (server.Api)."""

    def get(self, path: str, **params: Any) -> Any:
        """Returns the whole reply of one endpoint."""
        ...

    def instant(self, expr: str, at: float) -> Answer:
        """Evaluates an expression at one moment."""
        ...


__all__ = [
    "Board",
    "Choice",
    "Menu",
    "Raw",
    "Target",
    "Window",
    "board",
    "choices",
    "entries",
    "filled",
    "first_choice",
    "step",
]

MOST_CHOICES = 40
"""Combinations of menu entries that are tried for one dashboard before a target counts as silent."""

_LABEL_VALUES = re.compile(r"label_values\((?:(.*),)?\s*([A-Za-z_]\w*)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.*)\)", re.DOTALL)

MOST_ENTRIES = 8
"""Entries of a menu without "All" that are tried."""


@dataclass(frozen=True)
class Menu:
    """A variable of a dashboard that a query fills."""

    name: str
    query: str
    regex: str
    multi: bool
    include_all: bool
    all_value: str


@dataclass(frozen=True)
class Target:
    """One query of one panel; a title that an earlier panel has too gets a number.

    ``interval`` is the least time between two points of the panel, in seconds; 0 leaves it to the data source.
    """

    panel: str
    ref: str
    expr: str
    instant: bool
    interval: int = 0


@dataclass(frozen=True)
class Board:
    """What Grafana asks Prometheus for one dashboard; ``seconds`` is the length of its time range."""

    name: str
    title: str
    seconds: int
    menus: tuple[Menu, ...]
    targets: tuple[Target, ...]
    elsewhere: int
    """Targets that another kind of data source answers (logs)."""


def board(name: str, text: str) -> Board:
    """Reads a dashboard's JSON."""
    data = json.loads(text)
    sources = {item["name"]: item.get("query") for item in data["templating"]["list"] if item["type"] == "datasource"}
    targets, elsewhere = [], 0
    titles: Counter[str] = Counter()
    for panel in _panels(data["panels"]):
        title = panel["title"]
        titles[title] += 1
        if titles[title] > 1:
            title = f"{title} ({titles[title]})"
        for target in panel.get("targets", ()):
            if _kind(target.get("datasource") or panel.get("datasource") or {}, sources) == "prometheus":
                least = seconds_ago(f"now-{panel['interval']}") if panel.get("interval") else 0
                targets.append(Target(title, target["refId"], target["expr"], target.get("instant", False), least))
            else:
                elsewhere += 1
    menus = tuple(
        _menu(item)
        for item in data["templating"]["list"]
        if item["type"] == "query" and _kind(item["datasource"], sources) == "prometheus"
    )
    return Board(name, data["title"], seconds_ago(data["time"]["from"]), menus, tuple(targets), elsewhere)


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels", []))


def _kind(source: Mapping[str, str], sources: Mapping[str, str]) -> str:
    """Returns the type of a data source, that of its variable if a variable chooses it."""
    match = re.fullmatch(r"\$\{?(\w+)\}?", source.get("uid", ""))
    return sources.get(match[1], "") if match else source.get("type", "")


def _menu(item: Mapping[str, Any]) -> Menu:
    query = item["query"] if isinstance(item["query"], str) else item["query"]["query"]
    return Menu(
        item["name"],
        query,
        item.get("regex", ""),
        item.get("multi", False),
        item.get("includeAll", False),
        item.get("allValue") or "",
    )


def entries(menu: Menu, api: Api, choice: Choice, window: Window) -> tuple[str, ...]:
    """Returns what a menu offers: its query's result, cut by its regular expression, each entry once, in order.

    Raises:
        QueryError: Prometheus refuses the query.
        ValueError: a kind of query that the proof does not know.
    """
    query = filled(menu.query, choice, window)
    if match := _LABEL_VALUES.fullmatch(query.strip()):
        limits = {"start": window.start, "end": window.end}
        selector = {"match[]": match[1].strip()} if match[1] else {}
        found = api.get(f"label/{match[2]}/values", **limits, **selector)["data"]
    elif match := _QUERY_RESULT.fullmatch(query.strip()):
        found = [_shown(labels, samples) for labels, samples in api.instant(match[1], window.end).series]
    else:
        raise ValueError(f"found the variable query '{query}', expected label_values(...) or query_result(...)")
    return tuple(dict.fromkeys(sorted(cut(menu.regex, found), key=str.lower)))


def _shown(labels: Mapping[str, str], samples: tuple[tuple[float, str], ...]) -> str:
    rest = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    at, value = samples[-1]
    return f"{labels.get('__name__', '')}{{{rest}}} {value} {int(at * 1000)}"


def first_choice(spec: Board, api: Api, window: Window) -> Choice:
    """Returns what the menus show when a person opens a dashboard."""
    choice, _ = next(choices(spec, api, window))
    return choice


def choices(spec: Board, api: Api, window: Window) -> Iterator[tuple[Choice, dict[str, tuple[str, ...]]]]:
    """Yields what a person may choose, first what Grafana shows at the start ("All" or the first entry).

    Each comes with what each menu offered on the way; an empty tuple is a menu without an entry.
    """
    yield from itertools.islice(_choices(spec, api, window, {}, {}), MOST_CHOICES)


def _choices(
    spec: Board, api: Api, window: Window, choice: Choice, offered: dict[str, tuple[str, ...]]
) -> Iterator[tuple[Choice, dict[str, tuple[str, ...]]]]:
    if len(choice) == len(spec.menus):
        yield choice, offered
        return
    menu = spec.menus[len(choice)]
    found = entries(menu, api, choice, window)
    offered = offered | {menu.name: found}
    for value in _values(menu, found):
        yield from _choices(spec, api, window, choice | {menu.name: value}, offered)


def _values(menu: Menu, found: tuple[str, ...]) -> list[str | tuple[str, ...]]:
    """Returns the choices to try in a menu; where there is "All", one entry more, to see that a choice works too."""
    if not found:
        return [Raw(menu.all_value)]
    if menu.include_all:
        return [Raw(menu.all_value) if menu.all_value else found, found[:1]]
    return [found[:1]] if menu.multi else list(found[:MOST_ENTRIES])

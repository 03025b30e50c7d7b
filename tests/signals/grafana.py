"""Reads a dashboard's JSON and asks Prometheus as Grafana does: menus by their queries, variables filled in.

Follows Grafana 13 public/app/features/templating and the Prometheus data source's metric_find_query and
escapeLabelValueInSelector, as far as the dashboards of this chart use them; anything else is an error, not a guess.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

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


SCRAPE_INTERVAL = 30
"""Seconds; kube-prometheus-stack gives Prometheus' scrape interval to Grafana's data source as ``timeInterval``."""

POINTS = 1000
"""Width of a panel in pixels, which Grafana takes for the number of points that it may ask for."""

MOST_CHOICES = 40
"""Combinations of menu entries that are tried for one dashboard before a target counts as silent."""

_REFERENCE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]")
_LABEL_VALUES = re.compile(r"label_values\((?:(.*),)?\s*([A-Za-z_]\w*)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.*)\)", re.DOTALL)
_NICE = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

MOST_ENTRIES = 8
"""Entries of a menu without "All" that are tried."""


@dataclass(frozen=True)
class Window:
    """A time range in Unix seconds."""

    start: float
    end: float


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


class Raw(str):
    """A text that goes into an expression as it is written: what stands for "All" if the dashboard says so."""

    __slots__ = ()


Choice = dict[str, "str | tuple[str, ...]"]
"""What is chosen in each menu: one entry, several (or one where several may be), or the text that stands for all."""


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
                least = _seconds(f"now-{panel['interval']}") if panel.get("interval") else 0
                targets.append(Target(title, target["refId"], target["expr"], target.get("instant", False), least))
            else:
                elsewhere += 1
    menus = tuple(
        _menu(item)
        for item in data["templating"]["list"]
        if item["type"] == "query" and _kind(item["datasource"], sources) == "prometheus"
    )
    return Board(name, data["title"], _seconds(data["time"]["from"]), menus, tuple(targets), elsewhere)


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


def _seconds(ago: str) -> int:
    match = re.fullmatch(r"now-(\d+)([smhdw])", ago)
    if not match:
        raise ValueError(f"found the time '{ago}', expected now-30m or the like")
    return int(match[1]) * _UNITS[match[2]]


def step(window: Window, least: int = 0) -> int:
    """Returns the seconds between two points of a panel: what fits its width, at least its own or one scrape."""
    raw = (window.end - window.start) / POINTS
    return max(least or SCRAPE_INTERVAL, next((nice for nice in _NICE if nice >= raw), _NICE[-1]))


def filled(text: str, choice: Choice, window: Window, least: int = 0) -> str:
    """Puts values in the place of variables, as Grafana does before it asks.

    Args:
        text: an expression or a menu's query.
        choice: what is chosen.
        window: the time range.
        least: the panel's least time between two points, in seconds; 0 for none of its own.

    Raises:
        KeyError: a variable that the dashboard does not have.
        ValueError: a format (``${x:format}``) that is not known here.
    """
    interval, length = step(window, least), int(window.end - window.start)
    built_in = {
        "__interval": f"{interval}s",
        "__interval_ms": str(interval * 1000),
        "__rate_interval": f"{max(interval + SCRAPE_INTERVAL, 4 * SCRAPE_INTERVAL)}s",
        "__range": f"{length}s",
        "__range_s": str(length),
        "__range_ms": str(length * 1000),
    }

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3] or match[4]
        if name in built_in:
            return built_in[name]
        if name.isdigit():  # a group of a regular expression, as in label_replace(..., "$1", ...)
            return match[0]
        return _formatted(choice[name], match[2] or match[5] or "")

    return _REFERENCE.sub(value, text)


def _formatted(value: str | tuple[str, ...], form: str) -> str:
    if isinstance(value, Raw):
        return value
    values = (value,) if isinstance(value, str) else value
    if form == "" and isinstance(value, str):
        return value.replace("\\", "\\\\").replace('"', '\\"')
    if form in ("", "regex"):
        return _alternatives(values)
    if form in ("pipe", "csv"):
        return {"pipe": "|", "csv": ","}[form].join(values)
    if form == "raw":
        return ",".join(values)
    raise ValueError(f"found the format ':{form}' of a variable, which the proof does not know")


def _alternatives(values: tuple[str, ...]) -> str:
    escaped = [_regex_escaped(value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _regex_escaped(value: str) -> str:
    # Grafana's prometheusRegularEscape and SpecialRegexEscape: a backslash of the expression is doubled in a string.
    return re.sub(r"[$^*{}\[\]\\'+?.()|]", lambda found: "\\\\" + found[0], value)


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
    return tuple(dict.fromkeys(sorted(_cut(menu.regex, found), key=str.lower)))


def _shown(labels: Mapping[str, str], samples: tuple[tuple[float, str], ...]) -> str:
    rest = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    at, value = samples[-1]
    return f"{labels.get('__name__', '')}{{{rest}}} {value} {int(at * 1000)}"


def _cut(regex: str, found: list[str]) -> Iterator[str]:
    if not regex:
        yield from found
        return
    pattern = re.compile(re.sub(r"\(\?<(\w)", r"(?P<\1", regex.strip("/")))
    for text in found:
        match = pattern.search(text)
        if match:
            named = match.groupdict().get("value")
            yield named if named is not None else match[1] if pattern.groups else text


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

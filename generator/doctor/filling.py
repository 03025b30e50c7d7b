"""Grafana's variables filled into expressions as Grafana fills them, and menus cut as it cuts them.

Follows Grafana 13 public/app/features/templating and the Prometheus data source's metric_find_query and
escapeLabelValueInSelector.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POINTS = 1000
"""Width of a panel in pixels, which Grafana takes for the number of points that it may ask for."""

SCRAPE_INTERVAL = 30
"""Seconds; kube-prometheus-stack gives Prometheus' scrape interval to Grafana's data source as ``timeInterval``."""

_REFERENCE = re.compile(r"\$\{(\w+)(?:[.:](\w+))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]")
_NICE = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}


@dataclass(frozen=True)
class Window:
    """A time range in Unix seconds."""

    start: float
    end: float


class Raw(str):
    """A text that goes into an expression as it is written: what stands for "All" if the dashboard says so."""

    __slots__ = ()


Choice = dict[str, "str | tuple[str, ...]"]
"""What is chosen in each menu: one entry, several (or one where several may be), or the text that stands for all."""


def seconds_ago(text: str) -> int:
    """Returns the seconds of a relative time such as ``now-30m``.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"now-(\d+)([smhdwMy])(?:/[smhdwMy])?", text)
    if not match:
        raise ValueError(f"found the time '{text}', expected now-30m or the like")
    return int(match[1]) * _UNITS[match[2]]


def step(window: Window, least: int = 0, scrape: int = SCRAPE_INTERVAL) -> int:
    """Returns the seconds between two points of a panel: what fits its width, at least its own or one scrape."""
    raw = (window.end - window.start) / POINTS
    return max(least or scrape, next((nice for nice in _NICE if nice >= raw), _NICE[-1]))


def filled(text: str, choice: Choice, window: Window, least: int = 0, scrape: int = SCRAPE_INTERVAL) -> str:
    """Puts values in the place of variables, as Grafana does before it asks.

    Args:
        text: an expression or a menu's query.
        choice: what is chosen.
        window: the time range.
        least: the panel's least time between two points, in seconds; 0 for none of its own.
        scrape: the data source's ``timeInterval`` in seconds.

    Raises:
        KeyError: a variable that the dashboard does not have.
        ValueError: a format (``${x:format}``) that is not known here.
    """
    interval, length = step(window, least, scrape), int(window.end - window.start)
    built_in = {
        "__interval": f"{interval}s",
        "__interval_ms": str(interval * 1000),
        "__rate_interval": f"{max(interval + scrape, 4 * scrape)}s",
        "__range": f"{length}s",
        "__range_s": str(length),
        "__range_ms": str(length * 1000),
        "__from": str(int(window.start * 1000)),
        "__to": str(int(window.end * 1000)),
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
    if form in ("raw", "text", "value"):
        return ",".join(values)
    raise ValueError(f"found the format ':{form}' of a variable, which is not known here")


def _alternatives(values: tuple[str, ...]) -> str:
    escaped = [_regex_escaped(value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _regex_escaped(value: str) -> str:
    # Grafana's prometheusRegularEscape and SpecialRegexEscape: a backslash of the expression is doubled in a string.
    return re.sub(r"[$^*{}\[\]\\'+?.()|]", lambda found: "\\\\" + found[0], value)


def cut(regex: str, found: Iterable[str]) -> Iterator[str]:
    """Yields what a menu's regular expression leaves of its query's results: a group's text where it has one.

    Raises:
        re.error: the regular expression is none that Python reads.
    """
    if not regex:
        yield from found
        return
    pattern = re.compile(re.sub(r"\(\?<(\w)", r"(?P<\1", regex.strip("/")))
    for text in found:
        match = pattern.search(text)
        if match:
            named = match.groupdict().get("value")
            yield named if named is not None else match[1] if pattern.groups else text

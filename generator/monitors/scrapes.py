"""Finds values of monitors that the Prometheus operator or Prometheus would refuse in the cluster."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.errors import Problem, nearest
from generator.promql.durations import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PLAIN = re.compile(r"(?:[a-zA-Z0-9_:.][+*]?)+")
"""Matches expressions that need no engine to tell that RE2 reads them."""

_ONLY_RE2 = re.compile(r"\\Q|\\[0-7]{2}")
"""Matches what RE2 reads and the engine of promql-parser does not; the chart's template asks RE2 itself."""


def scrape_problems(
    values: Mapping[str, Any],
    specs: Mapping[str, Mapping[str, Any]],
    place: Callable[[str], tuple[str, str]],
    default_interval: str = "",
) -> tuple[Problem, ...]:
    """Finds a scrape that may last longer than its interval, what is no RE2, and an endpoint that finds nothing.

    Args:
        values: ``monitors`` of the chart's values, checked against its schema.
        specs: workload → content of monitors/NAME.yaml.
        place: from a path below ``monitors``, as ``ray.interval``, to the file and the whole path that a person knows.
        default_interval: the interval of a monitor that has none; "" if it is not known.

    Returns:
        A Problem for each of them.
    """
    found = (*_long_timeouts(values, place, default_interval), *_unreadable(values), *_unknown_endpoints(values, specs))
    return tuple(Problem(message, *place(path), hint=hint) for path, message, hint in dict.fromkeys(found))


def _workloads(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields name and block of each workload, of those that are on alone."""
    for name, block in values.items():
        if isinstance(block, dict) and block.get("enabled") is True:
            yield name, block


def _long_timeouts(
    values: Mapping[str, Any], place: Callable[[str], tuple[str, str]], default: str
) -> Iterator[tuple[str, str, str]]:
    for name, block in _workloads(values):
        timeout, interval = (block.get(key, values.get(key, "")) for key in ("scrapeTimeout", "interval"))
        interval = interval or default
        if not timeout or not interval or (milliseconds(timeout) or 0) <= (milliseconds(interval) or 0):
            continue
        paths = {key: f"{name}.{key}" if key in block else key for key in ("scrapeTimeout", "interval")}
        if "scrapeTimeout" in block or "interval" not in block:
            said = " in {}: {}".format(*place(paths["interval"]))
            message = f"found '{timeout}', expected at most the interval, which is '{interval}'{said}"
            yield paths["scrapeTimeout"], message, ""
        else:
            said = " in {}: {}".format(*place(paths["scrapeTimeout"]))
            message = f"found '{interval}', expected at least the timeout, which is '{timeout}'{said}"
            yield paths["interval"], message, f"set monitors.{name}.scrapeTimeout too"


def _unreadable(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, expression in _expressions(values):
        if not is_re2(expression):
            yield path, f"found '{expression}', expected an RE2 expression", ""


def _expressions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields each expression of the values, with its path."""
    blocks = [("", values), *((f"{name}.", block) for name, block in _workloads(values))]
    for prefix, block in blocks:
        for index, expression in enumerate(block.get("dropMetrics", ())):
            yield f"{prefix}dropMetrics[{index}]", expression
    for name, block in _workloads(values):
        for key, endpoint in block.get("endpoints", {}).items():
            for kind in ("find", "except"):
                for way, facts in endpoint.get(kind, {}).items():
                    path = f"{name}.endpoints.{key}.{kind}.{way}"
                    yield from ((f"{path}.{fact}", facts[fact]) for fact in ("image", "container") if fact in facts)
                    yield from ((f"{path}.labels.{label}", text) for label, text in facts.get("labels", {}).items())


_FINDERS = ("find", "port", "ports")


def _unknown_endpoints(
    values: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    for name, block in _workloads(values):
        known = specs[name]["endpoints"]
        for key, endpoint in block.get("endpoints", {}).items():
            if key not in known and not any(endpoint.get(finder) for finder in _FINDERS):
                message = f"'{key}' is no endpoint of {name}, and without port, ports or find no new one"
                yield f"{name}.endpoints.{key}", message, nearest(key, known)


def is_re2(expression: str) -> bool:
    """Returns whether RE2, Prometheus' engine, reads an expression; true also where only RE2 could tell."""
    if _PLAIN.fullmatch(expression) or _ONLY_RE2.search(expression):
        return True
    import json

    import promql_parser

    try:
        # A selector needs one matcher that cannot match nothing: the name is that.
        promql_parser.parse(f"a{{b=~{json.dumps(expression, ensure_ascii=False)}}}")
    except ValueError:
        return False
    return True

"""The part of the chart's values that decides what is scraped and what is queried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def switches(values: Mapping[str, Any], upstream: Iterable[str]) -> dict[str, Any]:
    """Returns the values that the check on queries may read, and no others.

    What it does not see cannot change what it finds: after the change of an interval or of a threshold, every query
    that was clean is known to be clean still.

    Args:
        values: the chart's values; the schema need not have been held against them yet.
        upstream: the names of the upstream charts, which have a switch each.

    Returns:
        ``monitors`` with their switches and what they drop; ``dashboards`` and ``rules`` with their switches; of the
        upstream charts all that is true or false.
    """
    monitors = _entry(values["monitors"])
    found = {
        **{name: _switch(values.get(name)) | _flags(values.get(name)) for name in upstream},
        "monitors": {
            **{key: monitors[key] for key in ("dropMetrics", "dropLabels") if key in monitors},
            **_switched(monitors, _monitor),
        },
    }
    return found | {block: _switched(_entry(values[block]), _switch) for block in ("dashboards", "rules")}


def _flags(block: object) -> dict[str, Any]:
    """Returns what is true or false in an upstream chart's values, as deep as it lies: a monitor, a group of rules."""
    found: dict[str, Any] = {}
    for key, value in _entry(block).items():
        if isinstance(value, bool):
            found[key] = value
        elif isinstance(value, Mapping) and (deeper := _flags(value)):
            found[key] = deeper
    return found


def _switched(block: Mapping[str, Any], entry: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    return _switch(block) | {name: entry(each) for name, each in block.items() if isinstance(each, Mapping)}


def _monitor(block: Mapping[str, Any]) -> dict[str, Any]:
    endpoints = _entry(block.get("endpoints"))
    return _switch(block) | {"endpoints": {name: _switch(each) for name, each in endpoints.items()}}


def _switch(block: object) -> dict[str, Any]:
    return {key: value for key, value in _entry(block).items() if key == "enabled"}


def _entry(block: object) -> Mapping[str, Any]:
    return block if isinstance(block, Mapping) else {}

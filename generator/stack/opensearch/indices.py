"""The data streams of the logs and the mapping of their fields; templates/_setup.tpl has the rest of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.logs.fields import LogField

STREAMS = ("logs-kubernetes", "logs-host")
"""The data streams: what pods write, and what the nodes themselves do."""

SETTINGS, FIELDS = "ai-ml-observability-log-settings", "ai-ml-observability-log-fields"
"""The component templates that both streams are made of."""

POLICY = "ai-ml-observability-logs"
"""The policy of index state management that rolls over and deletes."""

LONGEST_KEYWORD = 1024
"""Characters; a longer value is stored, not indexed. Lucene refuses a document for a term over 32,766 bytes."""

LARGEST_SHARD = 30 * 1024
"""MiB at which an index is rolled over at the latest."""


def mapping(fields: Iterable[LogField]) -> dict[str, Any]:
    """Returns the mapping of log records.

    What is not listed is stored, not indexed, so that no program's keys fill the index.
    """
    record: dict[str, Any] = {"dynamic": "false", "properties": {}}
    for field in fields:
        *outer, name = field.name.split(".")
        properties = record["properties"]
        for part in outer:
            properties = properties.setdefault(part, {"properties": {}})["properties"]
        properties[name] = _property(field.type)
    return record


def _property(kind: str) -> dict[str, Any]:
    return {"type": kind, "ignore_above": LONGEST_KEYWORD} if kind == "keyword" else {"type": kind}

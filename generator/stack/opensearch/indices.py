"""Index templates, data streams and retention of the logs, as OpenSearch itself gives them back.

Numbers and booleans of index settings are text, because OpenSearch answers so: the set-up compares what it finds with
what is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.component import choices_of, mebibytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.choices.profiles import Profile
    from generator.logs.fields import LogField

STREAMS = ("logs-kubernetes", "logs-host")
"""The data streams: what pods write, and what the nodes themselves do."""

SETTINGS, FIELDS = "ai-ml-observability-log-settings", "ai-ml-observability-log-fields"
"""The component templates that both streams are made of."""

POLICY = "ai-ml-observability-logs"
"""The policy of index state management that rolls over and deletes."""

LONGEST_KEYWORD = 1024
"""Characters; a longer value is stored, not indexed. Lucene refuses a document for a term over 32,766 bytes."""

_PRIORITY = 200
_LARGEST_SHARD = 30 * 1024
"""MiB. OpenSearch's advice for logs is 30 to 50 GiB."""

_RETRY = {"count": 3, "backoff": "exponential", "delay": "1m"}


def component_templates(profile: Profile, fields: Iterable[LogField]) -> dict[str, dict[str, Any]]:
    """Gives the component templates by name."""
    return {
        SETTINGS: {"template": {"settings": {"index": _settings(profile)}}},
        FIELDS: {"template": {"mappings": mapping(fields)}},
    }


def index_templates(profile: Profile) -> dict[str, dict[str, Any]]:
    """Gives the index templates by name, one a data stream."""
    return {
        stream: {
            "index_patterns": [stream],
            "composed_of": [SETTINGS, FIELDS],
            "priority": _PRIORITY,
            "data_stream": {"timestamp_field": {"name": "@timestamp"}},
            "template": {"settings": {"index": {"number_of_shards": str(_shards(profile, stream))}}},
        }
        for stream in STREAMS
    }


def mapping(fields: Iterable[LogField]) -> dict[str, Any]:
    """Gives the mapping: what is not listed is stored, not indexed, so that no program's keys fill the index."""
    found: dict[str, Any] = {"dynamic": "false", "properties": {}}
    for field in fields:
        *outer, name = field.name.split(".")
        properties = found["properties"]
        for part in outer:
            properties = properties.setdefault(part, {"properties": {}})["properties"]
        properties[name] = _property(field.type)
    return found


def _property(kind: str) -> dict[str, Any]:
    return {"type": kind, "ignore_above": LONGEST_KEYWORD} if kind == "keyword" else {"type": kind}


def _settings(profile: Profile) -> dict[str, Any]:
    """Gives the settings of every log index.

    - codec: stored lines take less disk and longer to read. It is Lucene's own (DEFLATE); zstd comes from a plugin, and
      an index made with it cannot be opened, or restored, where that is missing.
    - refresh_interval: a line can be found five seconds after it was stored, and segments are five times fewer than at
      the default of one second.
    - mapping.ignore_malformed: a number field that holds text loses that field, not the line.
    - mapping.total_fields.limit: nothing adds fields but the template.
    - query.default_field: a search for bare words looks at the line, not at every field.
    - unassigned.node_left.delayed_timeout: a node that restarts gets its shards back before copies are made elsewhere.
    """
    return {
        "codec": "best_compression",
        "mapping": {"ignore_malformed": "true", "total_fields": {"limit": "256"}},
        "number_of_replicas": _replicas(profile),
        "query": {"default_field": ["log"]},
        "refresh_interval": "5s",
        "unassigned": {"node_left": {"delayed_timeout": "5m"}},
    }


def _nodes(profile: Profile) -> int:
    nodes: int = choices_of(profile, "opensearch")["nodes"]
    return nodes


def _shards(profile: Profile, stream: str) -> int:
    """Gives a stream's primaries: pods' lines are written on up to three nodes at once, the hosts' few on one."""
    return min(_nodes(profile), 3) if stream == STREAMS[0] else 1


def policy(profile: Profile) -> dict[str, Any]:
    """Gives the policy: a new index every day or when a shard is large, deleted when its newest line is old enough."""
    choices = choices_of(profile, "opensearch")
    retention = {"min_rollover_age": choices["retention"]}
    rollover = {"min_index_age": "1d", "min_primary_shard_size": f"{shard_mebibytes(choices)}mb", "copy_alias": False}
    return {
        "description": "Logs: rolled over by age and size, deleted by age.",
        "default_state": "written",
        "states": [
            {
                "name": "written",
                "actions": [{"retry": _RETRY, "rollover": rollover}],
                "transitions": [{"state_name": "deleted", "conditions": retention}],
            },
            {"name": "deleted", "actions": [{"retry": _RETRY, "delete": {}}], "transitions": []},
        ],
        "ism_template": [{"index_patterns": list(STREAMS), "priority": 100}],
    }


def shard_mebibytes(choices: Mapping[str, Any]) -> int:
    """Gives the size in MiB at which a primary shard is full: a tenth of a node's volume, 30 GiB at most.

    Space comes back an index at a time, so that one index must be a small part of the disk.
    """
    return max(min(mebibytes(choices["volume"]) // 10, _LARGEST_SHARD), 100)


def cluster_settings(profile: Profile) -> dict[str, str]:
    """Gives persistent cluster settings.

    One node can hold no copies, also not of the indices that OpenSearch's plugins make for themselves. (As a line of
    opensearch.yml, OpenSearch would take this setting and ignore it.)
    """
    return {"cluster.default_number_of_replicas": _replicas(profile)}


def management_settings(profile: Profile) -> dict[str, str]:
    """Gives the persistent cluster settings of index state management, whose history has its own number of copies."""
    return {"plugins.index_state_management.history.number_of_replicas": _replicas(profile)}


def _replicas(profile: Profile) -> str:
    return "0" if _nodes(profile) == 1 else "1"

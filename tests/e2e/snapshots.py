"""What is in a cluster at a moment, and what has changed between two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.client import Client

Key = tuple[str, str, str]
"""Kind, namespace (empty for what has none) and name."""

PASSING = frozenset(
    {
        "Event",
        "Lease",
        "Endpoints",
        "EndpointSlice",
        "ComponentStatus",
        "Node",
        "PodMetrics",
        "NodeMetrics",
        "APIService",
    }
)
"""Kinds that controllers rewrite by themselves."""

MOVING = ("managedFields", "resourceVersion", "generation")
"""Metadata that changes without the content, or with it."""


def content(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an object without its status and what only counts its changes."""
    meta = {key: value for key, value in item["metadata"].items() if key not in MOVING}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": meta}


def kept(kind: str, item: Mapping[str, Any]) -> bool:
    """Returns whether an object counts: not Helm's record, not what a CronJob starts every few minutes."""
    if kind in PASSING:
        return False
    meta = item["metadata"]
    started = {owner["kind"] for owner in meta.get("ownerReferences", ())}
    return not meta["name"].startswith("sh.helm.release.") and not started & {"CronJob", "Job"}


def differences(before: Mapping[Key, Mapping[str, Any]], after: Mapping[Key, Mapping[str, Any]]) -> list[str]:
    """Returns a line for each object that came, went or changed, with the paths that changed; sorted."""
    lines = []
    for key in before.keys() | after.keys():
        name = "/".join(filter(None, key))
        if key not in after:
            lines.append(f"{name} is gone")
        elif key not in before:
            lines.append(f"{name} is new")
        elif before[key]["metadata"].get("uid") != after[key]["metadata"].get("uid"):
            lines.append(f"{name} was made anew")
        elif before[key] != after[key]:
            lines.append(f"{name} changed: {', '.join(_paths(before[key], after[key]))}")
    return sorted(lines)


def _paths(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                yield from _paths(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    else:
        yield path


def take(client: Client) -> dict[Key, dict[str, Any]]:
    """Returns everything in the cluster that counts, by kind, namespace and name."""
    found: dict[Key, dict[str, Any]] = {}
    for group in _groups(client):
        for resource in client.do("GET", group)["resources"]:
            if "/" in resource["name"] or "list" not in resource["verbs"] or resource["kind"] in PASSING:
                continue
            for item in client.items(f"{group}/{resource['name']}"):
                if kept(resource["kind"], item):
                    meta = item["metadata"]
                    found[resource["kind"], meta.get("namespace", ""), meta["name"]] = content(item)
    return found


def _groups(client: Client) -> Iterator[str]:
    yield "api/v1"
    for group in client.do("GET", "apis")["groups"]:
        if group["name"] not in {"metrics.k8s.io", "events.k8s.io"}:
            yield f"apis/{group['preferredVersion']['groupVersion']}"

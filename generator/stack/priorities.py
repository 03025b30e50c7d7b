"""Which pods go first where a node has no room: what runs on every node has a PriorityClass of this chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

NODE_CLASS = "ai-ml-observability-node"
"""Not system-node-critical: GKE lets that into namespaces with a quota for it alone."""


def priority_context(profile: Profile) -> dict[str, str]:
    """Returns what the values of upstream charts are filled with, ``""`` for no class.

    Returns:
        ``on_nodes`` for DaemonSets and ``priority`` for the rest.
    """
    choices = profile.choices["priorityClasses"]
    return {"on_nodes": choices["daemonSets"] or "", "priority": choices["others"] or ""}


def uses_node_class(values: Mapping[str, Any]) -> bool:
    """Returns whether the chart makes NODE_CLASS, because one of its DaemonSets is on and names it.

    Args:
        values: the chart's values, complete.
    """
    stack, fluent_bit = values.get("kube-prometheus-stack", {}), values.get("fluent-bit", {})
    exporter = stack.get("prometheus-node-exporter", {})
    return any(
        bool(chart.get("enabled")) and daemons.get("priorityClassName") == NODE_CLASS
        for chart, daemons in ((stack, exporter), (fluent_bit, fluent_bit))
    )

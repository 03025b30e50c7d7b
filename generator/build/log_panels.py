"""Fits the dashboards to a profile that keeps no logs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.choices.profiles import Profile


def keeps_logs(profile: Profile) -> bool:
    """Whether log panels have something to show.

    The profile says so (``dashboards.logs``); if it does not, this chart has its own OpenSearch, or uses or ships logs
    to another.
    """
    configured: bool | None = profile.choices["dashboards"].get("logs")
    if configured is not None:
        return configured
    components = profile.choices["components"]
    shipper = components["fluent-bit"]
    store = components["opensearch"]
    return bool(store["enabled"] or store["external"] or (shipper["enabled"] and shipper["host"] is not None))


def without_log_panels(profile: Profile, sources: Sources) -> Sources:
    """Returns the sources without log panels if the profile keeps no logs; a dashboard of only these is left out."""
    if keeps_logs(profile):
        return sources
    from generator.dashboards.logs import without_logs

    trimmed = {name: without_logs(dashboard) for name, dashboard in sources.dashboards.items()}
    return replace(
        sources, dashboards={name: dashboard for name, dashboard in trimmed.items() if dashboard is not None}
    )

"""Monitors: from monitors/*.yaml to the chart's Pod and Service monitors, their values and the schema of these.

All functions here are pure and take the files' content by workload name, as sources.read_sources gives it.
"""

from __future__ import annotations

from generator.monitors.labels import TargetLabels, series_labels, target_labels
from generator.monitors.scrapes import scrape_problems
from generator.monitors.templates import monitor_templates
from generator.monitors.values import monitor_values_schema

__all__ = [
    "TargetLabels",
    "monitor_templates",
    "monitor_values_schema",
    "scrape_problems",
    "series_labels",
    "target_labels",
]

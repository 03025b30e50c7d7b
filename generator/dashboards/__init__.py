"""Dashboards: YAML that people read in, Grafana's JSON and the chart's files out."""

from __future__ import annotations

from generator.dashboards.chart import dashboard_files, dashboard_values, dashboard_values_schema
from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.queries import expressions, queries, variable_query
from generator.dashboards.reader import parse_dashboard, read_dashboards
from generator.dashboards.spec import Dashboard

__all__ = [
    "Dashboard",
    "compile_dashboard",
    "dashboard_files",
    "dashboard_values",
    "dashboard_values_schema",
    "expressions",
    "parse_dashboard",
    "queries",
    "read_dashboards",
    "variable_query",
]

"""Builds the panels that show or count lines of logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.dashboards.opensearch import POINTS, alias, log_source, log_targets
from generator.dashboards.panels import start_panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.dashboards.logs import LogQuery
    from generator.dashboards.spec import Panel

LEVEL_COLORS = {
    "critical": "purple",
    "error": "red",
    "warning": "orange",
    "info": "green",
    "debug": "blue",
    "trace": "light-blue",
}
"""The colour of each level, the same on every dashboard."""


@dataclass(frozen=True)
class _Query:
    """A target as Grafana's builders take it: they ask for build(), their encoder for to_json()."""

    data: dict[str, Any]

    def build(self) -> Any:
        return self

    def to_json(self) -> dict[str, Any]:
        return self.data


def build_log_panel(panel: Panel, queries: Sequence[LogQuery]) -> Any:
    """Returns the builder of a panel over logs, without id and place."""
    from grafana_foundation_sdk.models.dashboard import DataSourceRef, DynamicConfigValue

    source = log_source()
    built = start_panel(panel, DataSourceRef(type_val=source["type"], uid=source["uid"]))
    targets = list(log_targets(panel, queries))
    for target in targets:
        built.with_target(_Query(target))
    # A share is named by Grafana's expression, not by an alias.
    shown = [target for target in targets if not target.get("hide")]
    for target, query in zip(shown, queries, strict=True):
        if query.part:
            built.override_by_query(target["refId"], [DynamicConfigValue("displayName", query.legend or "Share")])
        if query.unit:
            built.override_by_query(target["refId"], [DynamicConfigValue("unit", query.unit)])
    if panel.type == "timeseries":
        _add_bars(built, queries)
    elif panel.type == "stat":
        _add_total(built)
    elif panel.type == "table":
        _add_columns(built, panel, queries[0])
    return built


def _add_bars(built: Any, queries: Sequence[LogQuery]) -> None:
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models import common
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId

    built.max_data_points(POINTS)
    if all(query.part for query in queries):
        return
    built.draw_style(common.GraphDrawStyle.BARS).fill_opacity(70)
    if any(alias(query) == "{{level}}" for query in queries):
        for level, color in LEVEL_COLORS.items():
            fixed = builders.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(color).build()
            built.override_by_name(level, [DynamicConfigValue("color", fixed)])


def _add_total(built: Any) -> None:
    """Has a stat add up its bars; of a share, one value is left already."""
    from grafana_foundation_sdk.builders import common

    built.reduce_options(common.ReduceDataOptions().calcs(["sum"]))


def _add_columns(built: Any, panel: Panel, query: LogQuery) -> None:
    from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

    names = {**dict(panel.columns), "Count": query.legend or "Lines"}
    order = {name: index for index, name in enumerate(names)}
    organize = {"includeByName": {}, "excludeByName": {}, "indexByName": order, "renameByName": names}
    built.with_transformation(DataTransformerConfig(id_val="organize", options=organize))

"""Builds single panels with Grafana's builders: one function a type, and what all types share."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from generator.dashboards.spec import DATASOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.dashboards.spec import Panel, Threshold
    from generator.promql.expression import Expression

_INSTANT = ("stat", "gauge", "bargauge", "table")
"""Types that show the present: they ask for one value, so that no stale one is taken for it."""


_BESIDE = 190
"""Pixels of a legend beside its lines: a quarter of a panel of half a window of 1,600."""

_ENDED = "or on () vector(NaN)"
"""What a stat with a sparkline gets where its query yields nothing.

Such a stat asks for the past and shows the last of it, which would be the last number of a series that ended, for the
whole time range. No query of Grafana 13 brings both the past and the present into one stat, and its calculation
"Last *" passes over gaps and NaN (@grafana/data 13.2.3, transformations/fieldReducer). So the end is made a value,
"Last" takes it, and a mapping shows the panel's ``noValue`` for it (field/displayProcessor: NaN alone reads "NaN").
"""


def datasource_ref() -> Any:
    """Returns the reference to the data source that the dashboard's variable names."""
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    return DataSourceRef(type_val="prometheus", uid=f"${{{DATASOURCE}}}")


def build_panel(panel: Panel, queries: Sequence[Expression]) -> Any:
    """Returns the builder of one panel that asks Prometheus or nobody, without id and place.

    Args:
        panel: the panel.
        queries: its queries, shorthands written out.
    """
    if panel.type == "text":
        return _text(panel)
    built = start_panel(panel, datasource_ref())
    for number, query in enumerate(queries):
        built.with_target(_target(panel, query, ref_id(number)))
    if panel.every:
        built.interval(panel.every)
    _add_units(built, panel, queries)
    if panel.type == "table":
        _add_columns(built, panel, queries)
    return built


def start_panel(panel: Panel, source: Any) -> Any:
    """Returns the builder of a panel that asks ``source``, without its queries."""
    built = _BUILDERS[panel.type](panel)
    built.title(panel.title).description(describe(panel)).datasource(source)
    if panel.unit:
        built.unit(panel.unit)
    _add_scale(built, panel)
    _add_colors(built, panel)
    return built


def describe(panel: Panel) -> str:
    """Returns the description with a list of what each threshold means, in Markdown."""
    lines = []
    for index, step in enumerate(panel.thresholds):
        if step.meaning:
            above = panel.thresholds[index + 1] if index + 1 < len(panel.thresholds) else None
            lines.append(f"- **{_range(step, above, panel.unit)}**: {step.meaning}")
    return "\n".join([panel.description, "", *lines]) if lines else panel.description


def _range(step: Threshold, above: Threshold | None, unit: str) -> str:
    name = f"{step.text}, " if step.text else ""
    if above is None or above.start is None:
        return f"{name}{_amount(step.start or 0, unit)} and more"
    if step.start is None:
        return f"{name}below {_amount(above.start, unit)}"
    return f"{name}{_amount(step.start, unit)} to {_amount(above.start, unit)}"


def _amount(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value * 100:g} %"
    names = {"percent": " %", "s": " s", "ms": " ms", "celsius": " °C", "watt": " W"}
    return f"{value:g}{names.get(unit, '')}"


def ref_id(number: int) -> str:
    """Returns the refId of a panel's query, counted from 0: A to Z, then AA, AB …"""
    text = ascii_uppercase[number % 26]
    return text if number < 26 else ref_id(number // 26 - 1) + text


def _target(panel: Panel, query: Expression, name: str) -> Any:
    from grafana_foundation_sdk.builders import prometheus
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

    expr = f"({query.text}\n) {_ENDED}" if panel.sparkline else query.text
    built = prometheus.Dataquery().ref_id(name).expr(expr)  # it asks the panel's data source
    if panel.type == "table":
        built.format(PromQueryFormat.TABLE)
    else:
        built.legend_format(query.legend or "__auto")
    if panel.type == "heatmap":
        built.format(PromQueryFormat.HEATMAP)
    # What is asked neither for a moment nor for a range is asked for the range (grafana 13, promlib/models/query.go).
    return built.instant() if panel.type in _INSTANT and not panel.sparkline else built


def _add_scale(built: Any, panel: Panel) -> None:
    if panel.decimals is not None:
        built.decimals(panel.decimals)
    if panel.min is not None:
        built.min(panel.min)
    if panel.max is not None:
        built.max(panel.max)
    if panel.no_value:
        built.no_value(panel.no_value)
    if panel.thresholds:
        _add_thresholds(built, panel)
    elif panel.type == "stat":
        _add_plain_color(built)
    mappings = _mappings(panel)
    if mappings:
        built.mappings(mappings)


def _add_thresholds(built: Any, panel: Panel) -> None:
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models import dashboard as models

    steps = [models.Threshold(value=step.start, color=step.color) for step in panel.thresholds]
    built.thresholds(builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    if panel.type not in {"stat", "timeseries"}:  # of a stat it is Grafana's own choice
        built.color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))


def _add_plain_color(built: Any) -> None:
    """Gives a number without thresholds the colour of text: else Grafana has it green, and red from 80."""
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models import dashboard as models

    built.color_scheme(builders.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color("text"))


def _mappings(panel: Panel) -> list[Any]:
    """Returns which words stand for which values: those of thresholds, and ``noValue`` for a sparkline that ended."""
    from grafana_foundation_sdk.models import dashboard as models

    # Both ends of a range belong to it and the first range that fits wins: the highest step comes first, so that a
    # value on a border gets the words of the step whose colour it has.
    mappings: list[models.ValueMapping] = []
    end: float | None = None
    for step in reversed(panel.thresholds):
        if step.text:
            result = models.ValueMappingResult(text=step.text, color=step.color, index=len(mappings))
            options = models.DashboardRangeMapOptions(from_val=step.start, to=end, result=result)
            mappings.append(models.RangeMap(options=options))
        end = step.start
    if panel.sparkline:
        # "text" is the theme's colour of plain text: nothing is neither good nor bad.
        nothing = models.ValueMappingResult(text=panel.no_value or "No data", color="text", index=len(mappings))
        special = models.DashboardSpecialValueMapOptions(match=models.SpecialValueMatch.NA_N, result=nothing)
        mappings.append(models.SpecialValueMap(options=special))
    return mappings


def _add_units(built: Any, panel: Panel, queries: Sequence[Expression]) -> None:
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

    for number, query in enumerate(queries):
        if query.unit == panel.unit:
            continue
        if panel.type == "table":
            built.override_by_name(query.legend, [DynamicConfigValue("unit", query.unit)])
        else:
            built.override_by_query(ref_id(number), [DynamicConfigValue("unit", query.unit)])


def _add_columns(built: Any, panel: Panel, queries: Sequence[Expression]) -> None:
    """Joins a table's queries on their labels, then names and orders the columns; other labels are left out."""
    from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

    values = ["Value"] if len(queries) == 1 else [f"Value #{ref_id(number)}" for number in range(len(queries))]
    names = dict(panel.columns)
    names.update((value, query.legend or value) for value, query in zip(values, queries, strict=True))
    organize = {
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": names,
    }
    labels = "|".join(label for label, _ in panel.columns)
    keep = {"include": {"pattern": f"/^({labels}{'|' if labels else ''}Value.*)$/"}}
    built.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    built.with_transformation(DataTransformerConfig(id_val="filterFieldsByName", options=keep))
    built.with_transformation(DataTransformerConfig(id_val="organize", options=organize))


def _reduce_last(*, ended: bool = False) -> Any:
    from grafana_foundation_sdk.builders import common

    return common.ReduceDataOptions().calcs(["last" if ended else "lastNotNull"])


def _stat(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import stat
    from grafana_foundation_sdk.models import common

    worded = any(step.text for step in panel.thresholds)
    return (
        stat.Panel()
        .reduce_options(_reduce_last(ended=panel.sparkline))
        .color_mode(common.BigValueColorMode.BACKGROUND if worded else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.AREA if panel.sparkline else common.BigValueGraphMode.NONE)
    )


def _gauge(_: Panel) -> Any:
    from grafana_foundation_sdk.builders import gauge

    return gauge.Panel().reduce_options(_reduce_last()).show_threshold_markers(True)


def _bargauge(_: Panel) -> Any:
    from grafana_foundation_sdk.builders import bargauge
    from grafana_foundation_sdk.models import common

    return (
        bargauge.Panel()
        .reduce_options(_reduce_last())
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
    )


def _timeseries(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import common as builders
    from grafana_foundation_sdk.builders import timeseries
    from grafana_foundation_sdk.models import common

    beside = panel.legend == "beside"
    legend = (
        builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE if beside else common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.RIGHT if beside else common.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    if beside:
        legend.width(_BESIDE)
    tooltip = builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    built = (
        timeseries.Panel()
        .legend(legend)
        .tooltip(tooltip)
        .line_width(1)
        .fill_opacity(30 if panel.stack else 10)
        .show_points(common.VisibilityMode.NEVER)
    )
    if panel.stack:
        built.stacking(builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if panel.thresholds:
        style = builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        built.thresholds_style(style)
    return built


def _add_colors(built: Any, panel: Panel) -> None:
    """Gives lines colours that mean something; Grafana goes by the order of names, in which 'abort' is green."""
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId

    for name, color in panel.colors:
        override = built.override_by_regexp if name.startswith("/") else built.override_by_name
        fixed = builders.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(color).build()
        override(name, [DynamicConfigValue("color", fixed)])


def _heatmap(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import heatmap

    return heatmap.Panel().calculate(False).y_axis(heatmap.YAxisConfig().unit(panel.unit)).show_y_histogram()


def _table(_: Panel) -> Any:
    from grafana_foundation_sdk.builders import table

    return table.Panel().show_header(True)


def _logs(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import logs
    from grafana_foundation_sdk.models import common

    built = (
        logs.Panel()
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(common.LogsSortOrder.DESCENDING)
        .dedup_strategy(common.LogsDedupStrategy.NONE)
    )
    # Grafana's name of the line itself among the fields shown.
    return built.displayed_fields([*panel.fields, "___LOG_LINE_BODY___"]) if panel.fields else built


def _text(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import text
    from grafana_foundation_sdk.models.text import TextMode

    built = text.Panel().title(panel.title).description(panel.description)
    return built.mode(TextMode.MARKDOWN).content(panel.content)


_BUILDERS: dict[str, Callable[[Panel], Any]] = {
    "stat": _stat,
    "gauge": _gauge,
    "bargauge": _bargauge,
    "timeseries": _timeseries,
    "heatmap": _heatmap,
    "table": _table,
    "logs": _logs,
}

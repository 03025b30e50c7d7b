"""What a dashboard is, as data. Nothing here knows of YAML or of Grafana's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.promql.shorthands import Percentiles, Ratio, Shared

RESERVED = ("annotations", "enabled", "extra", "folder", "labels", "logs", "records")
"""Names that no dashboard file may have, because they are keys of ``dashboards`` in the values or in a profile."""

DATASOURCE = "datasource"
"""The variable that chooses the Prometheus data source; the compiler adds it where something asks Prometheus."""

LOG_SOURCE = "logs"
"""The variable that chooses the OpenSearch data source; the compiler adds it where something asks for logs."""


@dataclass(frozen=True)
class Link:
    """A link at the top: ``tag`` lists the dashboards that carry it, else ``url`` is the address."""

    title: str
    tag: str = ""
    url: str = ""
    tooltip: str = ""


@dataclass(frozen=True)
class Variable:
    """A menu or a box for words; it has one of ``query``, ``field`` and ``search``.

    Attributes:
        query: Prometheus' query that fills the menu, unexpanded.
        field: the field of a log record whose values fill the menu.
        logs: for ``field``, the Lucene query that narrows the lines down, unexpanded; "" for all lines.
        search: whether it is a box in which a person types words to look for.
        all_value: what "All" stands for, "" for a list of all values.
    """

    name: str
    description: str
    query: str = ""
    field: str = ""
    logs: str = ""
    search: bool = False
    label: str = ""
    regex: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str = ""


@dataclass(frozen=True)
class Logs:
    """Lines of logs: shown in a logs panel, counted in every other.

    Attributes:
        query: which lines, in Lucene's language, unexpanded.
        counted: whether they are counted.
        by: the fields by which they are counted.
        top: how many values of each field, those with most lines.
        missing: what a line without the field counts as; "" leaves it out.
        share: the Lucene query of the lines whose share is wanted; "" for none.
    """

    query: str
    counted: bool = False
    by: tuple[str, ...] = ()
    top: int = 10
    missing: str = ""
    share: str = ""


@dataclass(frozen=True)
class Target:
    """One query as written: raw PromQL, one of the shorthands, or lines of logs."""

    query: str | Percentiles | Ratio | Logs
    legend: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Threshold:
    """A step of colours: from ``start`` (None for the first), in the panel's unit, up to the next step."""

    start: float | None
    color: str
    text: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel; 0 as width, height or max_lines means the default, None an end of the scale left open."""

    title: str
    type: str
    description: str
    unit: str = ""
    decimals: int | None = None
    min: float | None = None
    max: float | None = None
    width: int = 0
    height: int = 0
    no_value: str = ""
    thresholds: tuple[Threshold, ...] = ()
    stack: bool = False
    legend: str = ""
    sparkline: bool = False
    every: str = ""
    colors: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    content: str = ""
    fields: tuple[str, ...] = ()
    max_lines: int = 0
    targets: tuple[Target, ...] = ()

    @property
    def asks_logs(self) -> bool:
        """Whether its queries ask for logs; the checks see to it that all do or none."""
        return any(isinstance(target.query, Logs) for target in self.targets)


@dataclass(frozen=True)
class Row:
    """A heading and its panels."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True)
class Dashboard:
    """One dashboard.

    Attributes:
        name: the file's base name; the switch in the chart's values.
        file: the file as shown in errors.
        shared: what its expressions share.
        refresh: a duration, or "" for never.
        workloads: the monitors of the workloads that it is about; () where no switch of the chart takes it along.
    """

    name: str
    file: str
    title: str
    uid: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    shared: Shared
    tags: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    time_from: str = "now-30m"
    time_to: str = "now"
    refresh: str = "30s"
    workloads: tuple[str, ...] = ()

    def panels(self) -> Iterator[tuple[str, Panel]]:
        """Yields each panel with its path in the file, ``rows[0].panels[1]``, in the order of the file."""
        for row_index, row in enumerate(self.rows):
            for index, panel in enumerate(row.panels):
                yield f"rows[{row_index}].panels[{index}]", panel

"""What a dashboard is, as data. Nothing here knows of YAML or of Grafana's JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RESERVED = ("annotations", "enabled", "extra", "folder", "labels")
"""Names that no dashboard file may have, because they are keys of ``dashboards`` in the chart's values."""

DATASOURCE = "datasource"
"""The variable that chooses the Prometheus data source; the compiler adds it to every dashboard."""


@dataclass(frozen=True)
class Link:
    """A link at the top: ``tag`` lists the dashboards that carry it, else ``url`` is the address."""

    title: str
    tag: str = ""
    url: str = ""
    tooltip: str = ""


@dataclass(frozen=True)
class Variable:
    """A menu filled by a query; ``query`` is unexpanded, ``all_value`` is "" for a list of all values."""

    name: str
    description: str
    query: str
    label: str = ""
    regex: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str = ""


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of a histogram; ``quantiles`` lie between 0 and 1."""

    histogram: str
    quantiles: tuple[float, ...]
    by: tuple[str, ...] = ()
    mean: bool = False


@dataclass(frozen=True)
class Ratio:
    """One counter over another."""

    part: str
    whole: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """One query as written: raw PromQL, or one of the shorthands."""

    query: str | Percentiles | Ratio
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
    """One panel; 0 as width or height means the default of its type, None an end of the scale left open."""

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
    sparkline: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    content: str = ""
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Row:
    """A heading and its panels."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True)
class Shared:
    """What the expressions of a dashboard share, by name, as written.

    Attributes:
        matchers: label matchers, as they stand between braces; ``@name`` stands for them.
        parts: expressions; ``$part:name`` stands for them.
        expanded: what shorthands.expand made of each expression: the checks, the compiler and the check on PromQL
            all ask for it.
    """

    matchers: Mapping[str, str]
    parts: Mapping[str, str]
    expanded: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard.

    Attributes:
        name: the file's base name; the switch in the chart's values.
        file: the file as shown in errors.
        shared: what its expressions share.
        refresh: a duration, or "" for never.
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

    def panels(self) -> Iterator[tuple[str, Panel]]:
        """Gives each panel with its path in the file, ``rows[0].panels[1]``, in the order of the file."""
        for row_index, row in enumerate(self.rows):
            for index, panel in enumerate(row.panels):
                yield f"rows[{row_index}].panels[{index}]", panel

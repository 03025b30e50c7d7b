"""What a file of rules is, as data. Nothing here knows of YAML, of Helm or of Prometheus' rule files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.promql.shorthands import Shared

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

RESERVED = ("additionalAlertLabels", "alerts", "annotations", "enabled", "extra", "labels", "runbookUrl")
"""Names that no file of rules may have, because they are keys of ``rules`` in the chart's values."""


@dataclass(frozen=True)
class Threshold:
    """A number that people tune; ``$threshold:NAME`` stands for it in expressions and texts.

    Attributes:
        default: the value if nobody sets one.
        description: what it bounds, with its unit.
        minimum: smallest value allowed.
        maximum: largest value allowed; None for no bound.
    """

    default: float
    description: str
    minimum: float = 0
    maximum: float | None = None


@dataclass(frozen=True)
class Record:
    """A record; ``expr`` is as written, with shorthands."""

    record: str
    expr: str
    description: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Count:
    """A record of counts, see counts.py.

    Attributes:
        record: its name, ``level:metric:increase1m``.
        selector: a counter (or a part of a histogram) with or without matchers, as written, with shorthands.
        by: the labels that stay.
        only_on: the labels that ``only_with`` is joined on; () without it.
        only_with: only series that meet one of this expression's are counted; "" for all.
    """

    record: str
    selector: str
    by: tuple[str, ...]
    description: str
    only_on: tuple[str, ...] = ()
    only_with: str = ""


@dataclass(frozen=True)
class Alert:
    """An alert; ``expr`` and the texts are as written, with shorthands.

    Attributes:
        wait: how long the expression must hold, a duration; "" for not at all (Prometheus' ``for``).
        keep: how long it stays after that, a duration; "" for not at all (``keep_firing_for``).
        runbook: name of its page in docs/runbooks, without ``.md``.
        workload: the monitor of the workload that it is about; "" where its file says, or no workload is meant.
    """

    alert: str
    expr: str
    severity: Severity
    summary: str
    description: str
    labels: Mapping[str, str]
    runbook: str
    wait: str = ""
    keep: str = ""
    workload: str = ""


@dataclass(frozen=True)
class Slo:
    """An objective from which two alerts are made, ``NAMEFast`` and ``NAMESlow`` (see slo.py).

    Attributes:
        alert: NAME; also the name of the runbook's page.
        events: a record of counts, events.
        buckets: a record of counts, the buckets of a histogram, for an objective on latency; else "".
        seconds: the latency that the share of events must stay below; None without ``buckets``.
        bad: a record of counts, failed events, for an objective on errors; else "".
        objective: the share of events that must be good, between 0 and 1.
        minimum: fewest events in the long window.
    """

    alert: str
    summary: str
    description: str
    objective: float
    minimum: float
    events: str
    buckets: str = ""
    seconds: float | None = None
    bad: str = ""


@dataclass(frozen=True)
class Rules:
    """One file of rules/.

    Attributes:
        name: the file's stem; the switch in the chart's values.
        file: the file as shown in errors.
        slos: by the name under which the chart's values know them.
        shared: what ``@monitors`` stands for in its expressions.
        workload: the monitor of the workload that all of its alerts are about; "" if there is no such one.
    """

    name: str
    file: str
    description: str
    enabled: bool
    thresholds: Mapping[str, Threshold]
    records: tuple[Record, ...]
    slos: Mapping[str, Slo]
    alerts: tuple[Alert, ...]
    shared: Shared
    counts: tuple[Count, ...] = ()
    workload: str = ""

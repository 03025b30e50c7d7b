"""The classes whose instances are metric families, prometheus_client's and Ray's, and what they make of arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.catalogue.spec import FamilyType

_RAY_LABELS = ("Component", "NodeAddress", "SessionName", "Version", "WorkerId")
"""What Ray's node agent adds to whatever one of its processes sets (measured on 2.60.0)."""


@dataclass(frozen=True)
class Maker:
    """A class of a library, whose instances are metric families.

    Attributes:
        type: what it is exposed as.
        positions: the names of its positional arguments, in order; ``name``, ``labels``, ``help``, ``namespace``,
            ``subsystem`` and ``unit`` are read.
        prefix: what the library puts before the name.
        suffix: what it puts behind, unless it is there already.
        adds: labels that every series gets besides.
        more: whether there may be others, as those that ray.serve.metrics adds inside a replica.
    """

    type: FamilyType
    positions: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    adds: tuple[str, ...] = ()
    more: bool = False


KEYWORDS = {"labelnames": "labels", "tag_keys": "labels", "tags": "labels", "documentation": "help"}
KEYWORDS |= {"description": "help"}
"""What a keyword of one of the libraries is called here."""
_CLIENT = ("name", "help", "labels", "namespace", "subsystem", "unit")
_RAY, _RAY_HISTOGRAM = ("name", "help", "labels"), ("name", "help", "boundaries", "labels")


def _ray(*, more: bool) -> dict[str, Maker]:
    return {
        "Counter": Maker("counter", _RAY, "ray_", "_total", _RAY_LABELS, more),
        "Gauge": Maker("gauge", _RAY, "ray_", "", _RAY_LABELS, more),
        "Histogram": Maker("histogram", _RAY_HISTOGRAM, "ray_", "", _RAY_LABELS, more),
    }


MAKERS: Mapping[str, Mapping[str, Maker]] = {
    "prometheus_client": {
        "Counter": Maker("counter", _CLIENT, suffix="_total"),
        "Gauge": Maker("gauge", _CLIENT),
        "Histogram": Maker("histogram", _CLIENT),
        "Summary": Maker("summary", _CLIENT),
        "Info": Maker("gauge", _CLIENT, suffix="_info"),
        "Enum": Maker("gauge", _CLIENT),
    },
    "prometheus_client.core": {
        "CounterMetricFamily": Maker("counter", ("name", "help", "value", "labels"), suffix="_total"),
        "GaugeMetricFamily": Maker("gauge", ("name", "help", "value", "labels")),
        "HistogramMetricFamily": Maker("histogram", ("name", "help", "buckets", "sum", "labels")),
        "SummaryMetricFamily": Maker("summary", ("name", "help", "count", "sum", "labels")),
        "InfoMetricFamily": Maker("gauge", ("name", "help", "value", "labels"), suffix="_info"),
    },
    "ray.util.metrics": _ray(more=False),
    "ray.serve.metrics": _ray(more=True),
    "ray._private.metrics_agent": {"Gauge": Maker("gauge", ("name", "help", "unit_of_measure", "labels"), "ray_")},
}
"""Classes by module, with what prometheus_client 0.25 and Ray 2.60 make of their arguments."""
RECORDER: Mapping[str, Maker] = {
    "register_counter_metric": Maker("counter", ("name", "help"), "ray_", "_total", more=True),
    "register_gauge_metric": Maker("gauge", ("name", "help"), "ray_", more=True),
    "register_histogram_metric": Maker("histogram", ("name", "help"), "ray_", more=True),
    "register_sum_metric": Maker("gauge", ("name", "help"), "ray_", more=True),
}
"""Methods of Ray's OpenTelemetryMetricRecorder; labels come with each value."""
SAME = {"prometheus_client.metrics": "prometheus_client", "prometheus_client.metrics_core": "prometheus_client.core"}
"""Modules whose classes are those of another."""

"""From series and samples to memory, volumes and shards, and to the choices of a profile that follow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.choices.quantities import amount
from generator.promql.durations import milliseconds
from generator.sizing.numbers import constants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.build.build import Build
    from generator.sizing.counting import Workload
    from generator.sizing.numbers import Fleet

_GIB = 2**30
_QUERIES = 1.25
"""Room for queries and rules over what the head takes."""


@dataclass(frozen=True)
class Needs:
    """What a fleet needs of each part.

    Attributes:
        series: in Prometheus' head, replaced ones included.
        samples: stored in a second.
        memory: of each Prometheus, bytes.
        disk: of its retention, bytes.
        days: of its retention.
        state_shards: pods of kube-state-metrics.
        logs: on all of OpenSearch's nodes, copies included, bytes.
        network: text of scrapes that Prometheus reads in a second, bytes.
    """

    series: float
    samples: float
    memory: float
    disk: float
    days: float
    state_shards: int
    logs: float
    network: float


def needs(build: Build, fleet: Fleet, found: Sequence[Workload]) -> Needs:
    """Returns what a chart needs for a fleet.

    Args:
        build: the chart.
        fleet: the fleet.
        found: what counting.workloads gives.
    """
    per = constants()
    choices = build.profile.choices["components"]
    series = sum(each.stored for each in found) * (1 + fleet.churn)
    samples = sum(each.samples for each in found)
    days = _days(choices["kube-prometheus-stack"]["prometheus"]["retention"])
    state = sum(each.stored for each in found if each.job == "kube-state-metrics")
    opensearch = choices["opensearch"]
    copies = 2 if opensearch["nodes"] > 1 else 1
    lines = fleet.nodes * fleet.log_lines * 86400 * _days(opensearch["retention"])
    return Needs(
        series=series,
        samples=samples,
        memory=(per["baseBytes"] + series * per["bytesPerSeries"]) * _QUERIES,
        disk=samples * 86400 * days * per["bytesPerSample"],
        days=days,
        state_shards=max(1, math.ceil(state / per["stateSeriesPerShard"])),
        logs=lines * per["bytesPerLogLine"] * copies if opensearch["enabled"] else 0.0,
        # kube-state-metrics alone is told what to leave out; what others write is read, and then dropped.
        network=sum((each.stored if each.job == "kube-state-metrics" else each.series) / each.seconds for each in found)
        * per["bytesPerLine"],
    )


def _days(duration: str) -> float:
    return (milliseconds(duration) or 0) / 86_400_000


def overlay(build: Build, need: Needs) -> dict[str, Any]:
    """Returns the choices that follow, to be laid over the profile.

    retentionSize follows from the volume; OpenSearch's nodes share its storage.
    """
    share = constants()["volumeShare"]
    memory = f"{math.ceil(need.memory / _GIB)}Gi"
    opensearch = build.profile.choices["components"]["opensearch"]
    components: dict[str, Any] = {
        "kube-prometheus-stack": {
            "prometheus": {
                "volume": f"{max(10, math.ceil(need.disk / share / _GIB))}Gi",
                "resources": {"requests": {"memory": memory}, "limits": {"memory": memory}},
            }
        }
    }
    if need.state_shards > 1:
        components["kube-state-metrics"] = {"shards": need.state_shards}
    if opensearch["enabled"]:
        each = need.logs / share / opensearch["nodes"]
        components["opensearch"] = {"volume": f"{max(10, math.ceil(each / _GIB))}Gi"}
    return {"components": components}


def too_small(build: Build, need: Needs) -> list[str]:
    """Returns what the chart's own choices do not hold, a sentence each."""
    choices = build.profile.choices["components"]
    prometheus = choices["kube-prometheus-stack"]["prometheus"]
    limit = amount(str(prometheus["resources"].get("limits", {}).get("memory", "0")))
    volume = float(amount(prometheus["volume"]) or 0) * constants()["volumeShare"]
    found = []
    if limit and float(limit) < need.memory:
        found.append(f"Prometheus' memory limit of {prometheus['resources']['limits']['memory']} is too small")
    if volume < need.disk:
        kept = need.days * volume / need.disk
        found.append(f"Prometheus' volume of {prometheus['volume']} keeps {kept:.1f} of {need.days:g} days")
    if choices["kube-state-metrics"]["enabled"] and choices["kube-state-metrics"]["shards"] < need.state_shards:
        found.append(f"kube-state-metrics needs {need.state_shards} shards")
    if choices["opensearch"]["enabled"] and need.logs:
        nodes, each = choices["opensearch"]["nodes"], choices["opensearch"]["volume"]
        room = nodes * float(amount(each) or 0) * constants()["volumeShare"]
        if room < need.logs:
            found.append(f"OpenSearch's {nodes} volumes of {each} hold {100 * room / need.logs:.0f} % of the logs")
    return found

"""Makes samples over time of series that were seen once: counters grow, histograms stay consistent, gauges sway.

All is reckoned from the series' own labels, so that two runs give the same samples.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

START = 1767225600
"""2026-01-01T00:00:00Z, where a block of two hours begins. A fixed moment, so that every run sees the same."""

STEP = 30
"""Seconds between two samples, the chart's scrape interval."""

POINTS = 181
"""Samples of each series: 90 minutes, so that the usual half hour is full and has a past."""

END = START + STEP * (POINTS - 1)

_GROWING = re.compile(
    r"ray_(data|train)_.*(_total|_seconds|_s|_rows|_bytes|_blocks|_tasks.*|_time.*|_mem_freed|_mem_spilled)$"
)
"""Gauges that only grow, in which Ray 2.60 keeps times and amounts."""

_CONSTANT = re.compile(r".*(_info|_created|_time_seconds|_timestamp(_seconds)?|_labels|_start_time)$|up$")
_PART = re.compile(r"_(bucket|sum|count)$")


LATE = 30
"""Samples of a series that appears late: a quarter of an hour."""

Group = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and its labels, those left out that tell the parts of a histogram or summary apart."""


@dataclass(frozen=True)
class Stored:
    """A series as Prometheus stores it.

    Attributes:
        labels: its labels, ``__name__`` among them.
        type: its family's type, or "constant" for a gauge that stays as it is.
        value: a value that it had.
    """

    labels: Mapping[str, str]
    type: str
    value: float


def courses(stored: Iterable[Stored], points: int = POINTS) -> Iterator[tuple[Stored, Sequence[float], int]]:
    """Yields each series, those of one metric together, with its values, one each STEP, and the index of its first.

    Args:
        stored: the series.
        points: how many values each has; those before its first are not there.
    """
    groups: dict[Group, list[Stored]] = defaultdict(list)
    for one in stored:
        groups[_group(one)].append(one)
    late = _late(groups)
    for key in sorted(groups):
        first = points - LATE if key in late else 0
        for one, values in _moved(sorted(groups[key], key=lambda one: sorted(one.labels.items())), points):
            yield one, values, first


def lines(stored: Iterable[Stored], also: Callable[[Stored], Iterable[Stored]] = lambda _: ()) -> Iterator[str]:
    """Yields the samples of all series as lines of OpenMetrics text, those of one metric together.

    Args:
        stored: the series.
        also: what other series have the same samples as one.
    """
    for one, values, first in courses(stored):
        for each in (one, *also(one)):
            yield from _written(each, values, first)
    yield "# EOF\n"


def _late(groups: Mapping[Group, Sequence[Stored]]) -> set[Group]:
    """Returns one series of each counter that has several: it appears late, as a counter does that was never needed."""
    names: dict[str, list[Group]] = defaultdict(list)
    for key, series in groups.items():
        if series[0].type == "counter":
            names[key[0]].append(key)
    return {max(keys) for keys in names.values() if len(keys) > 1}


def _group(one: Stored) -> Group:
    """Returns the key that the parts of one histogram or summary share."""
    name = one.labels["__name__"]
    if one.type in ("histogram", "summary"):
        name = _PART.sub("", name)
    rest = tuple(sorted((k, v) for k, v in one.labels.items() if k not in ("le", "quantile", "__name__")))
    return name, rest


def _moved(group: Sequence[Stored], points: int) -> Iterator[tuple[Stored, Sequence[float]]]:
    phase = zlib.crc32(repr(_group(group[0])).encode()) / 2**32 * math.tau
    growth = _growth(phase, points)
    amounts = _amounts(group)
    for one in group:
        name = one.labels["__name__"]
        amount = amounts.get(id(one), 0.0)
        if one.type == "counter" or amount or (one.type == "gauge" and _GROWING.match(name)):
            amount = amount or max(one.value, 20.0)
            yield one, [one.value + amount * grown for grown in growth]
        elif "quantile" in one.labels and math.isnan(one.value):
            # Nothing was observed lately where it was scraped.
            yield one, _sway(0.1 * float(one.labels["quantile"]), phase, points)
        elif _still(one):
            yield one, [one.value] * points
        else:
            yield one, _sway(one.value, phase, points)


def _still(one: Stored) -> bool:
    if one.type == "constant" or not math.isfinite(one.value):
        return True
    part = one.type in ("histogram", "summary") and "quantile" not in one.labels
    return part or bool(_CONSTANT.fullmatch(one.labels["__name__"]))


def _growth(phase: float, points: int) -> list[float]:
    """Returns what a counter that has made 1 makes on top of it: about 1 in ten minutes, faster and slower in waves."""
    grown, total = [], 0.0
    for index in range(points):
        grown.append(total)
        total += 0.05 * (1 + 0.8 * math.sin(phase + index / 7))
    return grown


def _amounts(group: Sequence[Stored]) -> dict[int, float]:
    """Returns how much each part of a histogram or summary grows by; a share that the buckets had, or an even one."""
    if group[0].type not in ("histogram", "summary"):
        return {}
    count = max((one.value for one in group if one.labels["__name__"].endswith("_count")), default=0.0)
    scale = max(1.0, 20.0 / count) if count else 1.0
    if count:
        return {id(one): scale * one.value for one in group if "quantile" not in one.labels}
    buckets = sorted((one for one in group if "le" in one.labels), key=lambda one: float(one.labels["le"]))
    found = {id(one): 20.0 * (index + 1) / len(buckets) for index, one in enumerate(buckets)}
    middle = float(buckets[len(buckets) // 2].labels["le"]) if buckets else 1.0
    for one in group:
        if one.labels["__name__"].endswith("_count"):
            found[id(one)] = 20.0
        elif one.labels["__name__"].endswith("_sum"):
            found[id(one)] = 20.0 * (middle if math.isfinite(middle) else 1.0)
    return found


def _sway(value: float, phase: float, points: int) -> list[float]:
    """Returns a gauge's course around its value, in whole numbers if it was one; 0 and 1 are states that alternate."""
    wave = [math.sin(phase + index / 9) for index in range(points)]
    if value in (0.0, 1.0):
        return [1.0 - value if sway > 0.6 else value for sway in wave]
    if value == int(value):
        return [float(round(value * (1 + 0.6 * sway))) for sway in wave]
    return [value * (1 + 0.4 * sway) for sway in wave]


def _written(one: Stored, values: Sequence[float], first: int) -> Iterator[str]:
    from tests.signals.exposition import escaped

    labels = ",".join(f'{k}="{escaped(v)}"' for k, v in sorted(one.labels.items()) if k != "__name__")
    head = f"{one.labels['__name__']}{{{labels}}}"
    for index in range(first, POINTS):
        yield f"{head} {values[index]:.10g} {START + STEP * index}\n"

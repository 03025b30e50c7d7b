"""What gen-chart size prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from generator.files.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.files.table import Row
    from generator.sizing.counting import Workload
    from generator.sizing.needs import Needs


def as_data(found: Sequence[Workload], need: Needs, lacks: Sequence[str], follows: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all of it, for ``--output json``."""
    return {
        "workloads": [
            {"job": w.job, "series": round(w.series), "asked": round(w.asked), "samplesPerSecond": round(w.samples, 1)}
            for w in found
        ],
        "needs": {key: value if isinstance(value, int) else round(value, 1) for key, value in asdict(need).items()},
        "tooSmall": list(lacks),
        "overlay": follows,
    }


def as_text(found: Sequence[Workload], need: Needs, lacks: Sequence[str], *, markdown: bool) -> str:
    """Returns the tables: of each workload, and of what is needed; then what the profile does not hold."""
    rows = [*map(_row, found), _sum(found)]
    needed = [
        {"needed": "series in the head", "": _thousands(need.series)},
        {"needed": "samples a second", "": _thousands(need.samples)},
        {"needed": "memory of each Prometheus", "": _gib(need.memory)},
        {"needed": f"disk for {need.days:g} days", "": _gib(need.disk)},
        {"needed": "read from exporters a second", "": f"{need.network / 1e6:,.1f} MB"},
        {"needed": "pods of kube-state-metrics", "": str(need.state_shards)},
        {"needed": "logs, with copies", "": _gib(need.logs)},
    ]
    write = _markdown if markdown else table
    said = "".join(f"{'- ' if markdown else 'too small: '}{line}\n" for line in lacks)
    return "\n".join((write(rows), write(needed), said)).rstrip("\n") + "\n"


def _row(each: Workload) -> Row:
    return {
        "workload": each.job,
        "series": _thousands(each.series),
        "asked for": _thousands(each.asked),
        "of it": f"{100 * each.asked / each.series:.0f} %",
        "samples/s": _thousands(each.samples),
    }


def _sum(found: Sequence[Workload]) -> Row:
    series, asked = sum(each.series for each in found), sum(each.asked for each in found)
    return {
        "workload": "all",
        "series": _thousands(series),
        "asked for": _thousands(asked),
        "of it": f"{100 * asked / series:.0f} %" if series else "",
        "samples/s": _thousands(sum(each.samples for each in found)),
    }


def _markdown(rows: Sequence[Row]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _thousands(number: float) -> str:
    return f"{number:,.0f}"


def _gib(number: float) -> str:
    return f"{number / 2**30:,.1f} Gi"

"""What Prometheus scraped while a scenario ran, as text that is kept: for each series the values of its scrapes.

A target is scraped at equal intervals, so that its times are an offset and a count. Where a scrape did not hold a
series there is no value; Prometheus marks it as stale there, and so does who writes the samples back. Where ``up`` has
no value either, Prometheus did not run.

The text has two kinds of lines, series in promtool's notation::

    target {"job": "ray", ...} 4012
    ray_tasks{Name="f",State="FAILED"} _ _ 3 5
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.signals.exposition import escaped, read_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.signals.server import Answer, Api

INTERVAL = 30
"""Seconds between two scrapes of a target, monitors.interval of the chart."""

_OF_A_SCRAPE = re.compile(r"up|scrape_.*")
_LINE = re.compile(r"([A-Za-z_:][\w:]*)\{(.*)\} (.*)")

Values = tuple[float | None, ...]


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        labels: those of its ``up``.
        offset: milliseconds from the start of the recording to its first scrape.
        series: from labels (``__name__`` among them) to the value of each scrape, None where it was not there.
    """

    labels: Mapping[str, str]
    offset: int
    series: Mapping[tuple[tuple[str, str], ...], Values] = field(default_factory=dict)

    @property
    def up(self) -> Values:
        """The values of ``up``."""
        return next(values for key, values in self.series.items() if ("__name__", "up") in key)

    def time(self, scrape: int) -> int:
        """Returns the moment of a scrape in milliseconds from the start of the recording."""
        return self.offset + scrape * INTERVAL * 1000


@dataclass(frozen=True)
class Recording:
    """The targets of one run."""

    targets: tuple[Target, ...]

    @property
    def seconds(self) -> int:
        """The time from the start of the recording to its last scrape."""
        return max(target.time(len(target.up) - 1) for target in self.targets) // 1000

    def only(self, wanted: Callable[[str], bool]) -> Recording:
        """Returns the recording without the metrics whose name is not wanted; ``up`` and its kin stay."""

        def kept(key: tuple[tuple[str, str], ...]) -> bool:
            name = dict(key)["__name__"]
            return bool(_OF_A_SCRAPE.fullmatch(name)) or wanted(name)

        return Recording(
            tuple(
                replace(target, series={key: values for key, values in target.series.items() if kept(key)})
                for target in self.targets
            )
        )

    def without_scrape(self, scrape: int, matches: Callable[[Mapping[str, str]], bool]) -> Recording:
        """Returns the recording as it would be if one scrape of the chosen targets had failed."""
        return Recording(
            tuple(_failed(target, scrape) if matches(target.labels) else target for target in self.targets)
        )

    def with_gap(self, scrape: int, missing: int) -> Recording:
        """Returns the recording as it would be if Prometheus had been down for some intervals before a scrape."""
        gap: Values = (None,) * missing
        return Recording(
            tuple(
                replace(
                    target,
                    series={key: (*each[:scrape], *gap, *each[scrape:]) for key, each in target.series.items()},
                )
                for target in self.targets
            )
        )


def _failed(target: Target, scrape: int) -> Target:
    def value(key: tuple[tuple[str, str], ...], values: Values) -> Values:
        failed = 0.0 if _OF_A_SCRAPE.fullmatch(dict(key)["__name__"]) else None
        return (*values[:scrape], failed, *values[scrape + 1 :])

    return replace(target, series={key: value(key, values) for key, values in target.series.items()})


def record(api: Api, start: float, end: float) -> Recording:
    """Reads every sample of every target that a Prometheus scraped between two moments (Unix seconds)."""
    window = f"[{int(end - start)}s]"
    targets = [_target(labels, samples, start) for labels, samples in _raw(api, f"up{window}", end)]
    names = api.get("label/__name__/values", start=start, end=end)["data"]
    found: list[dict[tuple[tuple[str, str], ...], Values]] = [{} for _ in targets]
    for name in names:
        for labels, samples in _raw(api, f'{{__name__="{name}"}}{window}', end):
            for index, (target, length) in enumerate(targets):
                if target.labels.items() <= labels.items():
                    key = tuple(sorted(labels.items()))
                    found[index][key] = _values(samples, start, target, length)
    return Recording(tuple(replace(target, series=series) for (target, _), series in zip(targets, found, strict=True)))


def _raw(api: Api, expr: str, at: float) -> Iterator[tuple[dict[str, str], tuple[tuple[float, str], ...]]]:
    answer: Answer = api.matrix(expr, at)
    yield from answer.series


def _target(labels: Mapping[str, str], samples: tuple[tuple[float, str], ...], start: float) -> tuple[Target, int]:
    first = round((samples[0][0] - start) * 1000)
    length = round((samples[-1][0] - samples[0][0]) / INTERVAL) + 1
    return Target({name: value for name, value in labels.items() if name != "__name__"}, first), length


def _values(samples: tuple[tuple[float, str], ...], start: float, target: Target, length: int) -> Values:
    values: list[float | None] = [None] * length
    for at, value in samples:
        index = round((at - start - target.offset / 1000) / INTERVAL)
        if 0 <= index < length:
            values[index] = float(value)
    return tuple(values)


def write(recording: Recording, path: Path) -> None:
    """Writes a recording, the same bytes for the same samples."""
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in _lines(recording)).encode(), 9, mtime=0))


def _lines(recording: Recording) -> Iterator[str]:
    for target in sorted(recording.targets, key=lambda each: sorted(each.labels.items())):
        yield f"target {json.dumps(target.labels, sort_keys=True)} {target.offset}"
        own = set(target.labels.items())
        for key, values in sorted(target.series.items()):
            labels = ",".join(f'{k}="{escaped(v)}"' for k, v in key if k != "__name__" and (k, v) not in own)
            yield f"{dict(key)['__name__']}{{{labels}}} {' '.join(map(_text, values))}"


def _text(value: float | None) -> str:
    if value is None:
        return "_"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def read(path: Path) -> Recording:
    """Reads what write has written.

    Raises:
        ValueError: a line that is neither a target nor a series; it names the file and the line.
    """
    targets: list[Target] = []
    for number, line in enumerate(gzip.decompress(path.read_bytes()).decode().splitlines(), 1):
        if line.startswith("target "):
            text, offset = line.removeprefix("target ").rsplit(" ", 1)
            targets.append(Target(json.loads(text), int(offset), {}))
            continue
        match = _LINE.fullmatch(line)
        if not match or not targets:
            raise ValueError(f"{path}:{number}: found '{line[:80]}', expected 'target LABELS OFFSET' or a series")
        key = tuple(sorted({**targets[-1].labels, **dict(read_labels(match[2])), "__name__": match[1]}.items()))
        values = tuple(None if text == "_" else float(text) for text in match[3].split())
        targets[-1].series[key] = values  # type: ignore[index]  # a dict that is still being filled
    return Recording(tuple(targets))


def stale_or_value(values: Iterable[float | None], up: Iterable[float | None]) -> Iterator[tuple[int, float | None]]:
    """Yields (scrape, value) of one series, and (scrape, None) where Prometheus marks it as stale.

    Args:
        values: of each scrape.
        up: of its target, None where nobody scraped: then nothing is marked.
    """
    there = False
    for index, (value, scraped) in enumerate(zip(values, up, strict=True)):
        if scraped is not None:
            if value is not None or there:
                yield index, value
            there = value is not None

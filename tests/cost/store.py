"""A fleet's history in a Prometheus' storage, and what the recording rules of a side have made of it.

The Prometheus is one whose newest block is as long as the whole history: samples may come series by series, it compacts
nothing while it is measured, and what is asked lies in its head, as the last hours do wherever rules are evaluated.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cost.fleet import copies
from tests.signals import server
from tests.signals.motion import START, STEP, courses
from tests.signals.records import layers
from tests.truth.remote_write import Samples, encoded, send, send_encoded
from tests.truth.samples import stale_or_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.cost.sides import Rule, Side
    from tests.signals.binaries import Binaries
    from tests.signals.motion import Stored
    from tests.signals.server import Api

_FLAGS = (
    "--web.enable-remote-write-receiver",
    "--storage.tsdb.min-block-duration=100d",
    "--storage.tsdb.max-block-duration=100d",
)

_POINTS = 10_000
"""Points of one query; Prometheus answers with no more than 11,000 of a series."""


@dataclass(frozen=True)
class History:
    """A folder with a Prometheus' storage of raw samples.

    Attributes:
        folder: the storage.
        seconds: from the first scrape, at motion.START, to the last.
        series: how many it holds.
    """

    folder: Path
    seconds: int
    series: int

    @property
    def end(self) -> int:
        """The moment of the last scrape, in Unix seconds."""
        return START + self.seconds


def load(binaries: Binaries, folder: Path, world: Iterable[Stored], nodes: int, hours: float) -> History:
    """Writes a fleet's history.

    Args:
        binaries: Prometheus.
        folder: where its storage is made.
        world: the series of the proof's cluster.
        nodes: GPU nodes of the fleet.
        hours: its length.

    Raises:
        RuntimeError: Prometheus does not start or refuses the samples.
    """
    points = round(hours * 3600) // STEP + 1
    count = 0

    def everything() -> Iterator[tuple[dict[str, str], bytes]]:
        nonlocal count
        for one, values, first in courses(world, points):
            samples = encoded(((START + STEP * at) * 1000, values[at]) for at in range(first, points))
            for labels in copies(one, nodes):
                count += 1
                yield dict(labels), samples

    with server.running(binaries, folder, (), *_FLAGS) as api:
        send_encoded(api, everything())
    return History(folder, (points - 1) * STEP, count)


@contextlib.contextmanager
def serving(
    binaries: Binaries,
    history: History,
    side: Side,
    folder: Path,
    progress: Callable[[str], object],
    *,
    every: bool = False,
) -> Iterator[Api]:
    """Runs a Prometheus with the history and all that a side's records make of it; its storage is made in ``folder``.

    Args:
        binaries: Prometheus.
        history: the raw samples.
        side: the rules.
        folder: where the storage is made.
        progress: told about each layer of records.
        every: whether all records are made, not only those that the side itself reads.

    Raises:
        QueryError: a record cannot be evaluated.
        RuntimeError: Prometheus does not start or refuses the samples.
    """
    shutil.copytree(history.folder, folder)
    rules = {id(rule.expression): rule for rule in (side.rules if every else side.records())}
    with server.running(binaries, folder, (), *_FLAGS) as api:
        for layer in layers(rule.expression for rule in rules.values()):
            send(api, [made for one in layer for made in _made(rules[id(one)], api, history)])
            progress(f"{side.name}: {len(layer)} records")
    # The chunks that have just been written are a list, which each read follows from its end. A Prometheus that records
    # minute by minute has mapped all but the last; this one does so at its start. Over two days: 46 ms, not 164.
    with server.running(binaries, folder, (), *_FLAGS) as api:
        yield api


def _made(rule: Rule, api: Api, history: History) -> Iterator[Samples]:
    """Yields what a record makes, stale where it makes nothing, as Prometheus does after each evaluation."""
    count = history.seconds // rule.interval + 1
    ran: list[float | None] = [1.0] * count
    made: dict[tuple[tuple[str, str], ...], list[float | None]] = {}
    for first in range(0, count, _POINTS):
        last = min(first + _POINTS, count) - 1
        begin, end = (START + rule.interval * at for at in (first, last))
        for labels, samples in api.range(rule.expression.text, begin, end, rule.interval).series:
            values = made.setdefault(tuple(sorted(labels.items())), [None] * count)
            for at, value in samples:
                values[round((at - START) / rule.interval)] = float(value)
    for key, values in made.items():
        points = [((START + rule.interval * at) * 1000, value) for at, value in stale_or_value(values, ran)]
        own = {name: text for name, text in key if name != "__name__"}
        yield Samples({**own, **rule.expression.labels, "__name__": rule.expression.name}, points)

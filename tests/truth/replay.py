"""A recording on a real Prometheus: what was scraped, at the moments at which it was, and the records made of it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.signals import server
from tests.signals.motion import START
from tests.signals.records import layers
from tests.truth.remote_write import Samples, send
from tests.truth.samples import INTERVAL, stale_or_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.promql.expression import Expression
    from tests.live.shipped import Record
    from tests.signals.binaries import Binaries
    from tests.signals.server import Answer, Api
    from tests.truth.samples import Recording

RECEIVER = "--web.enable-remote-write-receiver"


@contextlib.contextmanager
def replayed(binaries: Binaries, recording: Recording, records: Sequence[Record]) -> Iterator[Api]:
    """Runs a Prometheus that holds a recording, whose start is motion.START, and what the records make of it.

    Args:
        binaries: the program.
        recording: what was scraped.
        records: recording rules.

    Raises:
        RuntimeError: Prometheus does not start or refuses the samples.
        QueryError: a record cannot be evaluated.
    """
    with (
        tempfile.TemporaryDirectory(prefix="gen-chart-replay-") as folder,
        server.running(binaries, Path(folder) / "data", (), RECEIVER) as api,
    ):
        send(api, _scraped(recording))
        intervals = {id(record.rule): record.interval for record in records}
        for layer in layers(record.rule for record in records):
            send(api, [made for rule in layer for made in _recorded(rule, intervals[id(rule)], api, recording)])
        yield api


def _scraped(recording: Recording) -> Iterator[Samples]:
    for target in recording.targets:
        up = target.up
        for key, values in target.series.items():
            points = [(START * 1000 + target.time(index), value) for index, value in stale_or_value(values, up)]
            yield Samples(dict(key), points)


def _recorded(rule: Expression, interval: int, api: Api, recording: Recording) -> Iterator[Samples]:
    """Yields what a record makes, stale where it makes nothing, as Prometheus does after each evaluation."""
    ran = _evaluations(recording, interval)
    answer = api.range(rule.text, START, START + recording.seconds, interval)
    for labels, samples in answer.series:
        values: list[float | None] = [None] * len(ran)
        for at, value in samples:
            values[round((at - START) / interval)] = float(value)
        own = {name: text for name, text in labels.items() if name != "__name__"}
        points = [((START + interval * index) * 1000, value) for index, value in stale_or_value(values, ran)]
        yield Samples({**own, **rule.labels, "__name__": rule.name}, points)


def _evaluations(recording: Recording, interval: int) -> list[float | None]:
    """Returns a number for each moment at which a rule was evaluated, None where Prometheus did not run."""
    found: list[float | None] = [None] * (recording.seconds // interval + 1)
    for target in recording.targets:
        for index, value in enumerate(target.up):
            moment = min(target.time(index) // (interval * 1000), len(found) - 1)
            found[moment] = value if value is not None else found[moment]
    return found


def active(rule: Expression, api: Api, seconds: int) -> int:
    """Returns for how many seconds at a stretch an alert's expression was true, the longest of all label sets.

    Its evaluations are those of Prometheus at the rules' interval: true at one alone is 0 s, and an alert without
    ``for`` fires. -1 if it was never true.
    """
    longest = -1
    answer: Answer = api.range(rule.text, START, START + seconds, INTERVAL)
    for _, samples in answer.series:
        begin = previous = None
        for at, _ in samples:
            if previous is None or at - previous > INTERVAL + 1:
                begin = at
            previous = at
            assert begin is not None
            longest = max(longest, round(at - begin))
    return longest

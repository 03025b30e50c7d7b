"""Random histories of a service as Prometheus scrapes it, beside an exact log of what happened.

A history has pods that come and go, processes that start again in the same pod, bursts of errors and single ones,
failed scrapes, and a time in which Prometheus is down. A counter is not there before its first event, as Ray's are not.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCRAPE = 30
"""Seconds between two scrapes; they fall on whole ones."""

MINUTE = 60
"""Seconds between two evaluations of a record of counts; they fall on whole ones."""

OK, ERROR = "200", "503"


@dataclass(frozen=True)
class Habits:
    """What may happen in a history.

    Attributes:
        length: seconds.
        pods: how many run at a time.
        life: mean seconds of a pod's life; 0 keeps the first ones alive.
        restarts: mean seconds between two starts of a process in a pod; 0 for none.
        failed: share of scrapes that fail.
        down: whether Prometheus is down once, for 6 to 20 minutes.
        boot: fewest and most seconds from the time at which Prometheus finds a new pod to its first request.
        old: whether what runs at the start has counted long before Prometheus was there.
        bursts: mean seconds between two bursts of errors; 0 for none.
    """

    length: int = 26 * 3600
    pods: int = 3
    life: float = 6 * 3600.0
    restarts: float = 8 * 3600.0
    failed: float = 0.005
    down: bool = True
    boot: tuple[int, int] = (2 * MINUTE, 6 * MINUTE)
    old: bool = True
    bursts: float = 3 * 3600.0


@dataclass(frozen=True)
class Event:
    """Events that one scrape was the first to see: how many, of which code, when they were over, and when it was."""

    number: int
    code: str
    at: float
    seen: int

    @property
    def counted(self) -> int:
        """The evaluation of a record of counts that is the first to know of them, in seconds."""
        return -(-self.seen // MINUTE) * MINUTE


@dataclass
class Series:
    """One series of one pod: a counter, or ``up`` with the code "".

    Attributes:
        samples: for each scrape a number, "stale" where the series ends, or "_" where nothing is written.
    """

    code: str
    instance: str
    samples: list[str]

    def values(self) -> str:
        """Writes the samples as promtool reads them."""
        parts = []
        for sample, repeated in groupby(self.samples):
            number = len(list(repeated))
            # `_x3` is three gaps, `5x3` a five and three more; stale cannot be repeated.
            again = number if sample == "_" else number - 1
            parts.append(f"{sample}x{again}" if number > 1 and sample != "stale" else " ".join([sample] * number))
        return " ".join(parts)


@dataclass
class History:
    """What happened, and what Prometheus has of it.

    Attributes:
        events: what happened and a scrape saw.
        unseen: how many events no scrape saw, because their process ended before the next one.
        hidden: how many of the events seen a difference of samples cannot tell, because a process had started again or
            Prometheus had not known its pod, as (evaluation, code, number).
        series: what Prometheus stores.
    """

    events: list[Event] = field(default_factory=list)
    unseen: int = 0
    hidden: list[tuple[int, str, int]] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)

    def bounds(self, code: str, start: float, end: float) -> tuple[int, int]:
        """Returns the fewest and most events that may be said of a window, by the exact log.

        Certain are those that happened in the window and were counted in it, possible those that happened or were
        counted in it: what lies between a scrape or a minute and the window's end may be left out or let in.
        """
        mine = [event for event in self.events if code in ("", event.code)]
        certain = sum(event.number for event in mine if start < event.at and event.counted <= end)
        possible = sum(event.number for event in mine if start < event.counted and event.at <= end)
        return certain - sum(
            number for at, of, number in self.hidden if start < at <= end and code in ("", of)
        ), possible

    def happened(self, code: str, start: float, end: float) -> int:
        """Returns how many events a window has, by the exact log."""
        return sum(event.number for event in self.events if code in ("", event.code) and start < event.at <= end)


def history(seed: int, habits: Habits) -> History:
    """Returns one history; the same seed makes the same."""
    return _Making(random.Random(seed), habits).run()  # noqa: S311 - the same each time


class _Making:
    """One history in the making."""

    def __init__(self, chance: random.Random, habits: Habits) -> None:
        self.chance = chance
        self.habits = habits
        self.made = History()
        self.scrapes = habits.length // SCRAPE + 1
        self.rate = math.exp(chance.uniform(math.log(0.3), math.log(10.0)))
        self.share = chance.choice((0.0, chance.uniform(0.0, 0.002)))
        self.bursts = list(self._bursts())
        self.down = range(0)
        if habits.down:
            start = chance.randrange(4, self.scrapes)
            self.down = range(start, start + chance.randint(12, 40))

    def _bursts(self) -> Iterator[tuple[float, float, float]]:
        """Yields (start, end, share of the requests that fail)."""
        at = 0.0
        while self.habits.bursts:
            at += self.chance.expovariate(1 / self.habits.bursts)
            if at > self.habits.length:
                return
            yield at, at + self.chance.uniform(10, 180), self.chance.uniform(0.02, 1.0)

    def run(self) -> History:
        for slot in range(self.habits.pods):
            start, number = 0, 0
            while start < self.habits.length:
                life = self.chance.expovariate(1 / self.habits.life) if self.habits.life else math.inf
                end = min(start + max(life, 10 * MINUTE), self.habits.length + SCRAPE)
                _Pod(self, f"{slot}-{number}", start, end).run()
                start, number = int(end) + self.chance.randint(0, 300), number + 1
        return self.made

    def events(self, now: float, length: float) -> Iterator[tuple[str, int]]:
        """Yields what happens in the seconds before a moment, by code."""
        share = max([self.share, *(share for start, end, share in self.bursts if start <= now - length / 2 <= end)])
        for code, rate in ((OK, self.rate * (1 - share)), (ERROR, self.rate * share)):
            number = _poisson(self.chance, rate * length)
            if number:
                yield code, number


class _Pod:
    """One pod, from the time at which Prometheus finds it to its end."""

    def __init__(self, making: _Making, instance: str, start: int, end: float) -> None:
        self.making = making
        self.chance = making.chance
        self.habits = making.habits
        self.start, self.end = start, end
        old = start == 0 and self.habits.old
        self.up = Series("", instance, ["_"] * making.scrapes)
        self.counters = {code: Series(code, instance, ["_"] * making.scrapes) for code in (OK, ERROR)}
        self.value = {OK: self.chance.randint(1000, 500_000), ERROR: self.chance.choice((0, 9, 4000))} if old else {}
        self.fresh: list[tuple[str, int, float]] = []
        self.serves = float(start) if old else start + self.chance.randint(*self.habits.boot)
        self.restart = self._later(self.serves)
        self.alive: set[str] = set()
        self.process = 0
        self.found: dict[str, list[tuple[int, int, int]]] = {OK: [], ERROR: []}

    def _later(self, after: float) -> float:
        return after + self.chance.expovariate(1 / self.habits.restarts) if self.habits.restarts else math.inf

    def run(self) -> None:
        for step in range(-(-self.start // SCRAPE), self.making.scrapes):
            now = step * SCRAPE
            if now >= self.end:
                self._stale(step, up=True)
                break
            if now >= self.restart:
                self._forget()
                self.serves = self.restart + self.chance.uniform(5, 150)
                self.restart = self._later(self.serves)
            if now >= self.serves:
                self._serve(now, min(SCRAPE, now - self.serves) if step else 0.0)
            if step not in self.making.down:
                self._scrape(step, answers=now >= self.serves and self.chance.random() >= self.habits.failed)
        self._forget()
        for code, found in self.found.items():
            self._hide(code, found)
            self._hide_before_it_was_watched(code, found)
        self.making.made.series += [self.up, *self.counters.values()]

    def _forget(self) -> None:
        """What was counted since the last scrape is gone with its process."""
        self.making.made.unseen += sum(number for _, number, _ in self.fresh)
        self.fresh, self.value = [], {}
        self.process += 1

    def _serve(self, now: float, length: float) -> None:
        for code, number in self.making.events(now, length):
            self.value[code] = self.value.get(code, 0) + number
            self.fresh.append((code, number, now - length / 2))

    def _scrape(self, step: int, *, answers: bool) -> None:
        self.up.samples[step] = "1" if answers else "0"
        if not answers:
            self._stale(step, up=False)
            return
        for code, counter in self.counters.items():
            if self.value.get(code):
                counter.samples[step] = str(self.value[code])
                self.found[code].append((step * SCRAPE, self.value[code], self.process))
                self.alive.add(code)
            elif code in self.alive:
                counter.samples[step] = "stale"
                self.alive.remove(code)
        self.making.made.events += [Event(number, code, at, step * SCRAPE) for code, number, at in self.fresh]
        self.fresh = []

    def _stale(self, step: int, *, up: bool) -> None:
        if step in self.making.down:
            return
        for code in self.alive:
            self.counters[code].samples[step] = "stale"
        self.alive = set()
        if up:
            self.up.samples[step] = "stale"

    def _hide(self, code: str, found: list[tuple[int, int, int]]) -> None:
        """Notes what a difference of samples cannot tell because a process started again under the same labels.

        Either the old process was still seen in the minute in which the new one is; or the new one's first count is no
        less than what the old one had an hour ago or less, so that it looks as if that had gone on.
        """
        for (last_at, last, old), (at, _, new) in pairwise(found):
            if old == new:
                continue
            evaluation = -(-at // MINUTE) * MINUTE
            before = [value for seen, value, _ in found if evaluation - 61 * MINUTE < seen <= evaluation - MINUTE]
            after = [value for seen, value, _ in found if seen <= evaluation]
            lost = last - (before[-1] if before else 0) if last_at > evaluation - MINUTE else 0
            lost += before[-1] if before and after[-1] >= before[-1] else 0
            if lost:
                self.making.made.hidden.append((evaluation, code, lost))

    def _hide_before_it_was_watched(self, code: str, found: list[tuple[int, int, int]]) -> None:
        """Notes what a pod had counted when Prometheus first saw it: nobody can tell whether that is new or old.

        So it is with a pod that came, and served, while Prometheus was down.
        """
        first = next((step * SCRAPE for step, sample in enumerate(self.up.samples) if sample != "_"), None)
        if not first:  # What runs from the start has a life before the history, none of which are events.
            return
        evaluation = -(-first // MINUTE) * MINUTE
        counted = [value for at, value, _ in found if at <= evaluation]
        if counted:
            self.making.made.hidden.append((evaluation, code, counted[-1]))


def _poisson(chance: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, number, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        number += 1
        product *= chance.random()
    return number


def input_series(histories: Iterable[tuple[str, History]], counter: str) -> Iterator[dict[str, str]]:
    """Yields promtool's input of named histories: ``counter`` and ``up``, with the label history.

    Targets have names of their own in each history, as what is recorded of targets goes by job and instance.
    """
    for name, made in histories:
        for series in made.series:
            labels = f'history="{name}",job="app",instance="{name}-{series.instance}"'
            metric = f'{counter}{{{labels},code="{series.code}"}}' if series.code else f"up{{{labels}}}"
            yield {"series": metric, "values": series.values()}

"""What a client or a loop has logged while a scenario ran: the truth that panels are held against.

A log is JSON lines, among which other lines may stand. Every event has ``event`` and ``time``, seconds since 1970
(``at`` in what is kept); the rest are its fields. The lines of examples/load/load.py, which have ``sent`` and
``seconds`` instead, become events ``request`` at the time at which they were over.
"""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Event:
    """One line of a log; ``at`` in seconds from the start of the recording."""

    at: float
    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which events count: their kinds, and for each field the values that it may have."""

    events: tuple[str, ...]
    where: Mapping[str, Any]

    def takes(self, event: Event) -> bool:
        """Returns whether an event is one of them."""
        return event.event in self.events and all(
            event.fields.get(name) in (value if isinstance(value, list) else [value])
            for name, value in self.where.items()
        )


@dataclass(frozen=True)
class Quantity:
    """What is made of the events: see ``true`` in scenario.schema.yaml."""

    selection: Selection
    form: str
    of: Selection | None = None
    field: str = ""
    per: str = ""
    quantile: float = 0.0
    seconds: int = 0
    less: float = 0.0

    def value(self, events: Iterable[Event], at: float) -> float | None:
        """Returns its value at one moment; None where nothing happened that it could be made of."""
        if self.form == "inflight":
            return _in_flight(events, self.selection, at) - self.less
        begin = at - self.seconds if self.seconds else -math.inf
        window = [event for event in events if begin < event.at <= at]
        chosen = [event for event in window if self.selection.takes(event)]
        if self.form in ("count", "rate"):
            return len(chosen) / (self.seconds if self.form == "rate" else 1)
        if self.form == "share":
            whole = [event for event in window if self.of and self.of.takes(event)]
            return len(chosen) / len(whole) if whole else None
        return _of_numbers(self, [event for event in chosen if event.fields.get(self.field) is not None])


def _in_flight(events: Iterable[Event], selection: Selection, at: float) -> int:
    """Returns how many had begun at a moment and were not over; ``seconds`` is how long each took."""
    return sum(selection.takes(event) and event.at - event.fields["seconds"] <= at < event.at for event in events)


def _of_numbers(quantity: Quantity, events: Sequence[Event]) -> float | None:
    numbers = [float(event.fields[quantity.field]) for event in events]
    if not numbers:
        return None
    total = sum(numbers)
    if quantity.per:
        return total / sum(float(event.fields[quantity.per]) for event in events)
    forms: dict[str, Callable[[], float]] = {
        "sum": lambda: total,
        "sumrate": lambda: total / quantity.seconds,
        "mean": lambda: total / len(numbers),
        "last": lambda: numbers[-1],
        "quantile": lambda: _quantile(sorted(numbers), quantity.quantile),
    }
    return forms[quantity.form]()


def _quantile(numbers: Sequence[float], share: float) -> float:
    return numbers[max(0, math.ceil(share * len(numbers)) - 1)]


def read(path: Path) -> list[Event]:
    """Reads a log, plain or compressed, in the order in which things were over."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    found = []
    for line in text.splitlines():
        fields = json.loads(line) if line.startswith('{"') else {}
        if "sent" in fields:
            fields |= {"event": "request", "at": fields.pop("sent") + fields["seconds"]}
            fields.pop("detail", None)
        if "time" in fields:
            fields["at"] = fields.pop("time")
        if "event" in fields:
            found.append(Event(fields.pop("at"), fields.pop("event"), fields))
    return sorted(found, key=lambda event: event.at)


def write(events: Iterable[Event], path: Path) -> None:
    """Writes a log, the same bytes for the same events."""
    lines = (json.dumps(_short({"at": e.at, "event": e.event, **e.fields}), sort_keys=True) + "\n" for e in events)
    path.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))


def _short(value: Any) -> Any:
    """Returns a value with its numbers cut to a tenth of a millisecond."""
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


def marks(events: Iterable[Event]) -> dict[str, float]:
    """Returns the marks that the steps of a scenario have left, ``NAME.start`` and ``NAME.end``."""
    return {event.fields["name"]: event.at for event in events if event.event == "mark"}

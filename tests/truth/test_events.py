"""Truths are made of what a log says, and of nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.truth.events import Event, Quantity, Selection, marks, read, write

if TYPE_CHECKING:
    from pathlib import Path

LOG = [
    Event(at, "request", {"status": status, "seconds": seconds, "tokens": 10})
    for at, status, seconds in [(10, 200, 0.1), (20, 200, 0.3), (30, 503, 0.2), (40, 200, 0.4), (50, 500, 9.0)]
]
ALL = Selection(("request",), {})
GOOD = Selection(("request",), {"status": 200})


@pytest.mark.parametrize(
    ("quantity", "at", "value"),
    [
        (Quantity(ALL, "count"), 50, 5),
        (Quantity(ALL, "count"), 49.9, 4),
        (Quantity(ALL, "count", seconds=20), 50, 2),
        (Quantity(Selection(("other", "request"), {}), "count"), 50, 5),
        (Quantity(GOOD, "rate", seconds=40), 40, 3 / 40),
        (Quantity(Selection(("request",), {"status": [500, 503]}), "share", of=ALL), 50, 0.4),
        (Quantity(GOOD, "share", of=Selection(("other",), {})), 50, None),
        (Quantity(GOOD, "sum", field="tokens"), 50, 30),
        (Quantity(GOOD, "sumrate", field="tokens", seconds=60), 50, 0.5),
        (Quantity(GOOD, "mean", field="seconds"), 50, pytest.approx(0.8 / 3)),
        (Quantity(GOOD, "last", field="seconds"), 35, 0.3),
        (Quantity(ALL, "quantile", field="seconds", quantile=0.5), 50, 0.3),
        (Quantity(ALL, "quantile", field="seconds", quantile=0.95), 50, 9.0),
        (Quantity(GOOD, "sum", field="seconds", per="tokens"), 50, pytest.approx(0.8 / 30)),
        (Quantity(GOOD, "mean", field="nothing"), 50, None),
        (Quantity(ALL, "inflight"), 45, 1),
        (Quantity(ALL, "inflight", less=0.5), 39.8, 0.5),
        (Quantity(ALL, "inflight"), 35, 0),
    ],
)
def test_a_quantity_of_the_log(quantity: Quantity, at: float, value: Any) -> None:
    assert quantity.value(LOG, at) == value


def test_a_log_comes_back_as_it_was_in_the_order_in_which_things_were_over(tmp_path: Path) -> None:
    write(reversed(LOG), tmp_path / "a.gz")
    assert read(tmp_path / "a.gz") == LOG


def test_the_load_generators_lines_become_requests(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(json.dumps({"sent": 5.0, "seconds": 2.5, "status": 200, "detail": "x"}) + "\n", encoding="utf-8")
    assert read(path) == [Event(7.5, "request", {"status": 200, "seconds": 2.5})]


def test_marks_are_named() -> None:
    assert marks([*LOG, Event(60, "mark", {"name": "load.end"})]) == {"load.end": 60}

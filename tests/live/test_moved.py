"""A panel without numbers, one whose numbers stay and one whose numbers move are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.moved import Panels, moved, table
from tests.signals.grafana import Board, Target
from tests.signals.motion import START
from tests.truth import samples
from tests.truth.replay import replayed

if TYPE_CHECKING:
    from tests.signals.binaries import Binaries
    from tests.truth.samples import Values


def recording(**values: Values) -> samples.Recording:
    own = {"job": "ray"}
    series = {
        tuple(sorted({**own, "__name__": name}.items())): each for name, each in (values | {"up": (1.0,) * 6}).items()
    }
    return samples.Recording((samples.Target(own, 0, series),))


@pytest.mark.slow
def test_panels_are_told_apart(binaries: Binaries) -> None:
    found = recording(grows=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), stays=(7.0,) * 6, comes=(None, None, None, 1.0, 1.0, 1.0))
    queries = {
        "Grows": "grows",
        "Stays": "stays",
        "Comes": "comes",
        "Is not there": "nothing",
        "Is no number": "stays * NaN",
        "Is no PromQL": "sum(",
    }
    board = Board("x", "X", 3600, (), tuple(Target(title, "A", expr, False) for title, expr in queries.items()), 0)
    with replayed(binaries, found, ()) as api:
        assert moved(board, api, START, START + 150) == Panels(
            ("Grows", "Comes"), ("Stays",), ("Is not there", "Is no number", "Is no PromQL")
        )


def test_the_table_counts_panels_and_names_those_without_an_answer() -> None:
    assert table({"ray": Panels(("a", "b"), ("c",), ("d",)), "vllm": Panels((), (), ())}).splitlines() == [
        "dashboard  panels  answer  moved",
        "ray             4       3      2",
        "vllm            0       0      0",
        "",
        "ray, without an answer: d",
    ]

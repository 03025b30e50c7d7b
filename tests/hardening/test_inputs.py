"""Whatever comes in is taken or refused: a sample; `python -m tests.hardening 100000` reads many more."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.hardening.inputs import Door, changed, doors, tried
from tests.thorough import examples

if TYPE_CHECKING:
    from generator.build.sources import Sources


def test_no_generated_input_ends_in_a_traceback(sources: Sources) -> None:
    every = doors(sources)
    for door in every:
        for sample in door.samples:
            door.read(sample)  # what is changed is good
    found = [f"{door.name}: {error!r} for {text!r}" for door, text, error in tried(every, examples(450, 100_000))]
    assert not found, "\n".join(found)


def test_one_that_does_is_told() -> None:
    def fragile(text: str) -> None:
        if "[" in text:
            raise RecursionError

    [(door, text, error), *_] = tried((Door("fragile", ("a b c d e f",), fragile),), 200)
    assert (door.name, type(error)) == ("fragile", RecursionError)
    assert "[" in text


@pytest.mark.parametrize("text", ["a", "a: b\nc: [d]\n"])
def test_changes_are_the_same_in_each_run(text: str) -> None:
    made = [changed(text, random.Random(seed)) for seed in range(50)]  # noqa: S311 - no secret
    assert made == [changed(text, random.Random(seed)) for seed in range(50)]  # noqa: S311 - no secret
    assert len(set(made)) > 25

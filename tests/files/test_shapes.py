"""Data of the expected shape is told from all other."""

from __future__ import annotations

from typing import Any

import pytest

from generator.files.shapes import fits

NESTED = {"names": [str], "pairs": [([str], object)], "lines": {str: int}}
VALUE = {"names": ["a"], "pairs": [[["a"], None]], "lines": {"a": 1}}


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("a", str),
        (None, object),
        ([], [str]),
        ({}, {str: str}),
        ([1, "a"], (int, str)),
        (VALUE, NESTED),
    ],
)
def test_data_of_the_shape_fits(value: Any, shape: Any) -> None:
    assert fits(value, shape)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (5, str),
        (None, str),
        ("a", [str]),
        (["a", 5], [str]),
        ({"a": 1}, [str]),
        ([1], (int, str)),
        ([1, "a", 2], (int, str)),
        (["a", 1], (int, str)),
        ("ab", (str, str)),
        ([], {str: str}),
        ({"a": 5}, {str: str}),
        ({**VALUE, "names": [5]}, NESTED),
        ({**VALUE, "more": 5}, NESTED),
        ({"names": ["a"]}, NESTED),
        ({**VALUE, "pairs": [["a", None]]}, NESTED),
        ({**VALUE, "lines": {"a": "1"}}, NESTED),
    ],
)
def test_data_of_another_shape_does_not(value: Any, shape: Any) -> None:
    assert not fits(value, shape)

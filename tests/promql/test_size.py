"""An expression that is larger than any of people's is refused before the parser reads it, just over the bound."""

from __future__ import annotations

import pytest

from generator.promql.filling import PromQLError
from generator.promql.parser import MAX_DEPTH, MAX_LENGTH, MAX_OPERATORS, parse


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * (MAX_DEPTH + 1) + "up" + ")" * (MAX_DEPTH + 1), "nested more than 200 deep"),
        (" + ".join(["up"] * (MAX_OPERATORS + 2)), "more than 1000 operators"),
        ("x" * (MAX_LENGTH + 1), "found 50,001 characters, expected at most 50,000"),
        ('up{a=~"' + "b|" * MAX_LENGTH + '"}', "expected at most 50,000"),
        ("up[9300000000]", "found the duration '9300000000', expected at most 292 years"),
        ("up offset 1e400", "found the duration '1e400'"),
        ("up offset -NaN", "found the duration 'NaN'"),
        ("max_over_time(up[5m:1e300])", "found the duration '1e300'"),
    ],
)
def test_what_is_too_large_is_refused(text: str, said: str) -> None:
    with pytest.raises(PromQLError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60 + "up" + ")" * 60,
        " + ".join(["up"] * 150),
        "x" * MAX_LENGTH,
        "up[300]",
        "up offset 5m",
        "up[1h:300] offset -2d",
        'up{a="offset 1e400 [1e400]"}',
    ],
)
def test_what_people_write_is_not(text: str) -> None:
    parse(text)

"""The exact number of new events is recognised in a tree in both of its forms, and in nothing else.

What the forms say of random histories is compared with a log of events in tests/counts.
"""

from __future__ import annotations

import pytest

from generator.promql.increase import births, exact_increase, guarded_increase, increase_window
from generator.promql.parser import Binary, Selector, Window, parse


@pytest.mark.parametrize("selector", ["x_total", 'x_total{a="b"}', '{__name__=~"x|y",a!="b"}'])
def test_both_forms_are_recognised_with_their_window(selector: str) -> None:
    for text in (exact_increase(selector, "5m"), guarded_increase(selector, "5m", "down")):
        tree = parse(text).tree
        window = increase_window(tree)
        assert isinstance(window, Window)
        assert (window.seconds, window.subquery) == (300.0, False)
        assert isinstance(window.inner, Selector)
        assert not window.inner.has_offset
        assert (births(tree) is None) == ("down" not in text)


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ("[1h]", "[2h]"),
        (" offset 5m", ""),
        (">= 0", "> 0"),
        ("x[1h]", "y[1h]"),
        ("last_over_time", "max_over_time"),
        (" - ", " + "),
    ],
)
def test_what_differs_in_a_part_is_not_recognised(found: str, instead: str) -> None:
    text = exact_increase("x", "5m")
    assert found in text
    tree = parse(text.replace(found, instead)).tree
    assert isinstance(tree, Binary)
    assert increase_window(tree) is None


def test_the_cure_that_seems_natural_is_not_recognised() -> None:
    assert increase_window(parse("x unless x offset 5m or increase(x[5m])").tree) is None

from __future__ import annotations

import pytest

from generator.files.lazy import LazyMapping


def test_it_is_read_once_at_the_first_look() -> None:
    calls = []

    def read() -> dict[str, int]:
        calls.append(1)
        return {"a": 1, "b": 2}

    lazy = LazyMapping(read)
    assert calls == []
    assert (lazy["a"], list(lazy), len(lazy), lazy.get("c"), dict(lazy)) == (1, ["a", "b"], 2, None, {"a": 1, "b": 2})
    assert calls == [1]


def test_what_cannot_be_read_is_an_error_at_the_first_look() -> None:
    lazy: LazyMapping[str, int] = LazyMapping(lambda: {"a": {"b": 1}}["c"])
    with pytest.raises(KeyError):
        len(lazy)

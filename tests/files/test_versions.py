"""What is one exact version, and which of two is newer."""

from __future__ import annotations

import itertools

import pytest

from generator.files.versions import is_exact, precedence

ORDER = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.10.0",
    "2.0.0",
]


def test_the_order_is_that_of_semantic_versioning() -> None:
    for lower, higher in itertools.pairwise(ORDER):
        assert precedence(lower) < precedence(higher)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0.9", "0.10"),
        ("0.32", "0.32.1"),
        ("v1.2.3", "1.10.0"),
        ("1.35.0-rc.1", "1.35"),
        ("Kubernetes 1.9", "Kubernetes 1.35"),
        ("a commit", "0.0.1"),
        (f"1.0.0-{'9' * 5000}", "1.0.0"),
    ],
)
def test_words_with_a_version_in_them_are_ordered_by_it(older: str, newer: str) -> None:
    assert precedence(older) < precedence(newer)


@pytest.mark.parametrize(("one", "other"), [("1.2", "1.2.0"), ("v1.2.3", "1.2.3"), ("1.2.3+build", "1.2.3")])
def test_what_is_left_out_is_zero_and_neither_v_nor_a_build_counts(one: str, other: str) -> None:
    assert precedence(one) == precedence(other)


@pytest.mark.parametrize("text", ["1.2.3", "v1.2.3", "1.2.3-rc.1", "0.3.0-alpha.2", "1.2.3+git.abc", "1.2.3-rc.1+x"])
def test_an_exact_version_may_have_a_v_a_pre_release_and_a_build(text: str) -> None:
    assert is_exact(text)


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "1.2.3.4", "1.2.x", "01.2", "1.2.3-", "latest", "^1.2.3", "1.2.3 ", "../1.2.3", "1.2.٣"]
)
def test_anything_else_is_no_version(text: str) -> None:
    assert not is_exact(text)

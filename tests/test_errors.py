"""What a person reads when something is wrong: place, finding, expectation, what to do; always one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Exit, InputError, Problem, bad_input, listed, nearest


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("is broken"), "is broken"),
        (Problem("is broken", "a.yaml"), "a.yaml: is broken"),
        (Problem("is broken", "a.yaml", line=3), "a.yaml:3: is broken"),
        (Problem("is broken", "a.yaml", line=3, column=7), "a.yaml:3:7: is broken"),
        (Problem("is broken", "a.yaml", column=7), "a.yaml: is broken"),
        (Problem("is broken", "a.yaml", "b.c[0]"), "a.yaml: b.c[0]: is broken"),
        (Problem("is broken", path="b.c[0]"), "b.c[0]: is broken"),
        (Problem("is broken", "a.yaml", hint="mend it"), "a.yaml: is broken (mend it)"),
    ],
)
def test_a_problem_names_what_is_known_and_nothing_else(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_name_cannot_break_the_line_nor_steer_the_terminal() -> None:
    assert str(Problem("is unknown", "a\nb.yaml", "x\x1b[2Jy")) == r"a\nb.yaml: x\x1b[2Jy: is unknown"


def test_letters_of_other_scripts_stay_as_they_are() -> None:
    assert str(Problem("found 'größe 大'", "é.yaml")) == "é.yaml: found 'größe 大'"


@given(st.text(st.characters()), st.text(st.characters()), st.text(st.characters()))
def test_every_problem_is_one_printable_line(message: str, file: str, path: str) -> None:
    assert str(Problem(message, file, path)).isprintable()


def test_an_error_shows_all_its_problems_in_their_order_and_means_exit_2() -> None:
    error = InputError(Problem("second", "b"), Problem("first", "a"))
    assert str(error) == "b: second\na: first"
    assert (error.exit_code, int(Exit.BAD_INPUT)) == (Exit.BAD_INPUT, 2)


def test_bad_input_is_an_error_with_one_problem() -> None:
    error = bad_input("m", file="f", path="p", line=1, column=2, hint="h")
    assert error.problems == (Problem("m", "f", "p", 1, 2, "h"),)


@pytest.mark.parametrize(
    ("name", "valid", "hint"),
    [
        ("jrak", ["jark", "kind"], "did you mean 'jark'?"),
        ("RAY", ["ray", "vllm"], "did you mean 'ray'?"),
        ("nodes", ["replicas", "heap"], "valid: heap, replicas"),
        ("nodes", [], ""),
        ("nodes", [f"x{number}" for number in range(21)], ""),
        ("interval", [*"abcdefghijklmnopqrstu", "intervals"], "did you mean 'intervals'?"),
    ],
)
def test_the_hint_is_the_nearest_name_or_a_short_list(name: str, valid: list[str], hint: str) -> None:
    assert nearest(name, valid) == hint


def test_a_list_of_names_is_cut_and_says_how_many_are_left_out() -> None:
    assert listed([], 2) == ""
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"

"""What is taken from a .tfvars file, and what is refused, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.choices.tfvars.reader import MAX_BYTES, HclExpression, parse_settings, read_settings
from generator.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def values(text: str) -> dict[str, Any]:
    return {name: one.value for name, one in parse_settings(text, file="x.tfvars").values.items()}


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_settings(text, file="x.tfvars")
    return str(caught.value)


def test_plain_values_of_every_kind() -> None:
    text = 'a = true\nb = "x"\nc = 3\nd = -1.5\ne = null\nf = [1, "y", [false]]\ng = {h = true, "i-j" : "k"}\n'
    expected = {"a": True, "b": "x", "c": 3, "d": -1.5, "e": None, "f": [1, "y", [False]]}
    assert values(text) == {**expected, "g": {"h": True, "i-j": "k"}}


def test_comments_of_all_three_kinds_and_windows_line_ends() -> None:
    assert values("# one\r\n// two\r\n/* three\r\nfour = 4 */\r\na = true # five\r\n") == {"a": True}


def test_an_empty_file_says_nothing() -> None:
    assert values("") == {}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("var.x", "an expression"),
        ("tru", "a bare word"),
        ("!true", "an expression"),
        ("true ? 1 : 2", "an expression"),
        ('jsonencode("x")', "an expression"),
        ('"a${b}c"', "text with an interpolation"),
        ('"%{ if x }y%{ endif }"', "text with an interpolation"),
        ("<<EOT\nenable_jupyterhub = false\nEOT", "a heredoc"),
        ("<<-EOT\n  x\n  EOT", "a heredoc"),
        ("[for x in y : x]", "an expression"),
    ],
)
def test_what_is_no_plain_value_is_kept_as_unknown(value: str, kind: str) -> None:
    assert values(f"a = {value}\nb = true\n") == {"a": HclExpression(kind), "b": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = true\nb = \n", "x.tfvars:2:5: "),
        ("a true\n", "x.tfvars:"),
        ("= true\n", "x.tfvars:1:1: not HCL: found '='"),
        ("a = true\n$x\n", "x.tfvars:2:1: not HCL: found '$x'"),
        ('{"a": true}\n', "x.tfvars:1:1: not HCL: found '{'"),
        ('a = "open\n', "x.tfvars:1:6: "),
        ("a = {\nb = 1\n", "a quote or bracket may be open"),
        ('resource "a" "b" {\n  c = 1\n}\n', "x.tfvars:1: found the block 'resource', expected NAME = VALUE"),
        ("a = true\nb = 1\na = false\n", "x.tfvars:3: a: found 'a' twice, first in line 1"),
        ("a = true b = false\n", "x.tfvars:1:10: found 'b' behind another value, expected a line for each"),
        ("a = " + "[" * 3000 + "]" * 3000, "x.tfvars:1: brackets nested more than 64 deep"),
        ("a\x00 = 1\n", "x.tfvars:1:2: not HCL"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, expected: str) -> None:
    assert expected in refusal(text)


def test_all_duplicates_are_named_at_once() -> None:
    assert len(refusal("a = 1\na = 2\nb = 1\nb = 2\n").splitlines()) == 2


def test_a_number_of_thousands_of_digits_is_a_number() -> None:
    assert isinstance(values(f"a = {'9' * 5000}")["a"], float)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    file = tmp_path / "x.tfvars"
    file.write_bytes(b"\xef\xbb\xbfa = true\n")
    assert read_settings(file).values["a"].value is True


@pytest.mark.parametrize("content", [b"\xff\xfe\x00a", b"a = 1\n\x80\n", b"# " + b"x" * MAX_BYTES])
def test_a_binary_or_huge_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tfvars").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.tfvars"):
        read_settings(tmp_path / "x.tfvars")


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="cannot be read"):
            read_settings(path)


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_any_text_is_read_or_refused_with_words(text: str) -> None:
    try:
        parse_settings(text, file="x.tfvars")
    except InputError as error:
        assert str(error).startswith("x.tfvars")


_FRAGMENTS = st.sampled_from(
    [
        "a",
        "b",
        "=",
        "true",
        '"',
        "${",
        "}",
        "{",
        "[",
        "]",
        "(",
        ")",
        "<<EOT",
        "EOT",
        "\n",
        " ",
        ":",
        ",",
        "1",
        "#",
        "%{",
    ]
)


@given(st.lists(_FRAGMENTS, max_size=25))
@settings(max_examples=200)
def test_any_mixture_of_hcl_is_read_or_refused_with_words(parts: list[str]) -> None:
    try:
        parse_settings("".join(parts), file="x.tfvars")
    except InputError as error:
        assert str(error).startswith("x.tfvars")


@given(st.dictionaries(st.from_regex(r"enable_[a-z]{1,10}", fullmatch=True), st.booleans(), max_size=8))
@settings(max_examples=50)
def test_switches_come_back_as_they_were_written(switches: dict[str, bool]) -> None:
    assert values("".join(f"{name} = {str(on).lower()}\n" for name, on in switches.items())) == switches

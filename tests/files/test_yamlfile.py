"""The one door to YAML: it reads as Helm reads, refuses with line and column, writes what reads back the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files import yamlfile
from tests import helm

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.text(st.sampled_from(" \t\n\r#:'\"-|>&*![]{},?%@`\x85\u2028\ufeff~<=01eyno\x00\x0b"), max_size=20)
    | st.text(st.sampled_from("ab "), min_size=100, max_size=150)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
TOKENS = st.sampled_from(
    (
        "a",
        "b: ",
        ": ",
        "? ",
        "- ",
        "\n",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "|",
        ">",
        "&x ",
        "*x",
        "<<: ",
        "!!bool ",
        "!!int ",
        "!!map ",
        "!!set ",
        "!y ",
        "#",
        "---\n",
        "...",
        "%YAML 1.1\n",
        "0x",
        "1e9",
        ".nan",
        "\\ud800",
        "\x00",
        "\ud800",
        "\u2028",
        "9" * 400,
    )
)


def refused(text: str) -> str:
    with pytest.raises(InputError) as error:
        yamlfile.parse(text, file="f")
    assert len(error.value.problems) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 1\nb: [x, 2.5, true, null]\n", {"a": 1, "b": ["x", 2.5, True, None]}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("day: 2026-08-22\nop: =\ntime: 12:30\n", {"day": "2026-08-22", "op": "=", "time": "12:30"}),
    ],
)
def test_plain_yaml_becomes_plain_data(text: str, data: Any) -> None:
    assert yamlfile.parse(text, file="f") == data


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b\n c: d\n", "f:2:3: mapping values are not allowed in this context"),
        ("a:\n\t- b\n", "f:2:1: while scanning for the next token: found character that cannot start any token"),
        ("a: [1, 2\nb: 3\n", "f:2:2: while parsing a flow sequence: did not find expected ',' or ']'"),
        ("a: 'b\n", "f:2:1: while scanning a quoted scalar: found unexpected end of stream"),
        ("a: *b\n", "f:1:4: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "f:2:1: expected a single document in the stream: but found another document"),
        ("a: 1\nbb: \x07\n", "f:2:5: found the character U+0007, which YAML does not allow"),
        ("é: \x07\n", "f:1:4: found the character U+0007, which YAML does not allow"),
        ("a: \udcff\n", "f: found bytes that are not UTF-8 text"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "f:4:3: found the key 'c' twice"),
        ("a: {b: 1, b: 1}\n", "f:1:11: found the key 'b' twice"),
        ("<<: {a: 1}\n<<: {b: 1}\n", "f:2:1: found the key '<<' twice"),
        ("1: a\n", "f:1:1: found the key 1, which YAML does not read as text; put it in quotes"),
        ("a:\n  yes: 1\n", "f:2:3: found the key yes, which YAML does not read as text; put it in quotes"),
        ("[a]: 1\n", "f:1:1: found the key ['a'], which YAML does not read as text; put it in quotes"),
        ("a: !!set {b}\n", "f:1:4: found the tag '!!set', expected plain YAML"),
        ("a: !!binary aGk=\n", "f:1:4: found the tag '!!binary', expected plain YAML"),
        ("a: !vault x\n", "f:1:4: found the tag '!vault', expected plain YAML"),
        ("a: !!python/name:os.system\n", "f:1:4: found the tag '!!python/name:os.system', expected plain YAML"),
        ("a: !!map [1]\n", "f:1:4: found a sequence, expected a mapping"),
        ("a: !!seq b\n", "f:1:4: expected a sequence node, but found scalar"),
        ("a: !!bool b\n", "f:1:4: found 'b', expected true or false"),
        ("a: !!int b\n", "f:1:4: found 'b', expected a number as JSON has it"),
        ("a: !!float ''\n", "f:1:4: found '', expected a number as JSON has it"),
        ("a: .nan\n", "f:1:4: found '.nan', expected a number as JSON has it"),
        ("a: -.inf\n", "f:1:4: found '-.inf', expected a number as JSON has it"),
        (f"a: {'9' * 400}\n", f"f:1:4: found '{'9' * 60}', expected a number as JSON has it"),
        ("<<: 1\n", "f:1:1: '<<' expects a mapping or a list of mappings"),
        ("<<: [{a: 1}, 2]\n", "f:1:1: '<<' expects a mapping or a list of mappings"),
    ],
)
def test_what_is_broken_or_ambiguous_is_refused_with_its_line_and_column(text: str, says: str) -> None:
    assert refused(text) == says


def test_merge_keys_work_as_in_helm_a_mappings_own_keys_win_and_of_several_the_first() -> None:
    text = "one: {deep: &d {a: 1, b: 1}}\ntwo: &e {b: 2, c: 2}\nall:\n  c: 3\n  <<: [*d, *e]\n"
    assert yamlfile.parse(text, file="f")["all"] == {"a": 1, "b": 1, "c": 3}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert yamlfile.parse("'<<': {a: 1}\n", file="f") == {"<<": {"a": 1}}


def test_an_alias_that_contains_itself_is_refused() -> None:
    assert refused("a: &a [*a]\n") == "f:1:4: found an alias that contains itself"
    assert refused("a: &a {<<: *a}\n") == "f:1:4: found an alias that contains itself"


def test_a_small_file_cannot_become_a_huge_chart_by_its_aliases() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert refused(bomb) == "f: more than 500000 values with its aliases written out"


def test_nor_can_it_keep_the_machine_busy_with_merges() -> None:
    names = ", ".join(f"k{n}: 1" for n in range(1000))
    assert "more than 500000 values" in refused(f"a: &a {{{names}}}\nb: {{<<: [{', '.join(['*a'] * 1000)}]}}\n")


@pytest.mark.parametrize(
    "text",
    ["[" * 101 + "]" * 101, "[" * 900 + "]" * 900, "[" * 5000, "- " * 3000 + "a", "{a: " * 200 + "1" + "}" * 200],
)
def test_deep_nesting_is_refused_whatever_its_form(text: str) -> None:
    assert "nest" in refused(text)


def test_100_levels_are_not_too_deep() -> None:
    assert yamlfile.parse("[" * 100 + "]" * 100, file="f")


@given(st.lists(TOKENS, max_size=30).map("".join) | st.text(st.characters(), max_size=60))
def test_any_text_gives_plain_data_or_an_error_that_names_the_file(text: str) -> None:
    try:
        data = yamlfile.parse(text, file="some.yaml")
    except InputError as error:
        assert str(error).startswith("some.yaml:")
    else:
        assert json.loads(json.dumps(data, allow_nan=False)) == data


SCALARS = """
y Y n N yes no on off True TRUE ~ null Null 1e3 7e12 1.5e3 1.5e+3 0o14 0O14 010 08 12:30 1:30.5 1_000 1_0.5
2001-01-01 .5 -.5 5. 0b11 0B11 0x1F 0X1f +1 -1 = 0x 1__0 -0 1e 1e+ e3 1.2.3 -0b1 -0o7 +0x1 _1 1_ 0x_1 0b 0o8 12e03 .1e1
1.e1 +12e03 00 1_e3 .5_0 1e1_0 +_1 inf nan 1i 190:20:30
""".split()  # noqa: SIM905 - sixty names in quotes are harder to read


@pytest.mark.slow
def test_helm_reads_every_scalar_as_it_is_read_and_written_here(helm_binary: Path, tmp_path: Path) -> None:
    bare = "\n".join(f"- {scalar}" for scalar in SCALARS)
    chart = {
        "Chart.yaml": "{apiVersion: v2, name: scalars, version: 0.1.0}",
        "values.yaml": yamlfile.dump({"texts": SCALARS}) + f"bare:\n{bare}\n",
        "templates/x.yaml": (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {values: {{ toJson .Values | quote }} }}"
        ),
    }
    for path, text in chart.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    rendered = yaml.safe_load(helm.run(helm_binary, "template", "x", tmp_path).stdout)
    by_helm = json.loads(rendered["data"]["values"])
    assert by_helm["texts"] == SCALARS
    here = yamlfile.parse(bare, file="f")
    assert [(scalar, type(value) is str) for scalar, value in zip(SCALARS, by_helm["bare"], strict=True)] == [
        (scalar, type(value) is str) for scalar, value in zip(SCALARS, here, strict=True)
    ]
    assert by_helm["bare"] == here


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: \xe9\n", "f:1: found the byte 0xe9, expected UTF-8 text"),
        (b"a: 1\nb: \xff\n", "f:2: found the byte 0xff, expected UTF-8 text"),
        ("a: 1\n".encode("utf-16"), "f:1: found the byte 0xff, expected UTF-8 text"),
        (b"\xef\xbb\xbfa: 1\nb: \xfe\n", "f:2: found the byte 0xfe, expected UTF-8 text"),
    ],
)
def test_a_file_in_another_encoding_is_refused_with_the_line(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(InputError) as error:
        yamlfile.load(tmp_path / "x.yaml", file="f")
    assert str(error.value) == says


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert yamlfile.load(tmp_path / "x.yaml") == {"a": 1}


def test_a_file_of_100_mb_is_refused_without_being_read_to_its_end(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as handle:
        handle.truncate(100_000_000)
    with pytest.raises(InputError) as error:
        yamlfile.load(huge)
    assert str(error.value) == f"{huge}: larger than 8 MiB; this is not configuration"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.yaml: cannot be read: No such file or directory"):
        yamlfile.load(tmp_path / "missing.yaml")
    with pytest.raises(InputError, match="folder: cannot be read: Is a directory"):
        yamlfile.load(tmp_path, file="folder")


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "an empty file"), ("# only this\n", "an empty file"), ("- a\n", "a list"), ("7\n", "a single value")],
)
def test_a_file_that_must_hold_a_mapping_says_what_it_holds_instead(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        yamlfile.load_mapping(tmp_path / "x.yaml", file="f")
    assert str(error.value) == f"f: found {found}, expected a mapping (key: value)"


def test_a_mapping_is_given_back(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: {}\n")
    assert yamlfile.load_mapping(tmp_path / "x.yaml") == {"a": {}}


def test_keys_keep_their_order_and_equal_values_get_no_aliases() -> None:
    shared = {"z": 1}
    assert yamlfile.dump({"b": shared, "a": shared}) == "b:\n  z: 1\na:\n  z: 1\n"


def test_text_of_several_lines_is_a_block_that_a_person_can_read() -> None:
    assert yamlfile.dump({"a": "one\n  two\n"}) == "a: |\n  one\n    two\n"


def test_text_that_ends_in_empty_lines_does_not_depend_on_what_follows_it() -> None:
    assert yamlfile.parse(yamlfile.dump({"a": "one\n\n"}) + "\n\n", file="f") == {"a": "one\n\n"}


@given(JSON)
def test_what_is_written_is_read_back_the_same_here_and_by_pyyaml(data: Any) -> None:
    text = yamlfile.dump(data)
    assert repr(yamlfile.parse(text, file="f")) == repr(data)
    assert repr(yaml.safe_load(text)) == repr(data)

"""What is too deep is refused before a parser that recurses reads it, just over the bound as far beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import InputError
from generator.files import yamlfile
from generator.files.depth import json_is_deep, yaml_is_deep

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES: dict[str, Callable[[int], str]] = {
    "flow": lambda levels: "[" * levels + "]" * levels,
    "indented": lambda levels: "".join(f"{' ' * level}a:\n" for level in range(levels)),
    "dashes": lambda levels: "- " * levels + "a",
    "keys": lambda levels: "".join(f"{' ' * level}- a:\n" for level in range(0, levels, 2)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("levels", [102, 700])
def test_yaml_that_is_too_deep_is_refused(shape: str, levels: int) -> None:
    with pytest.raises(InputError, match=r"^a.yaml: nested more than 100 levels deep$"):
        yamlfile.parse(SHAPES[shape](levels), file="a.yaml")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_much_too_deep_is_known_before_it_is_parsed(shape: str) -> None:
    assert yaml_is_deep(SHAPES[shape](700), 100)
    assert not yaml_is_deep(SHAPES[shape](99), 100)


def test_brackets_in_texts_are_not_deep() -> None:
    text = 'a: "' + "[" * 600 + '"\nb: |\n  ' + "{" * 600 + "\n"
    assert yamlfile.parse(text, file="a.yaml") == {"a": "[" * 600, "b": "{" * 600 + "\n"}
    assert not json_is_deep('{"a": "' + "[" * 600 + '\\"["}', 100)


@pytest.mark.parametrize(("text", "said"), [("[" * 101, "nested more than 100 levels deep"), ("[", "not JSON")])
def test_json_is_bounded_as_yaml_is(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        yamlfile.parse_json(text, file="a.json")


def test_a_json_of_100_levels_is_read() -> None:
    data: Any = []
    for _ in range(99):
        data = [data]
    assert yamlfile.parse_json("[" * 100 + "]" * 100, file="a.json") == data


def test_more_values_than_any_configuration_has_are_refused_in_json_too() -> None:
    with pytest.raises(InputError, match=f"more than {yamlfile.MAX_VALUES} values"):
        yamlfile.parse_json(f"[{'0,' * yamlfile.MAX_VALUES}0]", file="a.json")


def test_no_parser_is_asked_for_what_is_much_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a parser that recurses was asked")

    monkeypatch.setattr("yaml.load", asked)
    monkeypatch.setattr("json.loads", asked)
    for shape in SHAPES.values():
        with pytest.raises(InputError, match="nested more than 100 levels deep"):
            yamlfile.parse(shape(700), file="a.yaml")
    with pytest.raises(InputError, match="nested more than 100 levels deep"):
        yamlfile.parse_json("[" * 101 + "]" * 101, file="a.json")

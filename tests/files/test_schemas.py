"""What a person reads when data breaks a schema: the path, what was found, what was expected, the nearest name."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generator.errors import InputError, Problem
from generator.files import schemas, yamlfile
from tests.conftest import ROOT
from tests.schema_openings import open_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {
    "dashboard": "dashboards/inference.yaml",
    "monitor": "monitors/ray.yaml",
    "pins": "pins.yaml",
    "profile": "profiles/standalone.yaml",
}


def said(data: Any, schema: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in schemas.problems(data, schema, file="f")]


@pytest.mark.parametrize(
    ("schema", "data", "says"),
    [
        ({"type": "string"}, 1, "found '1', expected text"),
        ({"type": "object"}, ["x"], "found a list, expected a mapping"),
        ({"type": "array"}, {}, "found a mapping, expected a list"),
        ({"type": "boolean"}, [], "found an empty list, expected true or false"),
        ({"type": "integer"}, 1.5, "found '1.5', expected a whole number"),
        ({"type": "number"}, None, "found nothing, expected a number"),
        ({"type": "string"}, True, "found 'true', expected text"),
        ({"type": "string", "x-expected": "a duration"}, 20, "found '20', expected text: a duration"),
        ({"type": ["string", "null"]}, 1, "found '1', expected text or nothing (null)"),
        ({"type": "integer"}, "x" * 99, f"found '{'x' * 57}…', expected a whole number"),
        ({"enum": ["http", "https"]}, "htps", "found 'htps', expected one of http, https (did you mean 'https'?)"),
        ({"enum": ["http", "https"]}, 7, "found '7', expected one of http, https"),
        ({"const": 1}, 2, "found '2', expected '1'"),
        ({"pattern": "^a+$"}, "b", "found 'b', expected text that matches ^a+$"),
        ({"pattern": "^a+$", "x-expected": "a row of a"}, "b", "found 'b', expected a row of a"),
        ({"minimum": 1}, 0, "found '0', expected at least 1"),
        ({"maximum": 9}, 10, "found '10', expected at most 9"),
        ({"exclusiveMinimum": 0}, 0, "found '0', expected more than 0"),
        ({"minLength": 1}, "", "found '', expected at least 1 character(s)"),
        ({"maxLength": 1}, "ab", "found 'ab', expected at most 1 characters"),
        ({"minItems": 1}, [], "found an empty list, expected at least 1 item(s)"),
        ({"maxItems": 1}, [1, 2], "found a list, expected at most 1 items"),
        ({"uniqueItems": True}, [1, 1], "found a list, expected items that all differ"),
        ({"minProperties": 1}, {}, "found a mapping, expected at least 1 key(s)"),
        ({"multipleOf": 2}, 3, "3 is not a multiple of 2"),
    ],
)
def test_each_keyword_says_what_was_found_and_what_was_expected(schema: Any, data: Any, says: str) -> None:
    assert said({"a": {"b": [data]}}, {"properties": {"a": {"properties": {"b": {"items": schema}}}}}) == [
        f"f: a.b[0]: {says}"
    ]


def test_an_unknown_key_names_the_nearest_known_one_and_its_place() -> None:
    schema = {"properties": {"a": {"properties": {"nodes": {}, "heap": {}}, "additionalProperties": False}}}
    assert said({"a": {"node": 1}}, schema) == ["f: a.node: unknown key 'node' (did you mean 'nodes'?)"]


def test_a_missing_key_is_named_each_one() -> None:
    assert said({"a": {"x": 1}}, {"properties": {"a": {"required": ["x", "y", "z"]}}}) == [
        "f: a: the key 'y' is missing",
        "f: a: the key 'z' is missing",
    ]


def test_a_key_of_the_wrong_form_is_shown_with_the_form() -> None:
    schema = {"properties": {"labels": {"propertyNames": {"pattern": "^[a-z]+$", "x-expected": "small letters"}}}}
    assert said({"labels": {"A1": 1}}, schema) == ["f: labels: key 'A1': found 'A1', expected small letters"]


def test_a_closed_mapping_that_also_lists_its_names_says_it_once() -> None:
    schema = {"properties": {"a": {}}, "additionalProperties": False, "propertyNames": {"enum": ["a"]}}
    assert said({"b": 1}, schema) == ["f: b: unknown key 'b' (valid: a)"]


def test_a_list_of_names_alone_is_not_passed_over() -> None:
    (text,) = said({"b": 1}, {"propertyNames": {"enum": ["a"]}})
    assert "'b'" in text


CHOICE = {
    "anyOf": [
        {"type": "string", "minLength": 2},
        {"type": "integer", "minimum": 1},
        {"type": "object", "required": ["port"], "properties": {"port": {"type": "integer"}}},
    ]
}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("a", "f: found 'a', expected at least 2 character(s)"),
        (0, "f: found '0', expected at least 1"),
        ({"port": "http"}, "f: port: found 'http', expected a whole number"),
        ({}, "f: the key 'port' is missing"),
        ([], "f: found an empty list, expected text or a whole number or a mapping"),
    ],
)
def test_of_a_choice_the_branch_that_was_meant_is_explained(data: Any, says: str) -> None:
    assert said(data, CHOICE) == [says]


def test_a_choice_between_constants_names_what_was_found() -> None:
    assert said("c", {"oneOf": [{"const": "a"}, {"const": "b"}]}) == [
        "f: found 'c', expected one of the documented forms"
    ]


def test_a_value_that_fits_two_exclusive_forms_is_a_problem_too() -> None:
    assert len(said(1, {"oneOf": [{"type": "integer"}, {"type": "number"}]})) == 1


def test_a_line_break_at_its_end_does_not_slip_through_a_pattern() -> None:
    assert len(said({"size": "1Gi\n"}, {"properties": {"size": {"pattern": "^[0-9]+Gi$"}}})) == 1


def test_what_the_fast_validator_cannot_take_over_is_judged_all_the_same() -> None:
    assert said({"a": b"x"}, {"properties": {"a": {"type": "string"}}}) == ["f: a: found 'b'x'', expected text"]


def test_all_problems_come_at_once_in_the_order_of_their_paths() -> None:
    schema = {"properties": {"b": {"type": "string"}, "a": {"properties": {"x": {"minimum": 1}}}}}
    with pytest.raises(InputError) as error:
        schemas.validate({"b": 1, "a": {"x": 0}}, schema, file="f")
    assert [problem.path for problem in error.value.problems] == ["a.x", "b"]


def test_valid_data_passes_in_silence() -> None:
    schemas.validate({"b": "x"}, {"properties": {"b": {"type": "string"}}}, file="f")


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a",), "a"), (("a", "b"), "a.b"), (("a", 0, "b", 1, 2), "a[0].b[1][2]"), ((0, "a"), "[0].a")],
)
def test_paths_are_dotted_with_indexes_in_brackets(path: tuple[str | int, ...], text: str) -> None:
    assert schemas.dotted(path) == text


SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99999) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["enabled", "name", "type", "port"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def replaced(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    data = copy.copy(data)
    data[path[0]] = replaced(data[path[0]], path[1:], value)
    return data


SHIPPED = {kind: yamlfile.load_mapping(ROOT / file) for kind, file in KINDS.items()}
SCHEMAS = {
    kind: open_schema() if kind == "profile" else yamlfile.load_mapping(ROOT / f"values-schemas/{kind}.schema.yaml")
    for kind in KINDS
}
PLACES = {kind: list(places(data)) for kind, data in SHIPPED.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@given(draw=st.data())
def test_whatever_stands_in_a_shipped_file_it_is_valid_or_has_a_problem_with_a_path(
    kind: str, draw: st.DataObject
) -> None:
    schema = SCHEMAS[kind]
    path = draw.draw(st.sampled_from(PLACES[kind]))
    data = replaced(SHIPPED[kind], path, draw.draw(SMALL))
    found = schemas.problems(data, schema, file="f")
    assert found or Draft202012Validator(schema).is_valid(data)
    assert not (found and Draft202012Validator(schema).is_valid(data) and jsonschema_rs.is_valid(schema, data))
    known = {schemas.dotted(place) for place in places(data)}
    assert all(problem.file == "f" and problem.message for problem in found)
    assert all(problem.path in known for problem in found)


def test_what_is_shipped_is_valid() -> None:
    for kind in KINDS:
        assert schemas.problems(SHIPPED[kind], SCHEMAS[kind], file="f") == ()


def test_a_problem_is_equal_to_one_with_the_same_words() -> None:
    assert schemas.problems(1, {"allOf": [{"type": "string"}, {"type": "string"}]}, file="f") == (
        Problem("found '1', expected text", "f"),
    )

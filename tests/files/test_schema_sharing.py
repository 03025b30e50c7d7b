"""Parts of a schema that stand in several places are written once, and the schema says the same as before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.profile import own_schema, profile_schema
from generator.files.schema_sharing import shared
from generator.files.schema_values import filled, inlined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.sources import Sources

PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
ENDPOINT = {"type": "object", "additionalProperties": False, "properties": {"port": PORT, "path": {"type": "string"}}}
WRITTEN_OUT: dict[str, Any] = {
    "type": "object",
    "properties": {"first": ENDPOINT, "second": ENDPOINT, "ports": {"type": "array", "items": PORT}},
    "additionalProperties": ENDPOINT,
}


def test_a_part_that_stands_in_several_places_is_a_definition() -> None:
    schema = shared(WRITTEN_OUT)
    assert schema["properties"]["first"] == schema["properties"]["second"] == schema["additionalProperties"]
    assert schema["$defs"] == {
        "shared-0": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"port": {"$ref": "#/$defs/shared-1"}, "path": {"type": "string"}},
        },
        "shared-1": PORT,
    }
    assert schema["properties"]["ports"] == {"type": "array", "items": {"$ref": "#/$defs/shared-1"}}


def test_parts_that_differ_in_what_they_tell_people_are_one() -> None:
    told = {"first": {**PORT, "description": "Of the pod.", "default": 1}, "second": {**PORT, "x-expected": "a port"}}
    assert shared({"title": "Ports", "properties": told})["$defs"] == {"shared-0": PORT}


def test_data_that_looks_like_a_schema_is_left_as_it_is() -> None:
    data = {"properties": PORT, "items": PORT, "description": "data"}
    schema = {"properties": {"a": {"enum": [data, PORT]}, "description": {"const": data}}}
    assert shared(schema) == schema | {"$defs": {}}


def test_definitions_and_references_of_the_schema_stay() -> None:
    schema = {"$defs": {"name": {"type": "string", "minLength": 1}}, "properties": {"a": {"$ref": "#/$defs/name"}}}
    assert shared(schema) == schema


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the path of each value that is no mapping."""
    for key, value in values.items():
        yield from leaves(value, (*path, key)) if isinstance(value, dict) and value else [(*path, key)]


def put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Returns the values with another one at a path."""
    key, *rest = path
    return {**values, key: put(values[key], tuple(rest), value) if rest else value}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70000) | st.sampled_from(["", "a", "/metrics"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["first", "second", "other", "port", "path", "ports"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(data=json_values)
def test_what_was_wrong_is_wrong_at_the_same_place(data: Any) -> None:
    def errors(schema: dict[str, Any]) -> list[tuple[list[str | int], str]]:
        validator = jsonschema_rs.Draft202012Validator(schema)
        return sorted((list(error.instance_path), error.message) for error in validator.iter_errors(data))

    assert errors(shared(WRITTEN_OUT)) == errors(WRITTEN_OUT)


@pytest.mark.parametrize("schema_of", [profile_schema, own_schema])
def test_the_products_own_schemas_shrink_to_a_fifth_and_refuse_the_same(sources: Sources, schema_of: Any) -> None:
    """They are compiled in each run: what the validator takes goes with what is written."""
    schema = schema_of(sources)
    once = shared(schema)
    assert len(json.dumps(once)) < len(json.dumps(schema)) / 5
    of_all, of_shared = (jsonschema_rs.Draft202012Validator(each) for each in (schema, once))
    values = filled(inlined(schema), {})
    places = list(leaves(values))
    assert len(places) > 40
    for path in places:
        wrong = put(values, path, {"nonsense": [-1]})
        found = [sorted(list(error.instance_path) for error in each.iter_errors(wrong)) for each in (of_all, of_shared)]
        assert found[0] == found[1], path

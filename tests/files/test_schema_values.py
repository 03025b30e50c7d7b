"""What a schema says besides its rules: shared parts written out, and the value of each key that nobody sets."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from generator.files.schema_values import closed, entry, filled, inlined

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "on": {"type": "boolean", "default": True},
        "limit": {"type": "integer"},
        "job": {
            "type": "object",
            "properties": {"image": {"type": "string"}, "labels": {"type": "object", "default": {}}},
        },
        "issuer": {"type": ["object", "null"], "default": None, "properties": {"kind": {"default": "Issuer"}}},
    },
}


def test_defaults_stand_where_nothing_is_given_in_the_order_of_the_schema() -> None:
    assert filled(SCHEMA, {}) == {"on": True, "job": {"labels": {}}, "issuer": None}
    values = filled(SCHEMA, {"job": {"image": "a:1"}, "limit": 3, "on": False})
    assert list(values.items()) == [
        ("on", False),
        ("limit", 3),
        ("job", {"image": "a:1", "labels": {}}),
        ("issuer", None),
    ]
    assert list(values["job"]) == ["image", "labels"]


def test_what_is_given_wins_also_null_and_what_is_empty_and_what_the_schema_does_not_list() -> None:
    assert filled(SCHEMA, {"on": None, "job": {"labels": {"a": "b"}}, "more": {"x": 1}}) == {
        "on": None,
        "job": {"labels": {"a": "b"}},
        "issuer": None,
        "more": {"x": 1},
    }
    assert filled({"properties": {"rule": {"properties": {"a": {}}}}}, {"rule": {}}) == {"rule": {}}
    assert filled(SCHEMA, {"issuer": {"name": "corporate"}})["issuer"] == {"kind": "Issuer", "name": "corporate"}


def test_a_default_is_a_copy() -> None:
    before = copy.deepcopy(SCHEMA)
    filled(SCHEMA, {})["job"]["labels"]["a"] = "b"
    assert before == SCHEMA


def test_a_shared_part_is_written_out_with_the_keys_beside_it_over_it_at_any_depth() -> None:
    schema = {
        "properties": {
            "a": {"description": "A.", "$ref": "#/$defs/name"},
            "list": {"items": {"anyOf": [{"$ref": "#/$defs/outer"}]}},
        },
        "$defs": {
            "name": {"type": "string", "description": "A name."},
            "outer": {"properties": {"b": {"$ref": "#/$defs/name"}}},
        },
    }
    name = {"type": "string", "description": "A name."}
    assert inlined(schema) == {
        "properties": {
            "a": {"type": "string", "description": "A."},
            "list": {"items": {"anyOf": [{"properties": {"b": name}}]}},
        }
    }


def test_a_shared_part_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="nmae"):
        inlined({"properties": {"a": {"$ref": "#/$defs/nmae"}}})


def test_a_block_is_closed_over_its_entries_which_share_one_form() -> None:
    form = {"type": "object", "properties": {"on": {"type": "boolean"}, "limit": {"type": "integer"}}}
    block = {"type": "object", "properties": {"interval": {"default": "30s"}}, "additionalProperties": form}
    before = copy.deepcopy(block)
    made = closed(block, {"ray": entry(form, "Ray.", {"on": False}), "vllm": entry(form, "vLLM.", {"limit": 7})})
    assert made["additionalProperties"] is False
    assert made["properties"]["ray"]["description"] == "Ray."
    assert filled(made, {"vllm": {"on": True}}) == {
        "interval": "30s",
        "ray": {"on": False},
        "vllm": {"on": True, "limit": 7},
    }
    assert block == before

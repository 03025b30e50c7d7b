"""values.schema.json: closed on own keys, the valid names in Helm's message, open on upstream's, read by any Helm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from generator.build.build import fit
from generator.build.chart import chart_schema
from generator.build.profile import load_profile
from generator.build.schema import bare, schema_json, values_schema
from generator.files import yamlfile
from generator.files.schema_values import inlined
from generator.stack.component import Component
from tests import helm
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.build.sources import Sources

BLOCKS = {
    "monitors": {
        "type": "object",
        "additionalProperties": False,
        "x-why": "ours",
        "properties": {
            "enabled": {"type": "boolean"},
            "ray": {"type": "object", "additionalProperties": False, "properties": {"interval": {"type": "string"}}},
            "choice": {"anyOf": [{"type": "object", "additionalProperties": False, "properties": {"a": {}, "b": {}}}]},
        },
    }
}


@pytest.fixture
def schema() -> dict[str, Any]:
    own = inlined(yamlfile.load_mapping(ROOT / "values-schemas" / "values.schema.yaml"))
    return values_schema({**own, "properties": own["properties"] | BLOCKS}, [Component("loki", "the store", {})])


def every(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from every(child)


def test_it_is_a_valid_schema_of_the_dialect_that_helm_3_17_knows(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


def test_every_closed_object_lists_its_names_where_helm_shows_them(schema: dict[str, Any]) -> None:
    closed = [part for part in every(schema) if part.get("additionalProperties") is False]
    assert len(closed) >= 4
    assert all(part["propertyNames"] == {"enum": sorted(part["properties"])} for part in closed)


def test_keys_that_only_gen_chart_reads_are_not_in_it(schema: dict[str, Any]) -> None:
    assert not [key for part in every(schema) for key in part if key.startswith("x-") or key == "default"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"enabled": True},
        {"global": {"imageRegistry": "registry.example.com"}},
        {"loki": {"enabled": False, "anything": {"of": ["its", "own"]}}},
        {"loki": {"enabled": True, "rendered": False}},
        {"monitors": {"ray": {"interval": "10s"}}},
    ],
)
def test_what_helm_and_upstream_need_is_open(schema: dict[str, Any], values: dict[str, Any]) -> None:
    assert Draft7Validator(schema).is_valid(values)


@pytest.mark.parametrize(
    "values",
    [
        {"lokki": {}},
        {"loki": {"enabled": "yes"}},
        {"loki": {"enabled": False, "rendered": True}},
        {"loki": None},
        {"networkPolicies": {"enable": True}},
        {"monitors": {"rya": {}}},
        {"monitors": {"ray": {"intervall": "10s"}}},
    ],
)
def test_a_typo_in_an_own_key_and_a_switch_that_is_no_switch_are_refused(
    schema: dict[str, Any], values: dict[str, Any]
) -> None:
    assert not Draft7Validator(schema).is_valid(values)


def test_the_sources_are_left_as_they_are() -> None:
    own: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": {"a": {}, **BLOCKS}}
    values_schema(own, [])
    assert own == {"type": "object", "additionalProperties": False, "properties": {"a": {}, **BLOCKS}}
    assert "propertyNames" not in BLOCKS["monitors"]


def test_the_header_is_its_first_key_and_letters_stay_readable() -> None:
    text = schema_json({"title": "größe"}, "Generated.")
    assert text == '{\n"$comment":"Generated.",\n"title":"größe"\n}\n'
    assert json.loads(text)["title"] == "größe"


def test_the_charts_schema_says_nothing_to_people_and_means_the_same(sources: Sources) -> None:
    described = chart_schema(fit(load_profile("jark", sources), sources))
    stripped = bare(described)
    assert not {"description", "title", "default", "examples"} & set(keywords(stripped))
    assert len(json.dumps(stripped)) < 0.6 * len(json.dumps(described))
    assert stripped["properties"]["parts"] == {
        "type": "object",
        "additionalProperties": False,
        "properties": {part: {"type": "boolean"} for part in ("secrets", "stack", "tests")},
        "propertyNames": {"enum": ["secrets", "stack", "tests"]},
    }
    assert "description" in described


def test_a_key_of_the_values_that_is_called_description_stays() -> None:
    schema = {"description": "x", "properties": {"description": {"title": "t", "anyOf": [{"default": 1}, True]}}}
    assert bare(schema) == {"properties": {"description": {"anyOf": [{}, True]}}}


def keywords(schema: Any) -> Iterator[str]:
    """Yields the keywords of a schema and of all below it; the names of properties are none."""
    if isinstance(schema, list):
        for item in schema:
            yield from keywords(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            children = value.values() if key in ("properties", "patternProperties", "definitions") else (value,)
            for child in children:
                yield from keywords(child)


def test_helms_message_about_a_typo_shows_the_valid_names(
    helm_binary: Path, tmp_path: Path, schema: dict[str, Any]
) -> None:
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: scratch, version: 0.1.0}")
    (tmp_path / "values.schema.json").write_text(schema_json(schema, "Generated."))
    (tmp_path / "values.yaml").write_text("monitors: {}\n")
    assert helm.run(helm_binary, "template", "x", tmp_path, "--set", "global.a=1,loki.any=1").returncode == 0
    done = helm.run(helm_binary, "template", "x", tmp_path, "--set", "monitors.rya.interval=10s", check=False)
    assert done.returncode != 0
    assert "rya" in done.stderr
    assert all(name in done.stderr for name in ("choice", "enabled", "ray"))


def resolved(node: Any, definitions: dict[str, Any]) -> Any:
    """Returns a schema with every reference written out."""
    if isinstance(node, list):
        return [resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return resolved(definitions[node["$ref"].removeprefix("#/definitions/")], definitions)
    return {key: resolved(value, definitions) for key, value in node.items() if key != "definitions"}


def test_what_is_there_twice_is_written_once_and_means_the_same(sources: Sources) -> None:
    whole = chart_schema(fit(load_profile("jark", sources), sources))
    written = json.loads(schema_json(whole, "Generated."))
    assert resolved(written, written["definitions"]) == {"$comment": "Generated.", **whole}
    assert len(json.dumps(written)) < len(json.dumps(whole)) * 0.7
    Draft7Validator.check_schema(written)

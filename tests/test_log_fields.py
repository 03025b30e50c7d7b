"""logs/fields.yaml: what a person may write there, and that every mistake is named with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files import yamlfile
from generator.logs.fields import LogField, parse_fields
from tests.conftest import ROOT

if TYPE_CHECKING:
    from generator.build.sources import Sources

FILE = "logs/fields.yaml"
SCHEMA = yamlfile.load_mapping(ROOT / "values-schemas" / "log-fields.schema.yaml")
TIME = {"@timestamp": {"type": "date", "description": "When.", "source": "Fluent Bit"}}


def field(**changes: Any) -> dict[str, Any]:
    return {"type": "keyword", "description": "What.", "source": "Who.", **changes}


def parsed(**fields: Any) -> dict[str, LogField]:
    return parse_fields({"fields": {**TIME, **fields}}, SCHEMA, file=FILE)


def says(data: Any) -> str:
    with pytest.raises(InputError) as error:
        parse_fields(data, SCHEMA, file=FILE)
    return str(error.value)


def test_a_field_is_known_by_its_path(sources: Sources) -> None:
    assert sources.log_fields["kubernetes.pod_name"].type == "keyword"
    assert sources.log_fields["log"].type == "match_only_text"
    assert sources.log_fields["parsed"].type == "flat_object"
    assert all(name == found.name for name, found in sources.log_fields.items())


def test_fields_keep_the_order_of_the_file() -> None:
    assert list(parsed(b=field(), a=field())) == ["@timestamp", "b", "a"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**TIME, "app": field(type="keywort")}, "fields.app.type: found 'keywort', expected one of"),
        ({**TIME, "app": field(type="keywort")}, "did you mean 'keyword'?"),
        ({**TIME, "app": {"type": "keyword", "description": "What."}}, "fields.app: the key 'source' is missing"),
        ({**TIME, "App": field()}, "key 'App': found 'App', expected lower-case names joined by dots"),
        ({**TIME, "a..b": field()}, "expected lower-case names joined by dots"),
        ({"app": field()}, "fields: the key '@timestamp' is missing"),
        ({"@timestamp": field()}, "fields.@timestamp.type: found 'keyword', expected date"),
        ({}, "fields: found a mapping, expected at least 1 key(s)"),
    ],
)
def test_a_mistake_is_named_with_its_place(fields: dict[str, Any], message: str) -> None:
    found = says({"fields": fields})
    assert found.startswith(FILE)
    assert message in found


def test_a_field_inside_a_field_is_refused_since_a_value_is_no_object() -> None:
    found = says({"fields": {**TIME, "kubernetes": field(), "kubernetes.labels.app": field()}})
    assert found == (
        "logs/fields.yaml: fields.kubernetes.labels.app: found 'kubernetes.labels.app' inside 'kubernetes', which is a "
        "field itself (keyword) (a field cannot hold another one)"
    )
    assert "inside 'parsed'" in says({"fields": {**TIME, "parsed": field(type="flat_object"), "parsed.a": field()}})


@given(
    st.dictionaries(
        st.text("ab.", max_size=5), st.one_of(st.none(), st.text(), st.just(field()), st.just(field(type="long")))
    )
)
def test_anything_is_either_fields_or_an_error_that_names_the_file(fields: dict[str, Any]) -> None:
    try:
        found = parse_fields({"fields": {**TIME, **fields}}, SCHEMA, file=FILE)
    except InputError as error:
        assert all(problem.file == FILE for problem in error.problems)
    else:
        assert set(found) == {*TIME, *fields}
        assert not any(other.startswith(f"{name}.") for name in found for other in found)

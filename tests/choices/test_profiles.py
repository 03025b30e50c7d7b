"""From a name and what a person lays over it to one set of choices, or to a message that names every mistake."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.sources import read_profiles
from generator.choices.profiles import Layer, Profile, lineage, merge, parse_set, resolve
from generator.errors import InputError
from tests.conftest import PROFILES, ROOT
from tests.schema_openings import open_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Keys that say whether a mapping stands under them, as in a schema: then a mapping never meets anything else.
LEAVES = st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)
SHAPED = st.recursive(
    st.dictionaries(st.sampled_from("abc"), LEAVES, max_size=3),
    lambda inner: st.builds(
        lambda leaves, maps: leaves | maps,
        st.dictionaries(st.sampled_from("abc"), LEAVES, max_size=3),
        st.dictionaries(st.sampled_from("XYZ"), inner, max_size=3),
    ),
    max_leaves=4,
)
ANY = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=6),
    max_size=3,
)


def leaves(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def at(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


@given(ANY, ANY)
def test_every_leaf_of_what_is_laid_over_is_there_afterwards(base: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(base, over)
    assert all(at(merged, path) == value for path, value in leaves(over) if value != {})


@given(ANY, ANY)
def test_what_is_not_covered_stays(base: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(base, over)
    covered = [path for path, _ in leaves(over)]
    for path, value in leaves(base):
        if not any(path[: len(cover)] == cover or cover[: len(path)] == path for cover in covered):
            assert at(merged, path) == value


@given(ANY, ANY)
def test_laying_the_same_over_twice_or_nothing_at_all_changes_nothing(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    assert merge(base, {}) == merge({}, base) == merge(base, base) == base
    assert merge(merge(base, over), over) == merge(base, over)


@given(SHAPED, SHAPED, SHAPED)
def test_where_mappings_meet_mappings_the_grouping_does_not_matter(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(ANY, ANY)
def test_merging_changes_neither_side(base: dict[str, Any], over: dict[str, Any]) -> None:
    before = copy.deepcopy((base, over))
    merge(base, over)
    assert (base, over) == before


@pytest.mark.parametrize("value", [None, [], [1], "x", 0, False])
def test_anything_but_a_mapping_replaces_null_and_lists_too(value: Any) -> None:
    assert merge({"a": {"b": [1, 2], "c": 1}}, {"a": {"b": value}}) == {"a": {"b": value, "c": 1}}
    assert merge({"a": {"b": 1}}, {"a": value}) == {"a": value}
    assert merge({"a": value}, {"a": {"b": 1}}) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("argument", "data"),
    [
        ("a.b.c=1", {"a": {"b": {"c": 1}}}),
        ("a=true", {"a": True}),
        ("a=gp3", {"a": "gp3"}),
        ("a=", {"a": None}),
        ("a=null", {"a": None}),
        ("a=''", {"a": ""}),
        ("a=[b, c]", {"a": ["b", "c"]}),
        ("a={cpu: 1, memory: 2Gi}", {"a": {"cpu": 1, "memory": "2Gi"}}),
        ("a=b=c", {"a": "b=c"}),
        (r"labels.ray\.io/cluster=x", {"labels": {"ray.io/cluster": "x"}}),
        (" a =1", {"a": 1}),
    ],
)
def test_set_reads_a_dotted_path_and_a_yaml_value(argument: str, data: Any) -> None:
    assert parse_set(argument).data == data


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("a.b", "--set a.b: found no '=' (write path=value)"),
        ("=1", "--set : found an empty key in '' (write path=value, as in a.b.c=1)"),
        ("a..b=1", "--set a..b: found an empty key in 'a..b' (write path=value, as in a.b.c=1)"),
        (".a=1", "--set .a: found an empty key in '.a' (write path=value, as in a.b.c=1)"),
        ("a.env[0].name=x", "--set a.env[0].name: found an index in 'env[0]' (give the whole list, as in a.b=[c, d])"),
        ("a[]=x", "--set a[]: found an index in 'a[]' (give the whole list, as in a.b=[c, d])"),
        ("a={b", "--set a:2:1: while parsing a flow mapping: did not find expected ',' or '}'"),
        ("a\udcff=1", r"--set a\udcff: found bytes that are not UTF-8 text"),
        ("a=\udcff", "--set a: found bytes that are not UTF-8 text"),
        (".".join("a" * 101) + "=1", f"--set {'.'.join('a' * 101)}: nested more than 100 levels deep"),
    ],
)
def test_set_explains_what_it_cannot_read(argument: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        parse_set(argument)
    assert str(error.value) == says


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="=[]\\"), min_size=1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(KEYS, min_size=1, max_size=5), VALUES)
def test_any_path_and_any_value_can_be_set(keys: list[str], value: Any) -> None:
    path = ".".join(key.replace(".", r"\.") for key in keys)
    data: Any = parse_set(f"{path}={json.dumps(value, ensure_ascii=False)}").data
    assert at(data, tuple(keys)) == value


@given(st.text(st.characters(), max_size=40) | st.text("ab.=[]{}:\\ '\"&*!", max_size=20))
def test_any_argument_gives_one_layer_or_a_message_about_set(argument: str) -> None:
    try:
        layer = parse_set(argument)
    except InputError as error:
        assert all(str(problem).startswith("--set") for problem in error.problems)
    else:
        assert isinstance(layer.data, dict)


def test_a_value_that_is_set_never_shows_in_the_header_of_a_file() -> None:
    layer = parse_set("components.kube-prometheus-stack.grafana.adminPassword=s3cret")
    assert layer.origin == "--set components.kube-prometheus-stack.grafana.adminPassword=…"
    assert "s3cret" not in layer.file


def layer(**data: Any) -> Layer:
    return Layer("some.yaml", data)


ROOT_LAYER = Layer("standalone.yaml", {"description": "All.", "nodes": 3, "heap": "1g"})
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "extends": {"type": "string"},
        "description": {"type": "string"},
        "nodes": {"type": "integer"},
        "heap": {"type": "string"},
    },
}


def test_the_lineage_leads_from_the_profile_to_standalone() -> None:
    available = {"standalone": ROOT_LAYER, "eks": layer(extends="standalone"), "mine": layer(extends="eks")}
    assert lineage("mine", available) == ("mine", "eks", "standalone")
    assert lineage("standalone", available) == ("standalone",)


@pytest.mark.parametrize(
    ("asked", "available", "says"),
    [
        ("egs", {"eks": layer(extends="standalone")}, "--profile: unknown profile 'egs' (did you mean 'eks'?)"),
        ("", {"eks": layer()}, "--profile: unknown profile '' (valid: eks, standalone)"),
        (
            "eks",
            {"eks": layer(extends="standalon")},
            "some.yaml: extends: unknown profile 'standalon' (did you mean 'standalone'?)",
        ),
        (
            "a",
            {"a": layer(extends="b"), "b": layer(extends="c"), "c": layer(extends="b")},
            "some.yaml: extends: extends itself in a circle: b → c → b",
        ),
        ("a", {"a": layer(extends="a")}, "some.yaml: extends: extends itself in a circle: a → a"),
        (
            "nowhre",
            {"nowhre": layer(extends="nowhere")},
            "some.yaml: extends: unknown profile 'nowhere' (valid: standalone)",
        ),
        ("a", {"a": layer(nodes=1)}, "some.yaml: the key 'extends' is missing (valid: standalone)"),
        ("a", {"a": layer(extends=["b"])}, "some.yaml: extends: found ['b'], expected a profile's name"),
    ],
)
def test_a_lineage_that_leads_nowhere_is_explained(asked: str, available: dict[str, Layer], says: str) -> None:
    with pytest.raises(InputError) as error:
        lineage(asked, {"standalone": ROOT_LAYER, **available})
    assert str(error.value) == says


def resolved(*overlays: Layer, **profile: Any) -> Profile:
    available = {"standalone": ROOT_LAYER, "mine": layer(extends="standalone", **profile)}
    return resolve("mine", available, overlays, SCHEMA)


def test_later_layers_win_and_what_no_one_says_comes_from_standalone() -> None:
    profile = resolved(layer(nodes=5), layer(nodes=7), description="Mine.", nodes=1)
    assert profile.choices == {"nodes": 7, "heap": "1g"}
    assert (profile.name, profile.description) == ("mine", "Mine.")
    assert profile.lineage == ("mine", "standalone")


def test_a_profile_without_a_description_has_that_of_the_one_it_extends() -> None:
    assert resolved().description == "All."


def test_every_mistake_is_named_with_the_file_that_holds_it() -> None:
    with pytest.raises(InputError) as error:
        resolved(Layer("o.yaml", {"node": 1}), Layer("--set heap", {"heap": None}), nodes="many")
    assert str(error.value).splitlines() == [
        "some.yaml: nodes: found 'many', expected a whole number",
        "o.yaml: node: unknown key 'node' (did you mean 'nodes'?)",
        "--set heap: found nothing, expected text",
    ]


@pytest.mark.parametrize("key", ["extends", "description"])
def test_an_overlay_cannot_say_what_only_a_profile_says(key: str) -> None:
    with pytest.raises(InputError) as error:
        resolved(Layer("o.yaml", {key: "standalone"}))
    assert str(error.value) == f"o.yaml: {key}: an overlay cannot set '{key}'"


def test_resolving_changes_no_layer() -> None:
    overlay = layer(nodes=5)
    before = copy.deepcopy(ROOT_LAYER)
    resolved(overlay)
    assert (ROOT_LAYER, overlay) == (before, layer(nodes=5))


def test_the_command_repeats_what_was_laid_over() -> None:
    profile = resolved(Layer("/home/me/o.yaml", {}, "-f o.yaml"), parse_set("nodes=5"), layer(heap="2g"))
    assert profile.changes == ("-f o.yaml", "--set nodes=…")
    assert profile.command == "gen-chart --profile mine -f o.yaml --set nodes=…"


def test_the_command_is_one_line_whatever_a_file_is_called() -> None:
    profile = resolved(Layer("x", {}, "-f a\nb\u2028\udcff.yaml"))
    assert profile.command == "gen-chart --profile mine -f a?b??.yaml"


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_that_ships_resolves_and_says_what_it_is_for(name: str) -> None:
    profile = resolve(name, read_profiles(ROOT), (), open_schema())
    assert profile.lineage[0] == name
    assert profile.lineage[-1] == "standalone"
    assert profile.description.endswith(".")


def test_standalone_says_everything_so_no_choice_is_ever_missing() -> None:
    def unsaid(schema: Mapping[str, Any], choices: Any, path: str) -> Iterator[str]:
        for key, child in schema.get("properties", {}).items():
            if key not in choices:
                yield f"{path}.{key}"
            elif isinstance(choices[key], dict):
                yield from unsaid(child, choices[key], f"{path}.{key}")

    schema = open_schema()
    choices = resolve("standalone", read_profiles(ROOT), (), schema).choices
    assert [path for path in unsaid(schema, choices, "") if path not in (".extends", ".description")] == []

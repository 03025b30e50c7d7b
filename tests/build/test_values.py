"""values.yaml: the data that was meant, whatever the keys, with each reason right above its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from generator.build.values import chart_values, comments, values_yaml
from generator.choices.profiles import Profile
from generator.files import yamlfile
from generator.stack.component import Component
from tests import libyaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD = st.sampled_from(
    ["a:b", "yes", "y", "1", "7e12", "é", "#x", "a'b", 'a"b', "a\nb", "", " ", "- a", "? a", "<<", "="]
)
KEYS = ODD | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text("k", min_size=120, max_size=140)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(" \n#:a", max_size=30)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def paths(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key)
            yield from paths(value, (*path, key))


@given(DATA, st.data())
def test_whatever_the_keys_and_notes_the_data_reads_back_the_same(data: dict[str, Any], draw: st.DataObject) -> None:
    notes = draw.draw(st.dictionaries(st.sampled_from(list(paths(data))), TEXTS))
    text = values_yaml(data, notes, "Generated.")
    assert repr(libyaml.load(text)) == repr(data)
    assert yamlfile.parse(text, file="values.yaml") == data


@given(DATA)
def test_no_line_but_an_empty_one_is_only_white_space(data: dict[str, Any]) -> None:
    plain = dict.fromkeys(data, "x")
    assert all(line == "" or line.strip() for line in values_yaml(plain, {}, "Generated.").split("\n"))


def test_the_header_comes_first_and_each_block_after_an_empty_line() -> None:
    assert values_yaml({"a": 1, "b": {"c": [1, 2]}}, {}, "Generated.") == (
        "# Generated.\n\na: 1\n\nb:\n  c:\n  - 1\n  - 2\n"
    )


def test_a_note_stands_right_above_its_key_at_the_keys_depth() -> None:
    data = {"a": {"b": {"c": 1, "d": {}}, "e": "one\ntwo\n"}}
    notes = {("a",): "About a.", ("a", "b", "c"): "About c.", ("a", "e"): "About e."}
    assert values_yaml(data, notes, "Generated.") == (
        "# Generated.\n"
        "\n"
        "# About a.\n"
        "a:\n"
        "  b:\n"
        "    # About c.\n"
        "    c: 1\n"
        "    d: {}\n"
        "  # About e.\n"
        "  e: |\n"
        "    one\n"
        "    two\n"
    )


def test_a_note_for_a_key_that_is_not_there_is_passed_over() -> None:
    notes = {("b",): "No.", ("a", "x", "y"): "No.", ("a", "e", "z"): "No."}
    assert values_yaml({"a": {"x": 1, "e": {}}}, notes, "H") == "# H\n\na:\n  x: 1\n  e: {}\n"


def test_a_long_note_is_wrapped_and_no_word_is_broken() -> None:
    words = " ".join(["word"] * 60 + ["https://example.com/" + "x" * 120])
    lines = values_yaml({"a": {"b": 1}}, {("a", "b"): words}, "H").splitlines()
    note = [line for line in lines if line.startswith("  # ")]
    assert " ".join(line.removeprefix("  # ") for line in note) == words
    assert all(len(line) <= 104 for line in note[:-1])


COMPONENT = Component(
    "opensearch", "the store", {"enabled": True, "nodes": 3}, {("nodes",): "A quorum.", ("a", "b"): "Deeper."}
)


def profile(**choices: Any) -> Profile:
    return Profile("mine", "", ("mine",), choices)


def test_raw_values_lie_over_all_and_images_over_components() -> None:
    chosen = profile(
        values={"opensearch": {"nodes": 5, "more": {"x": [1]}}, "monitors": {"interval": "10s"}, "global": {"a": 1}},
    )
    own = {"parts": {"stack": True}, "monitors": {"interval": "30s", "ray": {"enabled": True}}}
    images = {"opensearch": {"image": {"tag": "3"}}, "global": {"imageRegistry": "registry.example"}}
    assert chart_values(chosen, [COMPONENT], own, images) == {
        "parts": {"stack": True},
        "monitors": {"interval": "10s", "ray": {"enabled": True}},
        "opensearch": {"enabled": True, "nodes": 5, "image": {"tag": "3"}, "more": {"x": [1]}},
        "global": {"imageRegistry": "registry.example", "a": 1},
    }


def test_a_fraction_of_a_core_is_text_since_prometheus_and_alertmanager_take_no_other() -> None:
    resources = {"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"cpu": 2, "nvidia.com/gpu": 1}}
    values = chart_values(
        profile(values={"kube-prometheus-stack": {"prometheus": {"prometheusSpec": {"resources": resources}}}}),
        [Component("kube-prometheus-stack", "", {"grafana": {"resources": {"limits": {"cpu": 1.5}}}, "ratio": 0.5})],
        {},
        {},
    )["kube-prometheus-stack"]
    assert values["prometheus"]["prometheusSpec"]["resources"] == {
        "requests": {"cpu": "0.5", "memory": "1Gi"},
        "limits": {"cpu": 2, "nvidia.com/gpu": 1},
    }
    assert values["grafana"]["resources"]["limits"] == {"cpu": "1.5"}
    assert values["ratio"] == 0.5


def test_making_values_leaves_what_they_are_made_of_as_it_is() -> None:
    own = {"monitors": {"ray": {"enabled": True}}}
    chart_values(profile(values={"monitors": {"ray": {"enabled": False}}}), [COMPONENT], own, {})
    assert own == {"monitors": {"ray": {"enabled": True}}}
    assert COMPONENT.values == {"enabled": True, "nodes": 3}


def test_notes_are_the_components_reasons_and_the_descriptions_of_own_keys_one_level_deep() -> None:
    ray = {"description": "Ray.", "properties": {"enabled": {"description": "On?"}}}
    block = {"description": "Block.", "properties": {"ray": ray, "bare": {}}}
    bare = {"type": "object"}
    own = {"networkPolicies": bare, "monitors": block, "dashboards": bare, "rules": bare}
    assert comments([COMPONENT], {"properties": own}) == {
        ("opensearch",): "The store.",
        ("opensearch", "nodes"): "A quorum.",
        ("opensearch", "a", "b"): "Deeper.",
        ("monitors",): "Block.",
        ("monitors", "ray"): "Ray.",
    }

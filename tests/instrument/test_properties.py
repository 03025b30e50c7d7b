"""Manifests in every style that people write: only additions, once, and still YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files.diff import unified_diff
from tests import libyaml
from tests.instrument.helpers import NAMES, manifest, only_added, run

if TYPE_CHECKING:
    from collections.abc import Callable

_PATHS = {"RayCluster": (), "RayService": ("rayClusterConfig",), "RayJob": ("rayClusterSpec",)}

_COMMENTS = st.sampled_from(["", "", "", "# note", "# - name: off", "#image: old", "### {{ braces }} ###"])

_TEXTS = st.sampled_from(["a", "it's", 'say "x"', "two words", "-1.5", "# no comment", "true", "a: b", "1", "é", ""])

_BLOCKS = st.sampled_from(["one\ntwo\n", "one\n\ntwo", "# not a comment\n", "- name: fluentbit\n", "last\n\n"])


@st.composite
def containers(draw: st.DrawFn, name: str) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "image": st.just("rayproject/ray:2.52.0"),
        "env": st.lists(st.builds(dict, name=st.just("A"), value=_TEXTS), min_size=1, max_size=1),
        "args": st.lists(_TEXTS | _BLOCKS, max_size=3),
        "ports": st.sampled_from(
            [[], None, [{"containerPort": 6379, "name": "gcs"}], [{"containerPort": 44217, "name": "as-metrics"}]]
        ),
        "volumeMounts": st.just([{"name": "code", "mountPath": "/code"}]),
        "resources": st.builds(dict, limits=st.just({"cpu": "1"})),
        "lifecycle": st.none(),
    }
    chosen = draw(st.permutations(sorted(draw(st.sets(st.sampled_from(sorted(parts)))))))
    return {"name": name, **{key: draw(parts[key]) for key in chosen}}


@st.composite
def templates(draw: st.DrawFn, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [draw(containers(name))]}
    if draw(st.booleans()):
        spec["containers"].append(draw(containers("proxy")))
    volumes = draw(st.sampled_from([None, [], [{"name": "code", "emptyDir": {}}], "absent"]))
    if volumes != "absent":
        spec["volumes"] = volumes
    metadata: Any = draw(st.sampled_from([None, {}, {"labels": {}}, {"labels": {"team": "a"}}, "absent"]))
    template: dict[str, Any] = {} if metadata == "absent" else {"metadata": metadata}
    return _shuffled(draw, {**template, "spec": _shuffled(draw, spec)})


def _shuffled(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in draw(st.permutations(list(data)))}


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    cluster: dict[str, Any] = {"headGroupSpec": {"rayStartParams": {}, "template": draw(templates("ray-head"))}}
    if draw(st.booleans()):
        count = draw(st.integers(0, 2))
        groups = [{"groupName": f"g{at}", "template": draw(templates("ray-worker"))} for at in range(count)]
        cluster["workerGroupSpecs"] = groups
    kind = draw(st.sampled_from(sorted(_PATHS)))
    for key in reversed(_PATHS[kind]):
        cluster = {"entrypoint": draw(_TEXTS), key: _shuffled(draw, cluster)}
    return {"apiVersion": "ray.io/v1", "kind": kind, "metadata": {"name": "x"}, "spec": _shuffled(draw, cluster)}


class Writer:
    """Writes data as a person might: one style for the file, with flow collections and comments here and there."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.step = draw(st.sampled_from([2, 3, 4]))
        self.offset = draw(st.sampled_from([0, 2, 4]))
        self.dash = draw(st.sampled_from([2, 4]))
        self.flow = draw(st.booleans())
        self.used_flow = False
        self.comments = draw(st.booleans())

    def document(self, data: dict[str, Any]) -> str:
        return "".join(f"{line}\n" for line in self.mapping(data, 0))

    def mapping(self, data: dict[str, Any], column: int) -> list[str]:
        lines: list[str] = []
        for key, value in data.items():
            lines += self.note(column if lines else 0, bool(lines)) + self.entry(f"{' ' * column}{key}:", value, column)
        return lines + self.note(column, True)

    def entry(self, start: str, value: Any, column: int) -> list[str]:
        if isinstance(value, (dict, list)):
            written = json.dumps(value)
            if not value or (self.flow and "null" not in written and self.draw(st.integers(0, 5)) == 0):
                self.used_flow = True
                return [f"{start} {written}{self.tail()}"]
            if isinstance(value, dict):
                return [start + self.tail(), *self.mapping(value, column + self.step)]
            return [start + self.tail(), *self.sequence(value, column + self.offset)]
        if isinstance(value, str) and "\n" in value:
            return [f"{start} {_header(value)}", *_block(value, column + self.step)]
        shown = self.scalar(value) if isinstance(value, str) else "" if value is None else str(value)
        return [f"{start} {shown}".rstrip() + self.tail()]

    def sequence(self, items: list[Any], column: int) -> list[str]:
        lines: list[str] = []
        for item in items:
            start = f"{' ' * column}-{' ' * (self.dash - 1)}"
            if isinstance(item, dict):
                first, *rest = self.mapping(item, column + self.dash)
                lines += [start + first.lstrip(), *rest]
            elif "\n" in item:
                lines += [f"{start}{_header(item)}", *_block(item, column + self.dash)]
            else:
                lines.append(f"{start}{self.scalar(item)}{self.tail()}")
        return lines

    def scalar(self, value: str) -> str:
        style = self.draw(st.sampled_from(["'", '"']))
        if style == "'":
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False)

    def tail(self) -> str:
        comment = self.draw(_COMMENTS) if self.comments else ""
        return f"   {comment}" if comment else ""

    def note(self, column: int, allowed: bool) -> list[str]:
        if not (self.comments and allowed):
            return []
        kind = self.draw(st.integers(0, 7))
        return {0: [""], 1: [" " * column + "# a note"], 2: ["# far left", ""]}.get(kind, [])


def _header(value: str) -> str:
    return "|+" if value.endswith("\n\n") else "|" if value.endswith("\n") else "|-"


def _block(value: str, column: int) -> list[str]:
    return [f"{' ' * column}{line}" if line else "" for line in value.removesuffix("\n").split("\n")]


def contains(after: Any, before: Any) -> bool:
    """Returns whether all of ``before`` is in ``after``; what was null or absent may have become something."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and contains(after[key], before[key]) for key in before)
    if isinstance(before, list):
        return (
            isinstance(after, list) and all(map(contains, after[: len(before)], before)) and len(after) >= len(before)
        )
    return before is None or bool(after == before)


def is_subsequence(before: str, after: str) -> bool:
    rest = iter(after)
    return all(char in rest for char in before)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(data=st.data(), resource=resources(), vllm_metrics=st.booleans(), ending=st.sampled_from(["\n", "\r\n"]))
def test_any_style_gets_additions_alone_and_only_once(
    data: st.DataObject, resource: dict[str, Any], vllm_metrics: bool, ending: str
) -> None:
    writer = Writer(data.draw)
    before = (writer.document(resource) + "---\n# the rest\nkind: Other\n").replace("\n", ending)
    assert next(iter(libyaml.load_all(before))) == resource, "the writer of this test writes what it was given"

    done = run(before, vllm_metrics=vllm_metrics)

    after = next(iter(libyaml.load_all(done.text)))
    assert contains(after, resource)
    assert is_subsequence(before, done.text)
    if not writer.used_flow:
        assert only_added(before, done.text)
        removed = [line for line in unified_diff(before, done.text, "f").split("\n")[2:] if line.startswith("-")]
        assert removed == []
    again = run(done.text, vllm_metrics=vllm_metrics)
    assert again.text == done.text
    assert again.changes == ()


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_damaged_manifest_is_refused_or_only_added_to(name: str, data: st.DataObject) -> None:
    text = manifest(name)
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 30))
    put = data.draw(
        st.sampled_from(["", "- ", ": ", "{", "]", "&a ", "*a", "|\n", "\t", "'", "---\n", "\n", "? ", "!x "])
    )
    damaged = text[:at] + put + text[at + gone :]
    try:
        after = run(damaged).text
    except InputError as error:
        assert str(error).startswith("ray.yaml")
        return
    assert is_subsequence(damaged, after)
    assert run(after).text == after

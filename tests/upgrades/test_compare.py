"""What of a chart's values breaks when the upstream chart moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.choices.pins import Image, Pin, Pins
from generator.upgrades.bump import Change, as_text, plan_bump
from generator.upgrades.charts import UpstreamChart, read_chart
from generator.upgrades.compare import ChangedDefault, RemovedValue, changed, gone, settings

from .charts import publish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NO_PINS = Pins("2026-01-01", {}, {})


def chart(values: Mapping[str, Any], version: str = "1.0.0", templates: str = "", **more: Any) -> UpstreamChart:
    facts: dict[str, Any] = {"app_version": "1", "kube_version": "", "nested": {}, "crds": {}, **more}
    return UpstreamChart("up", version, values=values, templates=templates, **facts)


def gone_keys(
    ours: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any], **texts: str
) -> list[RemovedValue]:
    what = settings({"jark": ours})
    return gone(what, chart(old, templates=texts.get("before", "")), chart(new, "2.0.0", texts.get("after", "")))


def test_a_key_that_is_gone_is_named_with_its_profiles() -> None:
    what = settings({"jark": {"a": {"b": 1}}, "kind": {"a": {"b": 2}}})
    (found,) = gone(what, chart({"a": {"b": 0, "c": 0}}), chart({"a": {"c": 0}}))
    assert found == RemovedValue(("a", "b"), ("jark", "kind"), None, certain=True)


def test_a_renamed_key_is_guessed_by_its_looks_and_default() -> None:
    old = {"sidecar": {"resources": {}, "skipTlsVerify": False, "other": True}}
    new = {"sidecar": {"resources": {}, "tlsSkipVerify": False, "extra": "x", "other": True}}
    (found,) = gone_keys({"sidecar": {"skipTlsVerify": True}}, old, new)
    assert found.perhaps == ("sidecar", "tlsSkipVerify")


def test_nothing_is_guessed_of_another_kind_or_another_name() -> None:
    assert gone_keys({"replicas": 2}, {"replicas": 1}, {"replicasText": "1", "zzz": 1})[0].perhaps is None


def test_a_block_that_is_gone_is_named_once() -> None:
    found = gone_keys({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 0, "d": 0}}, "x": 1}, {"x": 1})
    assert [one.path for one in found] == [("a",)]


@pytest.mark.parametrize("default", [{}, None, [], "", False])
def test_below_what_is_open_no_key_is_gone(default: Any) -> None:
    assert (
        gone_keys({"podLabels": {"team": "ml"}}, {"podLabels": default, "x": 1}, {"podLabels": default, "x": 1}) == []
    )


def test_a_key_that_neither_version_names_in_its_defaults_counts_by_the_templates() -> None:
    ours, tree = {"a": {"hidden": 1}}, {"a": {"shown": 1}}
    assert gone_keys(ours, tree, tree) == []
    used, unused = "{{ .Values.a.hidden }}", "{{ .Values.a.shown }}"
    assert gone_keys(ours, tree, tree, before=used, after=used) == []
    (found,) = gone_keys(ours, tree, tree, before=used, after=unused)
    assert (found.path, found.certain) == (("a", "hidden"), False)


def test_another_kind_and_another_default_of_what_we_set_are_told() -> None:
    what = settings({"jark": {"port": 1, "level": "x", "same": 1}})
    old = chart({"port": "80", "level": "info", "same": 1, "ours not": 1})
    new = chart({"port": 80, "level": "warn", "same": 1, "ours not": 2})
    found = {one.path: one for one in changed(what, old, new)}
    assert found[("port",)] == ChangedDefault(("port",), ("jark",), "80", 80, retyped=True)
    assert found[("level",)] == ChangedDefault(("level",), ("jark",), "info", "warn", retyped=False)
    assert len(found) == 2


def test_true_and_one_are_not_the_same_default() -> None:
    (found,) = changed(settings({"jark": {"on": 2}}), chart({"on": True}), chart({"on": 1}))
    assert found.retyped


_TREES = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 3), st.text("ab", max_size=2), st.none()),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), _TREES, max_size=4))
def test_between_equal_versions_nothing_changes(values: dict[str, Any]) -> None:
    what = settings({"jark": values})
    assert gone(what, chart(values), chart(values)) == []
    assert list(changed(what, chart(values), chart(values))) == []


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), _TREES, min_size=1, max_size=4), st.data())
def test_a_key_that_is_taken_away_is_always_found(values: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(values)))
    rest = {**{name: value for name, value in values.items() if name != key}, "other": 1}
    found = gone(settings({"jark": values}), chart(values), chart(rest))
    assert [one.path for one in found] == [(key,)]


def test_an_archive_is_read_with_the_charts_in_it(tmp_path: Path) -> None:
    archive = publish(
        tmp_path / "mirror",
        tmp_path,
        "up",
        "1.0.0",
        {"a": 1, "grafana": {"enabled": True}},
        nested={"grafana": ("2.0.0", {"enabled": False, "sidecar": {"image": {"tag": "1"}}})},
        crds={"things.example.com": "{a: 1}"},
        template="{{ .Values.secretKey }}",
        appVersion="3",
        kubeVersion=">=1.30.0-0",
    )
    found = read_chart(archive)
    assert (found.version, found.app_version, found.kube_version) == ("1.0.0", "3", ">=1.30.0-0")
    assert found.values == {"a": 1, "grafana": {"enabled": True, "sidecar": {"image": {"tag": "1"}}}}
    assert found.nested == {"grafana": "2.0.0"}
    assert list(found.crds) == ["things.example.com"]
    assert "secretKey" in found.templates


def test_nested_charts_crds_and_versions_that_change_are_told() -> None:
    old = chart({}, nested={"grafana": "1.0.0", "gone": "1.0.0"}, crds={"a": "1", "b": "1"}, kube_version=">=1.25.0-0")
    new = chart({}, "2.0.0", nested={"grafana": "2.0.0"}, crds={"a": "2", "c": "1"}, kube_version=">=1.30.0-0")
    bump = plan_bump(old, new, NO_PINS, {})
    text = as_text(bump)
    for line in (
        "up 1.0.0 → 2.0.0",
        "kubeVersion: >=1.25.0-0 → >=1.30.0-0",
        "nested chart gone: 1.0.0 → none",
        "nested chart grafana: 1.0.0 → 2.0.0",
        "CRD a: changed",
        "CRD b: no longer there",
        "CRD c: new",
    ):
        assert line in text
    assert not bump.breaks


def test_an_image_that_the_chart_pulls_too_follows_it() -> None:
    pins = Pins("2026-01-01", {}, {"k8s-sidecar": Image("quay.io/kiwigrid/k8s-sidecar", "2.10.1")})
    values = {"grafana": {"sidecar": {"image": {"repository": "kiwigrid/k8s-sidecar", "tag": "2.11.0"}}}}
    new = UpstreamChart("kube-prometheus-stack", "2.0.0", "1", "", values, {}, {}, "")
    assert plan_bump(new, new, pins, {}).images == (Change("k8s-sidecar", "2.10.1", "2.11.0"),)


def test_pins_that_should_follow_are_named() -> None:
    repository = "https://charts.example"
    versions = {"up": "1.0.0", "nested": "1.0.0", "twin": "1.0.0", "other": "1.5.0"}
    pins = Pins("2026-01-01", {name: Pin(name, one, "1", repository, None, "r") for name, one in versions.items()}, {})
    bump = plan_bump(chart({}), chart({}, "2.0.0", nested={"nested": "1.1.0"}), pins, {})
    assert [step for step, _reason in bump.follow] == [
        Change("nested", "1.0.0", "1.1.0"),
        Change("nested", "1.0.0", "2.0.0"),
        Change("twin", "1.0.0", "2.0.0"),
    ]

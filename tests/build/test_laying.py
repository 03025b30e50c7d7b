"""What a person's values add stands beside ours; what would undo a part is refused, or said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.laying import laid_over, override_warnings
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError
from generator.stack import NAMES
from generator.stack.overrides import read_overrides
from tests.additions import ALL, additions, collections, holds, nested

if TYPE_CHECKING:
    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.errors import Problem

Path = tuple[str, ...]


def laid(sources: Sources, values: dict[str, Any]) -> Build:
    return fit(
        load_profile("standalone", sources, [Layer("all.yaml", ALL), Layer("mine.yaml", {"values": values})]), sources
    )


def problems(sources: Sources, values: dict[str, Any]) -> list[Problem]:
    """Returns what is said of values, as errors or as warnings."""
    try:
        return list(laid(sources, values).warnings)
    except InputError as error:
        return list(error.problems)


def at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def test_what_is_added_to_any_list_or_map_takes_nothing_of_ours_away(sources: Sources) -> None:
    before = laid(sources, {}).values
    added = additions(laid(sources, {}).components)
    after = laid(sources, added).values
    count = 0
    for name in NAMES:
        for path, collection in collections(before[name]):
            if path and not (isinstance(collection, list) and "accessModes" in path):
                count += 1
                if isinstance(collection, list) and collection and isinstance(collection[0], dict):
                    assert at(after[name], path)[: len(collection)] == collection, path
                    assert at(added[name], path)[0] in at(after[name], path), path
                elif isinstance(collection, dict):
                    assert at(after[name], path).keys() > collection.keys(), path
                assert holds(at(after[name], path), collection), path
    assert count > 80


@pytest.mark.parametrize(
    ("path", "item", "key"),
    [
        (("kube-prometheus-stack", "grafana", "additionalDataSources"), {"name": "OpenSearch", "type": "loki"}, "name"),
        (("kube-prometheus-stack", "grafana", "additionalDataSources"), {"name": "Mine", "uid": "opensearch"}, "uid"),
        (
            ("kube-prometheus-stack", "grafana", "extraSecretMounts"),
            {"name": "opensearch-ca", "secretName": "a", "mountPath": "/a"},
            "name",
        ),
        (("opensearch", "extraEnvs"), {"name": "DISABLE_INSTALL_DEMO_CONFIG", "value": "false"}, "name"),
        (("fluent-bit", "daemonSetVolumeMounts"), {"name": "mine", "mountPath": "/var/log"}, "mountPath"),
    ],
)
def test_an_item_with_the_name_of_one_of_ours_is_refused(sources: Sources, path: Path, item: Any, key: str) -> None:
    (problem, *_) = problems(sources, nested(path, [item]))
    assert problem.file == "mine.yaml"
    assert problem.path == f"values.{'.'.join(path)}[0].{key}"
    assert "this chart's own" in problem.message


def test_the_same_item_as_ours_is_there_once(sources: Sources) -> None:
    ours = laid(sources, {}).values["kube-prometheus-stack"]["grafana"]["extraSecretMounts"]
    found = laid(sources, {"kube-prometheus-stack": {"grafana": {"extraSecretMounts": [dict(ours[0])]}}})
    assert found.values["kube-prometheus-stack"]["grafana"]["extraSecretMounts"] == ours


def test_a_volume_of_ours_may_be_mounted_at_another_path(sources: Sources) -> None:
    mount = {"name": "varlog", "mountPath": "/mine"}
    found = laid(sources, {"fluent-bit": {"daemonSetVolumeMounts": [mount]}})
    assert mount in found.values["fluent-bit"]["daemonSetVolumeMounts"]


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (["pods=[team]"], "pods=[app.kubernetes.io/name,ray.io/cluster,ray.io/group,ray.io/node-type,team]"),
        (["pods=[*]"], "pods=[*]"),
        (["jobs=[team]"], "jobs=[team]"),
    ],
)
def test_labels_of_kube_state_metrics_are_joined_by_kind(sources: Sources, theirs: list[str], expected: str) -> None:
    found = laid(sources, {"kube-state-metrics": {"metricLabelsAllowlist": theirs}})
    assert expected in found.values["kube-state-metrics"]["metricLabelsAllowlist"]
    assert any(
        item.startswith("nodes=[node.kubernetes.io/")
        for item in found.values["kube-state-metrics"]["metricLabelsAllowlist"]
    )


@pytest.mark.parametrize(
    "value", [{"name": "A", "isDefault": True}, {"name": "Prometheus"}, {"name": "A", "uid": "alertmanager"}]
)
@pytest.mark.parametrize("place", ["additionalDataSources", "datasources"])
def test_a_second_default_data_source_or_one_with_a_taken_name_is_refused(
    sources: Sources, place: str, value: dict[str, Any]
) -> None:
    listed: Any = [value] if place == "additionalDataSources" else {"mine.yaml": {"datasources": [value]}}
    (problem,) = problems(sources, {"kube-prometheus-stack": {"grafana": {place: listed}}})
    assert problem.path.startswith(f"values.kube-prometheus-stack.grafana.{place}")
    assert problem.hint


def test_a_default_data_source_in_place_of_prometheus_is_taken(sources: Sources) -> None:
    grafana = {
        "additionalDataSources": [{"name": "A", "isDefault": True}],
        "sidecar": {"datasources": {"isDefaultDatasource": False}},
    }
    assert problems(sources, {"kube-prometheus-stack": {"grafana": grafana}}) == []


def test_null_below_an_upstream_chart_is_refused_since_helm_4_passes_over_it(sources: Sources) -> None:
    (problem,) = problems(sources, {"opensearch": {"persistence": {"size": None}}})
    assert (problem.file, problem.path) == ("mine.yaml", "values.opensearch.persistence.size")
    assert "Helm 4" in problem.hint


def test_what_is_of_another_kind_than_ours_is_refused_wherever_this_chart_fills_in_something(sources: Sources) -> None:
    build = laid(sources, {})
    ours = {component.name: component.values for component in build.components}
    passed: list[tuple[str, Path, Any]] = []
    for name in NAMES:
        ruled = {override.path for override in read_overrides(name).undone}
        for path, collection in collections(ours[name]):
            others = ("{{ .Release.Name }}", 0, False, {} if isinstance(collection, list) else ["theirs"])
            for theirs in others if path and collection and path not in ruled else ():
                profile = replace(build.profile, choices={"values": nested((name, *path), theirs)})
                try:
                    laid_over(profile, {name: ours[name]})
                except InputError as error:
                    assert {problem.path for problem in error.problems} == {".".join(("values", name, *path))}
                else:
                    passed.append((name, path, theirs))
    assert passed == []


@pytest.mark.parametrize(
    ("theirs", "path", "said"),
    [
        ({"extraEnvs": {}}, "extraEnvs", "found {}, expected a list: this chart has 2 items of its own there"),
        ({"config": ""}, "config", "found '', expected a mapping: this chart has its own opensearch.yml"),
        ({"singleNode": "false"}, "singleNode", "found 'false', expected true or false"),
        ({"extraEnvs": [None]}, "extraEnvs[0]", "found null, expected an item"),
        (
            {"extraEnvs": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
            "extraEnvs[1].name",
            "found the name 'A' a second time in this list",
        ),
    ],
)
def test_what_would_take_ours_away_without_a_word_is_named(
    sources: Sources, theirs: dict[str, Any], path: str, said: str
) -> None:
    (problem,) = problems(sources, {"opensearch": theirs})
    assert (problem.file, problem.path) == ("mine.yaml", f"values.opensearch.{path}")
    assert problem.message.startswith(said)
    assert problem.hint


def test_what_is_of_another_kind_than_a_mapping_is_left_to_the_schema(sources: Sources) -> None:
    profile = load_profile("standalone", sources, [Layer("mine.yaml", {"values": {"opensearch": 5}})])
    ours = {"opensearch": {"a": 1}}
    assert laid_over(profile, ours) == {"opensearch": {"a": 1}}
    assert override_warnings(profile, ours, ours) == ()


@pytest.mark.parametrize("name", NAMES)
def test_each_value_that_must_stay_is_missed_and_one_that_costs_nothing_is_not(sources: Sources, name: str) -> None:
    own = {component.name: component.values for component in laid(sources, {}).components}[name]
    for override in read_overrides(name).undone:
        for value, expected in ((object_like(own, override.path), 1), *((each, 0) for each in override.admits or ())):
            if value is not None:
                found = [
                    problem
                    for problem in problems(sources, nested((name, *override.path), value))
                    if problem.message.endswith(override.lost)
                ]
                assert len(found) == expected, (override.path, value)
                assert {(problem.file, problem.path) for problem in found} <= {
                    ("mine.yaml", ".".join(("values", name, *override.path)))
                }


def object_like(own: Any, path: Path) -> Any:
    """Returns another value than this chart's, of its kind."""
    for key in path:
        own = own.get(key) if isinstance(own, dict) else None
    return (not own) if isinstance(own, bool) else {"theirs": "theirs"} if isinstance(own, dict) else "theirs"


def test_a_text_that_holds_all_lines_of_ours_costs_nothing(sources: Sources) -> None:
    ours = laid(sources, {}).values["fluent-bit"]["config"]["outputs"]
    assert problems(sources, {"fluent-bit": {"config": {"outputs": f"{ours}\n[OUTPUT]\n    Name stdout\n"}}}) == []
    (problem,) = problems(sources, {"fluent-bit": {"config": {"outputs": "[OUTPUT]\n    Name stdout\n"}}})
    assert "takes the place of this chart's own text" in problem.message


def test_the_last_file_that_says_it_is_named(sources: Sources) -> None:
    layers = [Layer(file, {"values": {"opensearch": {"protocol": "http"}}}) for file in ("one.yaml", "two.yaml")]
    with pytest.raises(InputError) as error:
        fit(
            load_profile("standalone", sources, [*layers, Layer("three.yaml", {"values": {"opensearch": {}}})]), sources
        )
    assert [problem.file for problem in error.value.problems] == ["two.yaml"]

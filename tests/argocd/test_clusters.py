"""Many clusters: one list, a profile each, and an Application set that fills in nothing but names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import argocd
from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import parse_set
from generator.errors import InputError
from generator.files import yamlfile
from generator.files.tree import difference
from tests import libyaml
from tests.argocd.support import MADE_BY, settings
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from generator.build.sources import Sources

SCHEMA = yamlfile.load_mapping(ROOT / "values-schemas" / "clusters.schema.yaml")
HUB = {"name": "hub", "server": "https://kubernetes.default.svc", "profile": "jark"}
LAB = {"name": "lab", "server": "https://lab.example.com:6443", "profile": "jark"}


def parse(*clusters: Any) -> tuple[argocd.Cluster, ...]:
    return argocd.parse_clusters({"clusters": list(clusters)}, SCHEMA, file="clusters.yaml", folder=Path("here"))


def made(sources: Sources, *clusters: Any, chart: str = "jark", changes: tuple[str, ...] = ()) -> dict[str, Any]:
    layers = [parse_set(change) for change in changes]
    base = fit(load_profile(chart, sources, layers), sources)
    files = argocd.for_many(base, parse(*clusters), layers, sources, settings(), MADE_BY)
    return {path: libyaml.load(text) for path, text in files.items()}


def test_the_command_is_in_the_application_set_alone(sources: Sources) -> None:
    base = fit(load_profile("jark", sources), sources)
    before, after = (
        argocd.for_many(base, parse(HUB), [], sources, settings(), command) for command in (MADE_BY, "argocd")
    )
    assert difference(before, after) == ([], ["applicationset.yaml"], [])


def refused(*clusters: Any) -> str:
    with pytest.raises(InputError) as error:
        parse(*clusters)
    return str(error.value)


def test_each_cluster_has_its_folder_and_its_destination(sources: Sources) -> None:
    files = made(sources, HUB, LAB)
    for cluster in (HUB, LAB):
        stack = files[f"clusters/{cluster['name']}/stack.yaml"]
        assert stack["metadata"]["name"] == f"ai-ml-observability-{cluster['name']}-stack"
        assert stack["spec"]["destination"]["server"] == cluster["server"]
    names = [each["metadata"]["name"] for each in files.values() if each.get("kind") == "Application"]
    assert len(names) == len(set(names))


def test_the_set_makes_a_parent_for_each_element_of_one_list(sources: Sources) -> None:
    spec = made(sources, HUB, LAB)["applicationset.yaml"]["spec"]
    assert spec["generators"][0]["list"]["elements"] == [
        {"cluster": each["name"], "profile": "jark", "server": each["server"]} for each in (HUB, LAB)
    ]
    assert spec["template"]["spec"]["source"]["path"] == "argocd/clusters/{{ .cluster }}"


def test_one_project_allows_each_clusters_namespaces(sources: Sources) -> None:
    allowed = made(sources, HUB, LAB)["project.yaml"]["spec"]["destinations"]
    assert {(each["server"], each["namespace"]) for each in allowed} == {
        (each["server"], place) for each in (HUB, LAB) for place in ("kube-system", "monitoring")
    }


def test_what_one_cluster_changes_travels_in_its_applications_and_in_no_others(sources: Sources) -> None:
    changed = {**LAB, "values": {"components": {"opensearch": {"nodes": 5}}}}
    files = made(sources, HUB, changed)
    values = {name: files[f"clusters/{name}/stack.yaml"]["spec"]["source"]["helm"] for name in ("hub", "lab")}
    assert values["lab"]["valuesObject"]["opensearch"]["replicas"] == 5
    assert "opensearch" not in values["hub"]["valuesObject"]


def test_what_is_laid_over_all_is_in_the_chart_already(sources: Sources) -> None:
    files = made(sources, HUB, changes=("components.opensearch.nodes=5",))
    assert "opensearch" not in files["clusters/hub/stack.yaml"]["spec"]["source"]["helm"]["valuesObject"]


@pytest.mark.parametrize(
    ("choices", "path", "value"),
    [
        ({"components": {"opensearch": {"retention": "3d"}}}, "opensearchSetup.retention", "3d"),
        ({"components": {"opensearch": {"volume": "1Ti"}}}, "opensearch.persistence.size", "1Ti"),
        ({"components": {"opensearch": {"nodes": 1}}}, "opensearch.singleNode", True),
        ({"secrets": {"existing": {"opensearchCa": "mine"}}}, "secrets.existing.opensearchCa", "mine"),
        ({"storage": {"persistent": False}}, "opensearch.persistence.enabled", False),
        ({"storage": {"className": "gp3"}}, "opensearch.persistence.storageClass", "gp3"),
    ],
)
def test_a_cluster_that_differs_only_in_what_values_say_needs_no_chart_of_its_own(
    sources: Sources, choices: dict[str, Any], path: str, value: Any
) -> None:
    files = made(sources, HUB, {**LAB, "values": choices})
    for name, there in (("hub", False), ("lab", True)):
        helm = files[f"clusters/{name}/stack.yaml"]["spec"]["source"]["helm"]
        found: Any = helm["valuesObject"] if "valuesObject" in helm else libyaml.load(helm["values"])
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        assert found == (value if there else None)


def test_clusters_of_all_profiles_share_one_chart(sources: Sources) -> None:
    clusters = [{"name": name, "server": f"https://{name}.example", "profile": name} for name in PROFILES]
    for chart in PROFILES:
        files = made(sources, *clusters, chart=chart)
        assert {path.split("/")[1] for path in files if path.startswith("clusters/")} == set(PROFILES)


def test_a_cluster_cannot_take_keys_of_upstream_charts_out(sources: Sources) -> None:
    other = {**LAB, "values": {"values": {"opensearch": {"maxUnavailable": None}}}}
    with pytest.raises(InputError) as error:
        made(sources, HUB, other)
    assert "clusters[1].values: values.opensearch.maxUnavailable: found null" in str(error.value)


def test_a_cluster_may_have_a_chart_of_its_own(sources: Sources) -> None:
    files = made(sources, HUB, {**LAB, "profile": "standalone", "path": "charts/standalone"})
    source = files["clusters/lab/stack.yaml"]["spec"]["source"]
    assert source["path"] == "charts/standalone"
    assert "metrics-server" not in source["helm"]["valuesObject"]
    assert files["clusters/hub/stack.yaml"]["spec"]["source"]["path"] == "charts/ai-ml-observability"


def test_a_key_of_the_charts_own_that_is_taken_out_is_written_as_text_because_the_api_server_drops_nulls(
    sources: Sources,
) -> None:
    base = fit(load_profile("jark", sources, [parse_set("values.monitors.ray.interval=15s")]), sources)
    files = argocd.for_many(base, parse(HUB), [], sources, settings(), MADE_BY)
    options = libyaml.load(files["clusters/hub/signals.yaml"])["spec"]["source"]["helm"]
    assert "valuesObject" not in options
    assert libyaml.load(options["values"])["monitors"]["ray"] == {"interval": None}


def test_files_that_a_cluster_adds_need_a_chart_of_its_own(sources: Sources, tmp_path: Path) -> None:
    board = tmp_path / "team.yaml"
    text = (ROOT / "dashboards" / "triton.yaml").read_text()
    board.write_text(text.replace("title: Triton\n", "title: Team\n").replace("uid: ai-ml-triton\n", "uid: team\n"))
    changed = {**LAB, "values": {"dashboards": {"extra": [str(board)]}}}
    with pytest.raises(InputError) as error:
        made(sources, HUB, changed)
    assert "templates/dashboards/_team.tpl" in str(error.value)
    assert "chart of its own" in str(error.value)


def test_every_clusters_problem_is_named_at_once(sources: Sources) -> None:
    with pytest.raises(InputError) as error:
        made(sources, {**HUB, "profile": "jrak"}, {**LAB, "values": {"components": {"opensaerch": {}}}})
    text = str(error.value)
    assert "jrak" in text
    assert "clusters[1].values" in text


def test_a_name_or_a_server_that_comes_twice_is_refused() -> None:
    text = refused(HUB, {**HUB})
    assert "clusters[1].name: found 'hub' twice" in text
    assert "clusters[1].server" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "Hub"),
        ("name", "a" * 36),
        ("server", "kubernetes.default.svc"),
        ("server", "https://me:secret@api.example"),
        ("profile", ""),
        ("path", "/etc"),
        ("values", []),
        ("nmae", "x"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place(key: str, value: Any) -> None:
    assert f"clusters[0].{key}" in refused({**HUB, key: value})


def test_no_cluster_at_all_is_refused() -> None:
    assert "clusters" in refused()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_whatever_the_file_holds_is_taken_or_explained(data: Any) -> None:
    try:
        argocd.parse_clusters(data, SCHEMA, file="clusters.yaml", folder=Path())
    except InputError as error:
        assert error.problems


RULES = "groups: [{name: team, rules: [{alert: TeamDead, expr: 'vllm:num_requests_running == 0'}]}]\n"


def test_files_that_all_clusters_bring_are_in_their_chart_and_one_may_switch_them_off(
    sources: Sources, tmp_path: Path
) -> None:
    (tmp_path / "team.yaml").write_text(RULES)
    bringing = f"rules.extra=[{tmp_path / 'team.yaml'}]"
    files = made(sources, HUB, {**LAB, "values": {"rules": {"team": {"enabled": False}}}}, changes=(bringing,))
    values = {
        name: files[f"clusters/{name}/stack.yaml"]["spec"]["source"]["helm"]["valuesObject"] for name in ("hub", "lab")
    }
    assert "team" not in values["hub"].get("rules", {})
    assert values["lab"]["rules"]["team"] == {"enabled": False}


def test_a_file_that_one_cluster_brings_alone_needs_a_chart_of_its_own(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(RULES)
    alone = {**LAB, "values": {"rules": {"extra": [str(tmp_path / "team.yaml")]}}}
    with pytest.raises(InputError, match=r"rules/_team\.tpl.* \(give it a chart of its own"):
        made(sources, HUB, alone)


def test_two_clusters_that_send_to_one_store_need_different_names(sources: Sources) -> None:
    store = {"name": "all", "store": "mimir", "url": "https://mimir.example/api/v1/push"}

    def named(cluster: dict[str, str], name: str) -> dict[str, Any]:
        prometheus = {"cluster": name, "remoteWrite": [store]}
        return {
            **cluster,
            "path": cluster["name"],
            "values": {"components": {"kube-prometheus-stack": {"prometheus": prometheus}}},
        }

    made(sources, named(HUB, "hub"), named(LAB, "lab"))
    with pytest.raises(InputError) as error:
        made(sources, named(HUB, "ml"), named(LAB, "ml"))
    assert str(error.value).startswith("clusters.yaml: clusters[1].values: components.kube-prometheus-stack.prometheus")
    assert "found the cluster label 'ml', which 'hub' has too, and both send to https://mimir.example" in str(
        error.value
    )

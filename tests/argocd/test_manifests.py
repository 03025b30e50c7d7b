"""What every Application and the AppProject must say, whatever the profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from generator import argocd
from generator import stack as components
from generator.argocd import manifests
from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import parse_set
from generator.files.tree import MARKER, difference
from tests import libyaml
from tests.argocd.support import MADE_BY, REPO, made_for, plain_for, settings
from tests.conftest import PROFILES, lineage

if TYPE_CHECKING:
    from generator.build.sources import Sources

CASCADE = "resources-finalizer.argocd.argoproj.io"
WAVE = "argocd.argoproj.io/sync-wave"


def options(application: dict[str, Any]) -> set[str]:
    return set(application["spec"]["syncPolicy"]["syncOptions"])


def everything(profile: str, sources: Sources) -> list[dict[str, Any]]:
    made = made_for(profile, sources)
    return [made.parent, *made.children.values(), plain_for(profile, sources)]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_application_applies_and_compares_on_the_server_and_tries_again(profile: str, sources: Sources) -> None:
    for application in everything(profile, sources):
        spec = application["spec"]
        annotations = application["metadata"]["annotations"]
        assert annotations["argocd.argoproj.io/compare-options"] == "ServerSideDiff=true"
        assert "ServerSideApply=true" in options(application)
        assert not any(option.startswith(("Replace", "Force")) for option in options(application))
        assert spec["syncPolicy"]["retry"]["limit"] > 5
        assert spec["syncPolicy"]["retry"]["backoff"].keys() == {"duration", "factor", "maxDuration"}
        assert spec["syncPolicy"]["automated"]["selfHeal"] is True


@pytest.mark.parametrize("profile", PROFILES)
def test_every_child_is_pinned_and_renders_under_one_release_name(profile: str, sources: Sources) -> None:
    for application in made_for(profile, sources).children.values():
        source = application["spec"]["source"]
        assert (source["repoURL"], source["targetRevision"]) == (REPO, "v1.0.0")
        assert source["helm"]["releaseName"] == "observability"
        assert application["spec"]["project"] == "ai-ml-observability"


@pytest.mark.parametrize("profile", PROFILES)
def test_waves_go_from_the_project_over_the_kinds_to_what_needs_them(profile: str, sources: Sources) -> None:
    made = made_for(profile, sources)
    waves = {name: int(each["metadata"]["annotations"][WAVE]) for name, each in made.children.items()}
    order = [name for name in ("crds", "secrets", "stack", "signals") if name in waves]
    assert sorted(waves, key=lambda name: waves[name]) == order
    assert len(set(waves.values())) == len(waves)
    assert int(made.project["metadata"]["annotations"][WAVE]) < min(waves.values())


@pytest.mark.parametrize(
    "profile", [profile for profile in PROFILES if "bring-your-own-prometheus" not in lineage(profile)]
)
def test_kinds_are_never_deleted_and_all_else_goes_with_its_application(profile: str, sources: Sources) -> None:
    for name, application in made_for(profile, sources).children.items():
        kept = name == "crds"
        assert (CASCADE not in application["metadata"].get("finalizers", [])) is kept
        assert ({"Prune=false", "Delete=false"} <= options(application)) is kept
        assert application["spec"]["syncPolicy"]["automated"]["prune"] is not kept
        assert ("CreateNamespace=true" in options(application)) is not kept


def test_a_cluster_with_an_operator_of_its_own_gets_no_kinds(sources: Sources) -> None:
    assert "crds" not in made_for("bring-your-own-prometheus", sources).children
    assert "crds" in made_for("jark", sources).children


def test_children_that_would_be_empty_are_left_out(sources: Sources) -> None:
    off = [parse_set(f"values.{block}.enabled=false") for block in ("monitors", "dashboards", "rules")]
    wanted = load_profile("jark", sources, off)
    assert "signals" not in made_for("jark", sources, wanted=wanted).children
    nothing = [
        parse_set(f"components.{name}.enabled=false")
        for name in ("kube-prometheus-stack", "kube-state-metrics", "opensearch", "fluent-bit", "metrics-server")
    ]
    bare = load_profile("standalone", sources, nothing)
    assert {"crds", "secrets", "stack"} & made_for("standalone", sources, wanted=bare).children.keys() == set()
    assert argocd.concerns({}) == ()


@pytest.mark.parametrize("profile", PROFILES)
def test_differences_are_passed_over_in_named_objects_only_and_kept_as_they_are(profile: str, sources: Sources) -> None:
    for application in everything(profile, sources):
        ignored = application["spec"].get("ignoreDifferences", [])
        assert ("RespectIgnoreDifferences=true" in options(application)) is bool(ignored)
        for entry in ignored:
            assert (entry["kind"], entry["name"]) == ("StatefulSet", "opensearch-cluster-master")
            assert len(entry["jqPathExpressions"]) == 3
            assert not any("spec.resources" in path or path.endswith("[]?") for path in entry["jqPathExpressions"])


def test_nothing_is_passed_over_where_opensearch_has_no_volume(sources: Sources) -> None:
    assert "ignoreDifferences" not in made_for("kind", sources).children["stack"]["spec"]
    assert "ignoreDifferences" in made_for("jark", sources).children["stack"]["spec"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_child_is_told_alike_which_charts_run(profile: str, sources: Sources) -> None:
    # The plan of Secrets follows from that; a child that thinks OpenSearch is off would make none for it.
    for child in made_for(profile, sources).children.values():
        values = child["spec"]["source"]["helm"]["valuesObject"]
        assert not [name for name in components.NAMES if "enabled" in values.get(name, {})]


def test_the_log_sidecars_configuration_is_in_the_stack_alone(sources: Sources) -> None:
    from generator.argocd.concerns import concerns

    values = {"logs": {"rayNamespaces": ["training"]}, "rules": {"vllm": {"enabled": True}}}
    assert {each.name: each.values.get("logs") for each in concerns(values)} == {
        "stack": None,
        "signals": {"rayNamespaces": []},
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_the_project_has_no_wildcard_and_outlives_its_applications(profile: str, sources: Sources) -> None:
    project = made_for(profile, sources).project
    assert "*" not in libyaml.dump(project)
    assert project["spec"]["sourceRepos"] == [REPO]
    assert project["metadata"]["finalizers"] == [CASCADE]


def test_the_log_sidecars_namespaces_are_allowed_too() -> None:
    from generator.argocd.rights import namespaces

    values = {"logs": {"rayNamespaces": ["training", "serving"]}, "opensearch": {"enabled": True}}
    assert namespaces(values, "monitoring") == ["monitoring", "serving", "training"]


def test_the_namespaces_in_which_grafana_looks_for_dashboards_are_allowed_too(sources: Sources) -> None:
    namespaces = parse_set("components.kube-prometheus-stack.grafana.dashboardNamespaces=[team-a]")
    made = made_for("standalone", sources, wanted=load_profile("standalone", sources, [namespaces]))
    allowed = {each["namespace"] for each in made.project["spec"]["destinations"]}
    assert allowed == {"monitoring", "kube-system", "team-a"}


def test_the_project_allows_no_webhook_and_no_kind_where_the_chart_brings_none(sources: Sources) -> None:
    off = [
        parse_set("values.kube-prometheus-stack.crds.enabled=false"),
        parse_set("values.kube-prometheus-stack.prometheusOperator.admissionWebhooks.enabled=false"),
    ]
    made = made_for("jark", sources, wanted=load_profile("jark", sources, off))
    kinds = {each["kind"] for each in made.project["spec"]["clusterResourceWhitelist"]}
    assert kinds == {"ClusterRole", "ClusterRoleBinding", "Namespace", "PriorityClass"}
    assert "crds" not in made.children


def test_the_parent_may_create_applications_and_finds_the_rest_beside_it(sources: Sources) -> None:
    made = made_for("jark", sources, apps_repo="git@git.example.com:gitops.git", apps_revision="main", apps_path="a/b")
    spec = made.parent["spec"]
    assert spec["project"] == "default"
    assert spec["source"] == {
        "repoURL": "git@git.example.com:gitops.git",
        "targetRevision": "main",
        "path": "a/b/apps",
    }
    assert spec["destination"] == {"server": "https://kubernetes.default.svc", "namespace": "argocd"}
    assert made.parent["metadata"]["finalizers"] == [CASCADE]


def test_a_packaged_chart_is_named_by_chart_and_version_and_oci_has_no_scheme(sources: Sources) -> None:
    packaged: dict[str, Any] = {
        "repo": "oci://registry.example.com/charts",
        "chart": "ai-ml-observability",
        "revision": "1.2.3",
        "apps_repo": REPO,
        "apps_revision": "main",
    }
    made = made_for("jark", sources, **packaged)
    for child in made.children.values():
        source = {key: value for key, value in child["spec"]["source"].items() if key != "helm"}
        assert source == {
            "repoURL": "registry.example.com/charts",
            "chart": "ai-ml-observability",
            "targetRevision": "1.2.3",
        }
    assert made.project["spec"]["sourceRepos"] == ["registry.example.com/charts"]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_single_application_takes_the_place_of_the_one_of_ai_on_eks(profile: str, sources: Sources) -> None:
    application = plain_for(profile, sources)
    assert application["metadata"]["name"] == "ai-ml-obs-ref-arch"
    assert application["metadata"]["namespace"] == "argocd"
    assert application["spec"]["project"] == "default"
    assert application["spec"]["destination"] == {
        "server": "https://kubernetes.default.svc",
        "namespace": "monitoring",
    }
    # Selectors of Deployments hold the release's name and can never change.
    assert application["spec"]["source"]["helm"]["releaseName"] == "kube-prometheus-stack"
    # The kinds are among its objects.
    assert application["spec"]["syncPolicy"]["automated"]["prune"] is False
    assert "finalizers" not in application["metadata"]


def test_terraform_can_read_the_single_application_as_a_template(sources: Sources) -> None:
    build = fit(load_profile("jark", sources), sources)
    made = argocd.plain(build, build, settings(plain=True), MADE_BY)
    assert not re.search(r"[$%]\{", made["application.yaml"])


@pytest.mark.parametrize("profile", PROFILES)
def test_every_file_says_who_made_it_and_holds_one_object(profile: str, sources: Sources) -> None:
    for path, text in made_for(profile, sources).texts.items():
        by = MADE_BY if path == "parent.yaml" else "argocd. parent.yaml has the command"
        assert text.startswith(f"# {MARKER}: {by}.")
        assert len(list(libyaml.load_all(text))) == 1


def test_another_command_changes_no_file_but_the_one_that_is_applied_by_hand(sources: Sources) -> None:
    build = fit(load_profile("jark", sources), sources)
    before, after = (argocd.for_one(build, build, settings(), command) for command in (MADE_BY, "argocd -f x"))
    assert difference(before, after) == ([], ["parent.yaml"], [])


def test_the_same_choices_give_the_same_bytes(sources: Sources) -> None:
    assert made_for("jark", sources).texts == made_for("jark", sources).texts


def test_an_application_set_fills_in_what_its_list_holds() -> None:
    template = manifests.parent("x-{{ .cluster }}", namespace="argocd", project="default", source=settings().apps)
    made = manifests.application_set("x", namespace="argocd", elements=[{"cluster": "a"}], template=template)
    used = set(re.findall(r"\{\{ \.(\w+) \}\}", libyaml.dump(made)))
    assert used == {"cluster"}
    assert "finalizers" not in made["spec"]["template"]["metadata"]
    assert made["spec"]["syncPolicy"] == {"preserveResourcesOnDeletion": True}
    assert made["spec"]["goTemplateOptions"] == ["missingkey=error"]

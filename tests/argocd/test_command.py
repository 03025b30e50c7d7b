"""`gen-chart argocd` as a person types it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import libyaml

GIT = ("--repo", "https://git.example.com/platform.git", "--revision", "v1.0.0")
JARK = ("argocd", "--profile", "jark", *GIT)


def test_it_writes_a_parent_and_its_children_and_says_how_many(run: Any) -> None:
    code, out, _ = run(*JARK)
    found = {path.as_posix() for path in Path("argocd").rglob("*.yaml")}
    assert code == 0
    assert found >= {"argocd/parent.yaml", "argocd/apps/project.yaml", "argocd/apps/stack.yaml"}
    assert f"argocd: {len(found)} files" in out


def test_a_second_run_changes_nothing_and_check_says_so(run: Any) -> None:
    run(*JARK)
    before = {path: path.stat().st_mtime_ns for path in Path("argocd").rglob("*.yaml")}
    run(*JARK)
    assert {path: path.stat().st_mtime_ns for path in Path("argocd").rglob("*.yaml")} == before
    assert run(*JARK, "--check") == (0, "", "")


def test_check_shows_what_would_change_and_writes_nothing(run: Any) -> None:
    run(*JARK)
    text = Path("argocd/apps/stack.yaml").read_text()
    code, out, err = run(*JARK[:-1], "v2.0.0", "--check")
    assert code == 1
    assert "+    targetRevision: v2.0.0" in out
    assert "is not what gen-chart would write" in err
    assert Path("argocd/apps/stack.yaml").read_text() == text


def test_the_first_line_repeats_the_command_without_values_that_may_be_secret(run: Any) -> None:
    run(*JARK, "--set", "values.team=s3cret", "--namespace", "obs")
    first = Path("argocd/parent.yaml").read_text().splitlines()[0]
    assert "argocd --profile jark --set values.team=… --repo https://git.example.com/platform.git" in first
    assert first.endswith("--revision v1.0.0 --namespace obs. Change the sources, not this file.")
    assert "s3cret" not in first


def test_the_first_line_repeats_a_flag_without_a_value(run: Any) -> None:
    run(*JARK, "--plain")
    first = Path("argocd/application.yaml").read_text().splitlines()[0]
    assert first.endswith("--revision v1.0.0 --plain. Change the sources, not this file.")


def test_changes_stand_in_the_chart_in_git_and_travel_to_a_packaged_one(run: Any) -> None:
    change = ("--set", "components.opensearch.nodes=5")
    run(*JARK, *change)
    options = libyaml.load(Path("argocd/apps/stack.yaml").read_text())["spec"]["source"]["helm"]
    assert "opensearch" not in options["valuesObject"]
    packaged = ("--repo", "https://charts.example.com", "--chart", "ai-ml-observability", "--revision", "1.2.3")
    apps = ("--apps-repo", GIT[1], "--apps-revision", "main")
    nobody = ("--set", "alerts.nobody=Nobody watches a test.")
    code, _, err = run("argocd", "--profile", "jark", *packaged, *apps, *change, *nobody)
    assert (code, err) == (0, "")
    options = libyaml.load(Path("argocd/apps/stack.yaml").read_text())["spec"]["source"]["helm"]
    assert options["valuesObject"]["opensearch"]["replicas"] == 5


def test_a_single_application_is_one_file(run: Any) -> None:
    assert run(*JARK, "--plain", "-o", "one")[0] == 0
    assert [path.name for path in Path("one").iterdir()] == ["application.yaml"]


def test_a_file_of_clusters_gives_a_set(run: Any) -> None:
    Path("clusters.yaml").write_text("clusters: [{name: hub, server: https://kubernetes.default.svc, profile: jark}]\n")
    assert run(*JARK, "--clusters", "clusters.yaml")[0] == 0
    assert Path("argocd/clusters/hub/stack.yaml").is_file()
    assert libyaml.load(Path("argocd/applicationset.yaml").read_text())["kind"] == "ApplicationSet"


def test_a_blueprints_variables_choose_what_is_watched_and_warn(run: Any) -> None:
    Path("blueprint.tfvars").write_text("enable_argocd = false\nenable_jupyterhub = false\n")
    code, _, err = run("argocd", "--tfvars", "blueprint.tfvars", *GIT)
    assert code == 0
    assert "enable_argocd" in err
    assert "--profile jark --tfvars blueprint.tfvars" in Path("argocd/parent.yaml").read_text().splitlines()[0]


def test_a_packaged_chart_has_a_blueprints_choices_inside_and_gets_further_ones_as_values(run: Any) -> None:
    Path("blueprint.tfvars").write_text("enable_jupyterhub = false\n")
    packaged = ("--repo", "https://charts.example.com", "--chart", "ai-ml-observability", "--revision", "1.2.3")
    apps = ("--apps-repo", GIT[1], "--apps-revision", "main")
    further = ("--set", "monitors.ray.interval=15s")
    code, _, err = run("argocd", "--tfvars", "blueprint.tfvars", *packaged, *apps, *further)
    assert code == 0
    assert err.count("enable_ai_ml_observability_stack") == 1
    values = libyaml.load(Path("argocd/apps/signals.yaml").read_text())["spec"]["source"]["helm"]["valuesObject"]
    assert values["monitors"] == {"ray": {"interval": "15s"}}


def test_without_a_profile_and_a_blueprint_it_asks_for_one(run: Any) -> None:
    code, _, err = run("argocd", *GIT)
    assert code == 2
    assert "--profile NAME" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--clusters", "none.yaml"), "none.yaml"),
        (("--clusters", "none.yaml", "--plain"), "exclude each other"),
        (("--clusters", "none.yaml", "--tfvars", "none.tfvars"), "exclude each other"),
        (("--tfvars", "none.tfvars"), "none.tfvars"),
        (("--set", "components.opensaerch.nodes=1"), "did you mean 'opensearch'?"),
        (("--apps-path", "/abs"), "--apps-path"),
        (("--repo", "oci://registry.example/charts"), "--chart"),
    ],
)
def test_bad_input_ends_with_2_and_writes_nothing(run: Any, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = run(*JARK, *arguments)
    assert code == 2
    assert words in err
    assert not Path("argocd").exists()

"""Where the chart is and what things are called: what ArgoCD would stumble over is refused before a file is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from tests.argocd.support import settings

PACKAGED: dict[str, Any] = {
    "chart": "x",
    "revision": "1.2.3",
    "apps_repo": "https://git.example/a.git",
    "apps_revision": "main",
}


def problem(**changes: Any) -> str:
    with pytest.raises(InputError) as error:
        settings(**changes)
    assert len(error.value.problems) == 1
    return str(error.value)


@pytest.mark.parametrize(
    "repo", ["https://git.example/a.git", "git@git.example:a/b.git", "ssh://git@git.example:22/a", "file:///srv/git/a"]
)
def test_a_git_repository_may_be_named_in_every_form_that_git_has(repo: str) -> None:
    assert settings(repo=repo).chart.repo == repo


@pytest.mark.parametrize("repo", ["oci://registry.example:5000/charts", "registry.example:5000/charts"])
def test_an_oci_repository_loses_its_scheme_because_argocd_knows_it_by_that(repo: str) -> None:
    assert settings(repo=repo, **PACKAGED).chart.repo == "registry.example:5000/charts"


@pytest.mark.parametrize("option", ["repo", "apps_repo"])
def test_a_password_in_a_url_is_refused_because_it_would_stand_in_git(option: str) -> None:
    message = problem(**{option: "https://me:s3cret@git.example/a.git"})
    assert "holds a password" in message
    assert "s3cret" not in message


def test_an_oci_repository_without_a_charts_name_says_how_to_name_it() -> None:
    assert "--chart" in problem(repo="oci://registry.example/charts")


@pytest.mark.parametrize("revision", ["HEAD", "", "a b", "-x", "a..b", "x^", "main@{1}", "line\nbreak"])
def test_a_revision_is_one_that_git_could_have_and_does_not_move_by_itself(revision: str) -> None:
    assert "a tag, a commit or a branch" in problem(revision=revision)


@pytest.mark.parametrize("version", ["1.x", "*", ">=1.0.0", "^1.2.3", "1.2", "latest"])
def test_a_packaged_chart_takes_an_exact_version(version: str) -> None:
    assert "exact version" in problem(repo="https://charts.example", **{**PACKAGED, "revision": version})


@pytest.mark.parametrize("path", ["/etc", "../up", "a/../../b", ".", "", "a\nb"])
def test_a_charts_folder_lies_inside_its_repository(path: str) -> None:
    assert "a folder inside the repository" in problem(path=path)


@pytest.mark.parametrize("target", ["/srv/argocd", "../argocd", "."])
def test_a_folder_whose_place_in_git_cannot_be_told_asks_for_it(target: str) -> None:
    assert "--apps-path" in problem(target=target)
    assert settings(target=target, apps_path="clusters/one/").apps.path == "clusters/one"
    assert settings(target=target, plain=True).chart.path == "charts/ai-ml-observability"


def test_a_packaged_chart_asks_where_the_applications_will_be() -> None:
    message = problem(repo="https://charts.example", chart="x", revision="1.2.3")
    assert "--apps-repo" in message
    settings(repo="https://charts.example", chart="x", revision="1.2.3", plain=True)


def test_argocds_own_project_is_not_overwritten_but_a_single_application_may_be_in_it() -> None:
    assert "not overwritten" in problem(project="default")
    assert settings(project="default", plain=True).project == "default"


@pytest.mark.parametrize("name", ["A", "-a", "a_b", "a" * 64, ""])
@pytest.mark.parametrize("option", ["namespace", "argocd_namespace", "project", "parent_project", "release_name"])
def test_names_are_those_that_kubernetes_takes(option: str, name: str) -> None:
    assert f"found '{name}'" in problem(**{option: name})


def test_helm_takes_release_names_of_53_characters_at_most() -> None:
    assert "at most 53" in problem(release_name="a" * 54)


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(InputError) as error:
        settings(repo="nowhere", revision="HEAD", namespace="A")
    assert [each.file for each in error.value.problems] == ["--repo", "--revision", "--namespace"]


@given(st.text(), st.text(), st.text(), st.one_of(st.none(), st.text()))
def test_whatever_is_given_is_taken_or_explained(repo: str, revision: str, path: str, chart: str | None) -> None:
    try:
        found = settings(repo=repo, revision=revision, path=path, chart=chart)
    except InputError as error:
        assert error.problems
    else:
        assert found.chart.repo
        assert found.chart.path or found.chart.chart

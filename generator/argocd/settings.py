"""Where ArgoCD finds the chart and the Applications, and the names that they carry; checked before anything is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from generator.build.metadata import NAME
from generator.errors import InputError, Problem
from generator.files.versions import is_exact

IN_CLUSTER = "https://kubernetes.default.svc"
"""The cluster that ArgoCD runs in, as ArgoCD itself writes it."""

RELEASE = "observability"
"""The Helm release's name in the README's command."""

PLAIN_RELEASE = "kube-prometheus-stack"
"""The release of the Application that AI on EKS applies. A Deployment's selector, which holds it, can never change, so
whoever takes its place keeps it."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_GIT = re.compile(r"(https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_CHARTS = re.compile(r"(https?|oci)://\S+|[\w.-]+(:\d+)?(/[\w.-]+)+")


@dataclass(frozen=True)
class Source:
    """Where ArgoCD reads from, pinned.

    Attributes:
        repo: a Git URL, a Helm repository's URL, or an OCI prefix without ``oci://`` (ArgoCD takes a repository without
            a scheme for OCI; util/helm IsHelmOciRepo of ArgoCD 3.5).
        revision: a Git tag, commit or branch, or a chart's version.
        path: the folder in Git; "" for a packaged chart.
        chart: a packaged chart's name; "" for a folder in Git.
    """

    repo: str
    revision: str
    path: str = ""
    chart: str = ""

    def as_data(self) -> dict[str, str]:
        """Returns an Application's ``source`` without its ``helm``."""
        place = {"chart": self.chart} if self.chart else {"path": self.path}
        return {"repoURL": self.repo, "targetRevision": self.revision, **place}


@dataclass(frozen=True)
class Settings:
    """What all manifests share.

    Attributes:
        chart: where the chart is.
        apps: where the folder of Applications is; the same as ``chart`` where there is only one Application.
        namespace: where the chart's objects go.
        argocd_namespace: where ArgoCD takes Applications from.
        project: the AppProject of the Applications.
        parent_project: the AppProject of the parent, which may create Applications.
        release: the Helm release's name, the same in every Application.
    """

    chart: Source
    apps: Source
    namespace: str
    argocd_namespace: str
    project: str
    parent_project: str
    release: str


@dataclass(frozen=True)
class Options:
    """What a person gave, each as the option of its name; None where it was left out.

    Attributes:
        repo: of the chart; ``oci://`` is taken off, as ArgoCD wants it.
        revision: of the chart.
        path: the chart's folder in Git.
        chart: a packaged chart's name; None for a folder in Git.
        apps_repo: the Git repository of the folder that is written; None for the chart's.
        apps_revision: its revision; None for the chart's.
        apps_path: its path there; None for the folder that is written.
        namespace: where the chart's objects go.
        argocd_namespace: where ArgoCD takes Applications from.
        project: the AppProject; None for the one that fits.
        parent_project: a project that may create Applications.
        release_name: the Helm release; None for the one that fits.
    """

    repo: str
    revision: str
    path: str = "charts/ai-ml-observability"
    chart: str | None = None
    apps_repo: str | None = None
    apps_revision: str | None = None
    apps_path: str | None = None
    namespace: str = "monitoring"
    argocd_namespace: str = "argocd"
    project: str | None = None
    parent_project: str = "default"
    release_name: str | None = None


def settings(names: Options, *, target: str, plain: bool) -> Settings:
    """Checks what a person gave and fills in what follows from it.

    Args:
        names: what was given.
        target: the folder that is written, as the person gave it.
        plain: whether there is only one Application, so that no folder has to be found.

    Raises:
        InputError: one Problem for each option that is wrong.
    """
    project, release = ("default", PLAIN_RELEASE) if plain else (NAME, RELEASE)
    project = project if names.project is None else names.project
    release = release if names.release_name is None else names.release_name
    problems = _chart_problems(names.repo, names.revision, names.path, names.chart)
    for option, name, longest in (
        ("--namespace", names.namespace, 63),
        ("--argocd-namespace", names.argocd_namespace, 63),
        ("--project", project, 63),
        ("--parent-project", names.parent_project, 63),
        ("--release-name", release, 53),
    ):
        if not _LABEL.fullmatch(name) or len(name) > longest:
            expected = f"expected at most {longest} of a-z, 0-9 and -, with a letter or digit at both ends"
            problems.append(Problem(f"found '{name}', {expected}", option))
    if not plain:
        if project == "default":
            problems.append(Problem("found 'default', which is ArgoCD's own and is not overwritten", "--project"))
        problems += _apps_problems(names.chart, names.apps_repo, names.apps_revision, names.apps_path, target)
    if problems:
        raise InputError(*problems)
    folder = "" if names.chart else _clean(names.path)
    source = Source(names.repo.removeprefix("oci://"), names.revision, folder, names.chart or "")
    apps = source
    if not plain:
        apps = Source(
            names.apps_repo or names.repo, names.apps_revision or names.revision, _clean(names.apps_path or target)
        )
    return Settings(source, apps, names.namespace, names.argocd_namespace, project, names.parent_project, release)


def _chart_problems(repo: str, revision: str, path: str, chart: str | None) -> list[Problem]:
    problems = _repo_problems("--repo", repo, packaged=chart is not None)
    if chart is None:
        return [*problems, *_revision_problems("--revision", revision), *_path_problems("--path", path)]
    if not _LABEL.fullmatch(chart):
        problems.append(Problem(f"found '{chart}', expected a chart's name", "--chart"))
    if not is_exact(revision):
        hint = "a range such as 1.x would install whatever is published next"
        problems.append(
            Problem(f"found '{revision}', expected the chart's exact version, as 1.2.3", "--revision", hint=hint)
        )
    return problems


def _apps_problems(
    chart: str | None, repo: str | None, revision: str | None, path: str | None, target: str
) -> list[Problem]:
    problems: list[Problem] = []
    if chart is not None and (repo is None or revision is None):
        hint = (
            "name the Git repository and revision in which you commit the folder, with --apps-repo and --apps-revision"
        )
        problems.append(Problem("a packaged chart's repository cannot hold the Applications", "--chart", hint=hint))
    if repo is not None:
        problems += _repo_problems("--apps-repo", repo, packaged=False)
    if revision is not None:
        problems += _revision_problems("--apps-revision", revision)
    if path is None and _path_problems("-o", target):
        hint = "name its path in the repository with --apps-path"
        problems.append(Problem(f"'{target}' does not say where the folder lies in the repository", "-o", hint=hint))
    return problems if path is None else [*problems, *_path_problems("--apps-path", path)]


def _repo_problems(option: str, repo: str, *, packaged: bool) -> list[Problem]:
    if urlsplit(repo).password if "://" in repo else False:
        hint = "register the repository in ArgoCD with its credentials, and give the URL without them"
        return [Problem("holds a password, which would stand in Git", option, hint=hint)]
    if not packaged and repo.startswith("oci://"):
        return [Problem(f"found '{repo}', expected a Git URL", option, hint="name the packaged chart with --chart")]
    if not (_CHARTS if packaged else _GIT).fullmatch(repo):
        expected = "https://HOST/PATH or oci://HOST/PATH" if packaged else "https://HOST/PATH or git@HOST:PATH"
        return [Problem(f"found '{repo}', expected {expected}", option)]
    return []


def _revision_problems(option: str, revision: str) -> list[Problem]:
    if revision == "HEAD":
        hint = "what is installed would change with every push"
        return [Problem("found 'HEAD', expected a tag, a commit or a branch", option, hint=hint)]
    # What git check-ref-format forbids, and what would be taken for an option.
    if not revision or re.search(r"[\s~^:?*\[\\\x00-\x1f\x7f]|\.\.|@\{|^[-/.]|[/.]$", revision):
        return [Problem(f"found '{revision}', expected a tag, a commit or a branch", option)]
    return []


def _path_problems(option: str, path: str) -> list[Problem]:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not path.isprintable() or _clean(path) in ("", "."):
        return [Problem(f"found '{path}', expected a folder inside the repository", option)]
    return []


def _clean(path: str) -> str:
    return PurePosixPath(path).as_posix()

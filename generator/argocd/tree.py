"""The files: an app-of-apps for one cluster, one for each of many, or a single Application."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.argocd import manifests
from generator.argocd.concerns import concerns, ignored_differences, kept_data
from generator.argocd.delivery import helm_values
from generator.argocd.rights import cluster_kinds, namespaces
from generator.build.metadata import NAME
from generator.choices.profiles import merge
from generator.files import yamlfile
from generator.files.templating import render
from generator.files.tree import MARKER
from generator.files.writer import Signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from generator.argocd.concerns import Concern
    from generator.argocd.settings import Settings
    from generator.choices.profiles import Profile

PLAIN_NAME = "ai-ml-obs-ref-arch"
"""The Application that AI on EKS applies (infra/base/terraform/argocd-addons/ai-ml-observability.yaml there)."""

SIGNATURE = Signature(f"{MARKER}: argocd", ("application.yaml", "applicationset.yaml", "parent.yaml"))
"""A chart that lies in the folder has another marker, and stays."""

_APPLY = ("CreateNamespace=true", "ServerSideApply=true")
_RESPECT = "RespectIgnoreDifferences=true"
_KINDS = ("ServerSideApply=true", "Prune=false", "Delete=false")
"""The kinds themselves have no namespace to create; they are never deleted, whoever asks (the latter two since 3.4)."""


@dataclass(frozen=True)
class Target:
    """One cluster that gets the chart.

    Attributes:
        name: in Applications' names; "" for the only one.
        server: its API server.
        profile: the name of its profile.
        values: the chart's values there, complete.
        added: those of them that the chart does not have by itself.
        existing: see concerns.
        path: its chart's folder in Git, if it has one of its own; else "".
    """

    name: str
    server: str
    profile: str
    values: Mapping[str, Any]
    added: Mapping[str, Any]
    existing: frozenset[str]
    path: str = ""


def command(profile: Profile, options: Iterable[tuple[str, str]]) -> str:
    """Returns the command that makes the folder, without ``gen-chart``; what cannot be printed is shown as ``?``.

    Args:
        profile: its ``-f`` and ``--set`` are shown as the chart's header shows them.
        options: option and value, in order; a value of "" is a flag.
    """
    words = ["argocd", *profile.command.split(" ")[1:]]
    words += [f"{option} {value}" if value else option for option, value in options]
    return "".join(char if char.isprintable() else "?" for char in " ".join(words))


def _command_header(made_by: str) -> str:
    """Returns the first line of the file that is applied by hand, without its comment sign."""
    return f"{MARKER}: {made_by}. Change the sources, not this file."


def _header(entry: str) -> str:
    """Returns the first line of every other file: after the change of one option only what changes is shown as changed.

    Args:
        entry: the file that has the command.
    """
    return f"{MARKER}: argocd. {entry} has the command. Change the sources, not this file."


def app_of_apps(target: Target, settings: Settings, made_by: str) -> dict[str, str]:
    """Returns the files for one cluster, path → text.

    ``parent.yaml`` is applied once by hand; it finds the rest in ``apps/``.

    Args:
        target: the cluster.
        settings: where things are and what they are called.
        made_by: see command; ``parent.yaml`` shows it.
    """
    first = _header("parent.yaml")
    source = replace(settings.apps, path=f"{settings.apps.path}/apps")
    parent = manifests.parent(NAME, namespace=settings.argocd_namespace, project=settings.parent_project, source=source)
    files = {
        "argocd-cm.yaml": render("argocd/templates/argocd-cm.yaml", header=first),
        "parent.yaml": _text(parent, _command_header(made_by), "Apply this one by hand; it brings all others."),
        "apps/project.yaml": _project([target], settings, first, wave=-1),
    }
    files |= {f"apps/{name}.yaml": text for name, text in _children(target, settings, first).items()}
    return dict(sorted(files.items()))


def application_set(targets: Sequence[Target], settings: Settings, made_by: str) -> dict[str, str]:
    """Returns the files for many clusters, path → text.

    ``project.yaml`` and ``applicationset.yaml`` are applied once by hand; the set makes one parent for each cluster,
    which finds its Applications in ``clusters/NAME/``.

    Args:
        targets: the clusters, each with a name.
        settings: see app_of_apps.
        made_by: see command; ``applicationset.yaml`` shows it.
    """
    first = _header("applicationset.yaml")
    source = replace(settings.apps, path=f"{settings.apps.path}/clusters/{{{{ .cluster }}}}")
    template = manifests.parent(
        f"{NAME}-{{{{ .cluster }}}}",
        namespace=settings.argocd_namespace,
        project=settings.parent_project,
        source=source,
        annotations={f"{NAME}/profile": "{{ .profile }}", f"{NAME}/server": "{{ .server }}"},
    )
    elements = [{"cluster": target.name, "profile": target.profile, "server": target.server} for target in targets]
    manifest = manifests.application_set(
        NAME, namespace=settings.argocd_namespace, elements=elements, template=template
    )
    files = {
        "argocd-cm.yaml": render("argocd/templates/argocd-cm.yaml", header=first),
        "applicationset.yaml": _text(
            manifest, _command_header(made_by), "Apply this and project.yaml by hand; they bring all others."
        ),
        "project.yaml": _project(targets, settings, first, wave=None),
    }
    for target in targets:
        children = _children(target, settings, first)
        files |= {f"clusters/{target.name}/{name}.yaml": text for name, text in children.items()}
    return dict(sorted(files.items()))


def plain(target: Target, settings: Settings, made_by: str) -> dict[str, str]:
    """Returns the one file of a single Application, path → text.

    It takes the place of the one that AI on EKS applies: same name, destination and release. Nothing that was installed
    is deleted by it, because the CRDs are among its objects.

    Args:
        target: the cluster.
        settings: where the chart is, and what things are called.
        made_by: see command; the file shows it.
    """
    ignored = ignored_differences(target.values)
    manifest = manifests.application(
        PLAIN_NAME,
        namespace=settings.argocd_namespace,
        project=settings.project,
        source=settings.chart,
        helm={"releaseName": settings.release, **helm_values(merge(target.added, kept_data(target.values)))},
        server=target.server,
        destination=settings.namespace,
        options=[*_APPLY, _RESPECT] if ignored else _APPLY,
        prune=False,
        cascade=False,
        ignored=ignored,
    )
    return {"application.yaml": _text(manifest, _command_header(made_by), "The whole chart as one Application.")}


def _children(target: Target, settings: Settings, first: str) -> dict[str, str]:
    parts = concerns(target.values, target.existing)
    return {concern.name: _text(_child(concern, target, settings), first, concern.summary) for concern in parts}


def _child(concern: Concern, target: Target, settings: Settings) -> dict[str, Any]:
    helm: dict[str, Any] = {"releaseName": settings.release}
    if concern.name != "crds":
        helm["skipCrds"] = True
    helm |= helm_values(merge(target.added, concern.values))
    options = [*_APPLY, _RESPECT] if concern.ignored else _APPLY
    return manifests.application(
        "-".join(filter(None, (NAME, target.name, concern.name))),
        namespace=settings.argocd_namespace,
        project=settings.project,
        source=replace(settings.chart, path=target.path) if target.path else settings.chart,
        helm=helm,
        server=target.server,
        destination=settings.namespace,
        options=options if concern.prune else _KINDS,
        prune=concern.prune,
        cascade=concern.cascade,
        wave=concern.wave,
        ignored=concern.ignored,
    )


def _project(targets: Sequence[Target], settings: Settings, first: str, wave: int | None) -> str:
    manifest = manifests.app_project(
        settings.project,
        namespace=settings.argocd_namespace,
        repos=[settings.chart.repo],
        destinations=[
            (target.server, place) for target in targets for place in namespaces(target.values, settings.namespace)
        ],
        kinds=[kind for target in targets for kind in cluster_kinds(target.values)],
        wave=wave,
    )
    return _text(manifest, first, "What the Applications may do, and nothing else.")


def _text(data: Mapping[str, Any], first: str, summary: str) -> str:
    return f"# {first}\n# {summary}\n{yamlfile.dump(data)}"

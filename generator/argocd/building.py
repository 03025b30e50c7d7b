"""From Builds to the files: which chart there is, and what each cluster wants of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from generator.argocd import tree
from generator.argocd.delivery import added_values
from generator.argocd.settings import IN_CLUSTER
from generator.build.build import fit
from generator.build.profile import load_profile
from generator.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.argocd.clusters import Cluster
    from generator.argocd.settings import Settings
    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.choices.profiles import Layer


def for_one(base: Build, build: Build, settings: Settings, made_by: str) -> dict[str, str]:
    """Makes the app-of-apps for the cluster that ArgoCD runs in; see tree.app_of_apps.

    Args:
        base: what the chart was made from.
        build: what is to be installed.
        settings: where things are and what they are called.
        made_by: see tree.command.

    Raises:
        InputError: see added_values.
    """
    return tree.app_of_apps(_only(base, build), settings, made_by)


def plain(base: Build, build: Build, settings: Settings, made_by: str) -> dict[str, str]:
    """Makes the single Application; see for_one and tree.plain."""
    return tree.plain(_only(base, build), settings, made_by)


def for_many(
    base: Build,
    clusters: Sequence[Cluster],
    changes: Sequence[Layer],
    sources: Sources,
    settings: Settings,
    made_by: str,
) -> dict[str, str]:
    """Makes the ApplicationSet and each cluster's Applications; see tree.application_set.

    Args:
        base: what the chart that clusters share was made from.
        clusters: the clusters.
        changes: what is laid over every cluster's profile.
        sources: the sources as they were read.
        settings: see for_one.
        made_by: see tree.command.

    Raises:
        InputError: a cluster's profile or values are wrong, or need a chart of their own, or two clusters send to one
            store and say the same name of theirs; every cluster's problem.
    """
    targets: list[tree.Target] = []
    errors: list[InputError] = []
    for cluster in clusters:
        try:
            targets.append(_target(base, cluster, changes, sources))
        except InputError as error:
            errors.append(error)
    if errors:
        raise InputError(*dict.fromkeys(problem for error in errors for problem in error.problems))
    if mixed := tuple(_mixed(clusters, targets)):
        raise InputError(*mixed)
    return tree.application_set(targets, settings, made_by)


def _mixed(clusters: Sequence[Cluster], targets: Sequence[tree.Target]) -> Iterator[Problem]:
    """Yields each cluster whose samples could not be told from another's in a store that both send to."""
    first: dict[tuple[str, str], str] = {}
    for cluster, target in zip(clusters, targets, strict=True):
        stack = target.values["kube-prometheus-stack"]
        spec = stack["prometheus"]["prometheusSpec"] if stack["enabled"] else {}
        labels = spec.get("externalLabels", {})
        for url in dict.fromkeys(each["url"] for each in spec.get("remoteWrite", ())):
            other = first.setdefault((url, json.dumps(labels, sort_keys=True)), cluster.name)
            if other != cluster.name:
                said = labels.get("cluster", "nothing")
                message = f"found the cluster label '{said}', which '{other}' has too, and both send to {url}"
                path = "components.kube-prometheus-stack.prometheus.cluster"
                yield Problem(message, cluster.changes.file, path, hint="give each cluster a name of its own")


def _only(base: Build, build: Build) -> tree.Target:
    return tree.Target(
        name="",
        server=IN_CLUSTER,
        profile=build.profile.name,
        values=build.values,
        added=added_values(base, build),
        existing=_existing(build),
    )


def _target(base: Build, cluster: Cluster, changes: Sequence[Layer], sources: Sources) -> tree.Target:
    build = fit(load_profile(cluster.profile, sources, [*changes, cluster.changes]), sources)
    if cluster.path:
        base = fit(load_profile(cluster.profile, sources, changes), sources)
    return tree.Target(
        name=cluster.name,
        server=cluster.server,
        profile=cluster.profile,
        values=build.values,
        added=added_values(base, build),
        existing=_existing(build),
        path=cluster.path,
    )


def _existing(build: Build) -> frozenset[str]:
    return frozenset(key for key, name in build.profile.choices["secrets"]["existing"].items() if name)

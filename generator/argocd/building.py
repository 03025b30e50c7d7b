"""From what a person asked for to the files: which chart there is, and what each cluster wants of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.argocd import tree
from generator.argocd.delivery import added_values
from generator.argocd.settings import IN_CLUSTER
from generator.build.assemble import chart_values, load_profile
from generator.build.extras import with_extras
from generator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.argocd.clusters import Cluster
    from generator.argocd.settings import Settings
    from generator.build.sources import Sources
    from generator.choices.profiles import Layer, Profile


def for_one(chart: Profile, wanted: Profile, sources: Sources, settings: Settings, made_by: str) -> dict[str, str]:
    """Gives the app-of-apps for the cluster that ArgoCD runs in; see tree.app_of_apps.

    Args:
        chart: what the chart was made from.
        wanted: what is to be installed.
        sources: the sources, without extra files.
        settings: where things are and what they are called.
        made_by: see tree.command.

    Raises:
        InputError: see added_values.
    """
    return tree.app_of_apps(_only(chart, wanted, sources), settings, made_by)


def plain(chart: Profile, wanted: Profile, sources: Sources, settings: Settings, made_by: str) -> dict[str, str]:
    """Gives the single Application; see for_one and tree.plain."""
    return tree.plain(_only(chart, wanted, sources), settings, made_by)


def for_many(
    chart: Profile,
    clusters: Sequence[Cluster],
    changes: Sequence[Layer],
    sources: Sources,
    settings: Settings,
    made_by: str,
) -> dict[str, str]:
    """Gives the ApplicationSet and each cluster's Applications; see tree.application_set.

    Args:
        chart: what the chart that clusters share was made from.
        clusters: the clusters.
        changes: what is laid over every cluster's profile.
        sources: see for_one.
        settings: see for_one.
        made_by: see tree.command.

    Raises:
        InputError: a cluster's profile or values are wrong, or need a chart of their own; every cluster's problem.
    """
    targets: list[tree.Target] = []
    found: list[InputError] = []
    for cluster in clusters:
        try:
            targets.append(_target(chart, cluster, changes, sources))
        except InputError as error:
            found.append(error)
    if found:
        raise InputError(*dict.fromkeys(problem for error in found for problem in error.problems))
    return tree.application_set(targets, settings, made_by)


def _only(chart: Profile, wanted: Profile, sources: Sources) -> tree.Target:
    return tree.Target(
        name="",
        server=IN_CLUSTER,
        profile=wanted.name,
        values=chart_values(wanted, with_extras(wanted, sources)),
        added=added_values(chart, wanted, sources),
        existing=_existing(wanted),
    )


def _target(chart: Profile, cluster: Cluster, changes: Sequence[Layer], sources: Sources) -> tree.Target:
    wanted = load_profile(cluster.profile, sources, [*changes, cluster.changes])
    base = load_profile(cluster.profile, sources, changes) if cluster.path else chart
    return tree.Target(
        name=cluster.name,
        server=cluster.server,
        profile=cluster.profile,
        values=chart_values(wanted, with_extras(wanted, sources)),
        added=added_values(base, wanted, sources),
        existing=_existing(wanted),
        path=cluster.path,
    )


def _existing(wanted: Profile) -> frozenset[str]:
    return frozenset(key for key, name in wanted.choices["secrets"]["existing"].items() if name)

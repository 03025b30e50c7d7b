"""ArgoCD's objects as data: Application, AppProject, ApplicationSet (API argoproj.io/v1alpha1, ArgoCD 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.argocd.settings import IN_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from generator.argocd.settings import Source

API = "argoproj.io/v1alpha1"
CASCADE = "resources-finalizer.argocd.argoproj.io"
"""The finalizer with which deleting an Application deletes its objects first. On an AppProject the same name makes it
wait until no Application is in it; without that, the last ones could not be deleted any more (argo-cd 1329)."""

_SERVER_SIDE_DIFF = {"argocd.argoproj.io/compare-options": "ServerSideDiff=true"}
"""The API server says what would change, so that defaults and what admission adds are no difference."""

_RETRY = {"limit": 10, "refresh": True, "backoff": {"duration": "15s", "factor": 2, "maxDuration": "5m"}}
"""Half an hour of attempts. ArgoCD does not sync a revision again by itself once these have failed, and a slow node or
a wave that did not wait must not end there. An attempt takes the newest commit of the branch, so that a mended one is
not waited out (``refresh``: since ArgoCD 3.2); a tag stays the one that the first attempt had (measured with 3.5.1)."""


def application(
    name: str,
    *,
    namespace: str,
    project: str,
    source: Source,
    helm: Mapping[str, Any] | None,
    server: str,
    destination: str,
    options: Sequence[str],
    prune: bool = True,
    cascade: bool = True,
    wave: int | None = None,
    ignored: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Returns an Application that syncs by itself.

    Args:
        name: its name.
        namespace: where ArgoCD takes Applications from.
        project: its AppProject.
        source: where the chart or the manifests are.
        helm: how the chart is rendered; None for plain manifests.
        server: the destination cluster's API server.
        destination: the destination namespace.
        options: ArgoCD's sync options.
        prune: whether objects that are no longer rendered are deleted.
        cascade: whether its objects are deleted with it.
        wave: its sync wave in a parent Application; None for none.
        ignored: differences that ArgoCD passes over.
    """
    annotations = {} if wave is None else {"argocd.argoproj.io/sync-wave": str(wave)}
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "annotations": annotations | _SERVER_SIDE_DIFF,
    }
    if cascade:
        metadata["finalizers"] = [CASCADE]
    spec: dict[str, Any] = {
        "project": project,
        "source": source.as_data() | ({} if helm is None else {"helm": dict(helm)}),
        "destination": {"server": server, "namespace": destination},
        "syncPolicy": {
            "automated": {"prune": prune, "selfHeal": True},
            "retry": _RETRY,
            "syncOptions": list(options),
        },
    }
    if ignored:
        spec["ignoreDifferences"] = [dict(entry) for entry in ignored]
    return {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": spec}


def app_project(
    name: str,
    *,
    namespace: str,
    repos: Iterable[str],
    destinations: Iterable[tuple[str, str]],
    kinds: Iterable[tuple[str, str]],
    wave: int | None,
) -> dict[str, Any]:
    """Returns an AppProject with the rights given and no other.

    Args:
        name: its name.
        namespace: where ArgoCD takes projects from.
        repos: the chart's repositories.
        destinations: (API server, namespace) pairs.
        kinds: (API group, kind) of the cluster-scoped objects.
        wave: its sync wave in a parent Application; None for none.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if wave is not None:
        metadata["annotations"] = {"argocd.argoproj.io/sync-wave": str(wave)}
    return {
        "apiVersion": API,
        "kind": "AppProject",
        "metadata": metadata | {"finalizers": [CASCADE]},
        "spec": {
            "description": "Observability of AI/ML workloads",
            "sourceRepos": sorted(set(repos)),
            "destinations": [{"server": server, "namespace": place} for server, place in sorted(set(destinations))],
            "clusterResourceWhitelist": [{"group": group, "kind": kind} for group, kind in sorted(set(kinds))],
        },
    }


def application_set(
    name: str, *, namespace: str, elements: Sequence[Mapping[str, str]], template: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns an ApplicationSet with one Application for each element of a list.

    Args:
        name: its name.
        namespace: where ArgoCD takes it from.
        elements: what the template is filled from.
        template: an Application, its values in Go's ``{{ }}``; kind, namespace and finalizers are left out.
    """
    metadata = {key: value for key, value in template["metadata"].items() if key not in ("namespace", "finalizers")}
    return {
        "apiVersion": API,
        "kind": "ApplicationSet",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"list": {"elements": [dict(element) for element in elements]}}],
            # Taking a cluster off the list must not take its monitoring away.
            "syncPolicy": {"preserveResourcesOnDeletion": True},
            "template": {"metadata": metadata, "spec": template["spec"]},
        },
    }


def parent(
    name: str, *, namespace: str, project: str, source: Source, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Returns the Application whose objects are the other Applications."""
    manifest = application(
        name,
        namespace=namespace,
        project=project,
        source=source,
        helm=None,
        server=IN_CLUSTER,
        destination=namespace,
        options=["ServerSideApply=true"],
    )
    manifest["metadata"]["annotations"] |= annotations or {}
    return manifest

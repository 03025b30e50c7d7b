"""Looks at the cluster before anything is made, for what would break an installation that Helm calls deployed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .program import Failure, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from .kubernetes_api import Api, Manifest

_OPERATOR = re.compile(r"(?:.*/)?prometheus-operator(?:[:@].*)?")
"""Matches the operator's image, wherever it is pulled from."""

_ENFORCE = "pod-security.kubernetes.io/enforce"
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_PAGE = 250
"""Objects of a list in one answer; a DaemonSet is about 10 kB."""

_RELEASE = "meta.helm.sh/release-name"


def check_cluster(api: Api, file: Path) -> None:
    """Looks for what the chart rendered into a file of checks; a check whose answer is refused is said and passed over.

    Args:
        api: the release's namespace.
        file: ``release``, and the checks that are on, by name; see templates/_checks.tpl.

    Raises:
        Failure: a line for each thing found, with the choice to make instead.
    """
    checks: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    problems = [
        f"{problem}; to install all the same: --set secrets.checks.{name}=false"
        for name, look in _CHECKS.items()
        if name in checks
        for problem in look(api, checks[name], checks["release"])
    ]
    if problems:
        raise Failure(*problems)


def _operator(api: Api, given: Mapping[str, Any], release: str) -> Iterator[str]:
    """Finds other Prometheus operators; beside one of ours that runs already they are only said."""
    others, ours = _workloads(api, "deployments", given["name"], release)
    for each in others:
        if any(_OPERATOR.fullmatch(container["image"]) for container in _pod(each)["containers"]):
            message = (
                f"a Prometheus operator runs already, {_title(each, 'Deployment')}, and two fight over the same objects"
            )
            if ours:
                say(f"warning: {message}")
            else:
                yield (
                    f"{message}: make the chart with gen-chart --profile bring-your-own-prometheus, which adds to the "
                    "Prometheus that is there"
                )


def _node_exporter(api: Api, given: Mapping[str, Any], release: str) -> Iterator[str]:
    others, ours = _workloads(api, "daemonsets", given["name"], release)
    for each in others if not ours else ():
        pod = _pod(each)
        ports = [port for container in pod["containers"] for port in container.get("ports") or ()]
        taken = {port.get("containerPort" if pod.get("hostNetwork") else "hostPort") for port in ports}
        if given["port"] in taken:
            value = "kube-prometheus-stack.prometheus-node-exporter.service"
            yield (
                f"port {given['port']} of the nodes is taken by {_title(each, 'DaemonSet')}, so that no pod of this "
                f"chart's node exporter can start: give it another one with --set {value}.port=9101,"
                f"{value}.targetPort=9101, or leave it out with --set kube-prometheus-stack.nodeExporter.enabled=false"
            )


def _storage_class(api: Api, volumes: list[Mapping[str, str]], _release: str) -> Iterator[str]:
    wanted = {volume["class"] for volume in volumes if _found(api, _claim(api, volume["claim"])) is None}
    if not wanted:
        return
    classes = _listed(api, "apis/storage.k8s.io/v1/storageclasses")
    if classes is None:
        return
    names = sorted(each["metadata"]["name"] for each in classes)
    default = any(
        (each["metadata"].get("annotations") or {}).get(key) == "true" for each in classes for key in _DEFAULT
    )
    there = f"(found: {', '.join(names) or 'none'}), and volumes wait for it"
    for name in sorted(wanted):
        if name and name not in names:
            yield f"the StorageClass '{name}' is not there {there}: make the chart with --set storage.className=NAME"
        elif not name and not default:
            yield (
                f"no StorageClass is the default one {there}: make the chart with --set storage.className=NAME, or "
                "with --set storage.persistent=false to keep nothing"
            )


def _pod_security(api: Api, names: list[str], _release: str) -> Iterator[str]:
    namespace = _found(api, f"api/v1/namespaces/{api.namespace}") or {}
    level = (namespace.get("metadata", {}).get("labels") or {}).get(_ENFORCE)
    if level in ("baseline", "restricted"):
        yield (
            f"the namespace '{api.namespace}' has {_ENFORCE}={level}, which refuses {' and '.join(names)}, as they "
            f"read the nodes: kubectl label namespace {api.namespace} --overwrite {_ENFORCE}=privileged"
        )


def _grafana_volume(api: Api, given: Mapping[str, str], _release: str) -> Iterator[str]:
    """Finds a database of Grafana's whose login no Secret has: it reads one at its first start only."""
    if _found(api, _claim(api, given["claim"])) is None or any(api.secret(given[key]) for key in ("secret", "earlier")):
        return
    yield (
        f"the volume '{given['claim']}' of an earlier Grafana knows a login that no Secret has, and a new password "
        f"would let nobody in: kubectl -n {api.namespace} create secret generic {given['secret']} "
        f"--from-literal {given['user']}=admin --from-literal {given['password']}=…, or delete the volume with all "
        "that is on it"
    )


_CHECKS: Mapping[str, Callable[[Api, Any, str], Iterator[str]]] = {
    "prometheusOperator": _operator,
    "nodeExporterPort": _node_exporter,
    "storageClass": _storage_class,
    "podSecurity": _pod_security,
    "grafanaVolume": _grafana_volume,
}


def _found(api: Api, path: str) -> Manifest | None:
    """Returns the object at a path; None if there is none, or this account may not look."""
    answer = api.call("GET", path)
    return answer.json() if answer.ok else None


def _listed(api: Api, path: str) -> list[Manifest] | None:
    """Returns all objects of a list, page by page; None if this account may not look."""
    found: list[Manifest] = []
    after = ""
    while True:
        answer = api.call("GET", f"{path}?limit={_PAGE}&continue={quote(after, safe='')}")
        if not answer.ok:
            say(f"{path.rpartition('/')[2]} were not looked at: the API server answered {answer.status_code}")
            return None
        page = answer.json()
        found += page["items"]
        after = page["metadata"].get("continue") or ""
        if not after:
            return found


def _workloads(api: Api, kind: str, own: str, release: str) -> tuple[list[Manifest], bool]:
    """Returns the workloads of all namespaces that are not this release's, and whether this release's is among them."""
    found = _listed(api, f"apis/apps/v1/{kind}")
    if found is None:
        return [], True
    others = [each for each in found if not _is_own(each["metadata"], api.namespace, own, release)]
    return others, len(others) < len(found)


def _is_own(metadata: Mapping[str, Any], namespace: str, name: str, release: str) -> bool:
    owner = (metadata.get("annotations") or {}).get(_RELEASE, release)
    return bool(metadata["namespace"] == namespace and metadata["name"] == name and owner == release)


def _pod(workload: Manifest) -> dict[str, Any]:
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def _title(workload: Manifest, kind: str) -> str:
    return f"the {kind} '{workload['metadata']['name']}' in the namespace '{workload['metadata']['namespace']}'"


def _claim(api: Api, name: str) -> str:
    return f"api/v1/namespaces/{api.namespace}/persistentvolumeclaims/{name}"

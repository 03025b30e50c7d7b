"""What a running Prometheus says of its targets and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.e2e.cluster import Cluster

SERVICE, PORT = "kube-prometheus-stack-prometheus", 9090


def active(cluster: Cluster, namespace: str) -> list[Mapping[str, Any]]:
    """Returns the targets that a release's Prometheus scrapes."""
    found: list[Mapping[str, Any]] = cluster.service(namespace, SERVICE, PORT, "api/v1/targets?state=active")["data"][
        "activeTargets"
    ]
    return found


def groups(cluster: Cluster, namespace: str) -> list[Mapping[str, Any]]:
    """Returns the groups of rules that it evaluates."""
    found: list[Mapping[str, Any]] = cluster.service(namespace, SERVICE, PORT, "api/v1/rules")["data"]["groups"]
    return found


def by_pool(targets: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Returns the targets of each scrape job of the configuration."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for target in targets:
        found.setdefault(target["scrapePool"], []).append(target)
    return found


def undiscovered(targets: Iterable[Mapping[str, Any]], pools: Iterable[str]) -> list[str]:
    """Returns the scrape jobs, of those that have to, that have found no target."""
    return sorted(set(pools) - by_pool(targets).keys())


def down(targets: Iterable[Mapping[str, Any]], addresses: Iterable[str]) -> Iterator[str]:
    """Yields a line for each target at addresses, of pods that have processes, that is not up."""
    known = set(addresses)
    for target in targets:
        host = target["scrapeUrl"].split("//")[1].rsplit(":", 1)[0].strip("[]")
        if host in known and target["health"] != "up":
            yield f"{target['scrapePool']} {target['scrapeUrl']} is {target['health']} {target['lastError']}"

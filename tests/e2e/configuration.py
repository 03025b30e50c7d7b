"""What the operator has made of monitors and rules: the configuration that it wrote for Prometheus."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.e2e.client import Client

GROUP = "apis/monitoring.coreos.com/v1"
ENDPOINTS = {"PodMonitor": "podMetricsEndpoints", "ServiceMonitor": "endpoints"}


def jobs_of(monitors: Iterable[Mapping[str, Any]], kind: str) -> set[str]:
    """Returns the names of the scrape jobs that the operator makes of monitors, one for each endpoint."""
    return {
        f"{kind[0].lower()}{kind[1:]}/{each['metadata']['namespace']}/{each['metadata']['name']}/{index}"
        for each in monitors
        for index in range(len(each["spec"].get(ENDPOINTS[kind]) or ()))
    }


def unpacked(secret: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the configuration in the Secret that the operator keeps it in."""
    found: dict[str, Any] = yaml.safe_load(gzip.decompress(base64.b64decode(secret["data"]["prometheus.yaml.gz"])))
    return found


def rule_files(rules: Iterable[Mapping[str, Any]]) -> set[str]:
    """Returns the names of the files that the operator makes of PrometheusRules."""
    return {
        f"{each['metadata']['namespace']}-{each['metadata']['name']}-{each['metadata']['uid']}.yaml" for each in rules
    }


def missing(client: Client, prometheus: Mapping[str, Any], namespaces: Iterable[str]) -> list[str]:
    """Returns what a Prometheus' configuration does not hold of the monitors and rules of namespaces."""
    meta = prometheus["metadata"]
    home = f"api/v1/namespaces/{meta['namespace']}"
    secret = client.get(f"{home}/secrets/prometheus-{meta['name']}")
    if secret is None:
        return [f"the operator has written no configuration for {meta['name']}"]
    written = {each["job_name"] for each in unpacked(secret).get("scrape_configs", ())}
    labels = f"labelSelector=prometheus-name%3D{meta['name']}"
    files = {key for each in client.items(f"{home}/configmaps?{labels}") for key in each.get("data") or {}}
    wanted_jobs, wanted_files = wanted(client, namespaces)
    return sorted(wanted_jobs - written) + sorted(wanted_files - files)


def wanted(client: Client, namespaces: Iterable[str]) -> tuple[set[str], set[str]]:
    """Returns the jobs and the rule files that monitors and rules of namespaces have to become."""
    jobs: set[str] = set()
    files: set[str] = set()
    for namespace in namespaces:
        for kind in ENDPOINTS:
            jobs |= jobs_of(client.items(f"{GROUP}/namespaces/{namespace}/{kind.lower()}s"), kind)
        files |= rule_files(client.items(f"{GROUP}/namespaces/{namespace}/prometheusrules"))
    return jobs, files

"""From monitors to the configuration of a Prometheus that scrapes processes of this machine as if they were pods.

Discovery is replaced by static targets that carry the labels which Kubernetes' would; the operator's and the monitors'
relabelling is left to Prometheus. Last of all an address of a pod is exchanged for that of the process which plays it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.monitors.conftest import endpoints_of, render_chart, write_chart
from tests.monitors.prometheus import discovered, endpoint_targets, selects, target_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.build.build import Build
    from tests.monitors.prometheus import Pod

Addresses = dict[tuple[str, int], str]
"""From a pod's IP and port to the host:port on which a process of this machine answers for it."""

_ENDPOINT_KEYS = {
    "honorLabels": "honor_labels",
    "honorTimestamps": "honor_timestamps",
    "interval": "scrape_interval",
    "path": "metrics_path",
    "scheme": "scheme",
    "scrapeTimeout": "scrape_timeout",
}
_LIMIT_KEYS = {
    "bodySizeLimit": "body_size_limit",
    "labelLimit": "label_limit",
    "sampleLimit": "sample_limit",
    "targetLimit": "target_limit",
}
_RULE_KEYS = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
_HANDLED = {"bearerTokenFile", "metricRelabelings", "port", "portNumber", "relabelings", "targetPort", "tlsConfig"}


def monitors_of(build: Build, folder: Path) -> list[dict[str, Any]]:
    """Returns the monitors of a Build's chart as Helm renders them.

    Args:
        build: the Build; its sources and its values count.
        folder: where a chart of monitors alone may be written.
    """
    rendered = render_chart(write_chart(folder, build.sources.monitors), dict(build.values["monitors"]))
    return [found for found in rendered.values() if found["kind"] in ("PodMonitor", "ServiceMonitor")]


def prometheus_config(
    monitors: Iterable[Mapping[str, Any]],
    pods: Sequence[Pod],
    addresses: Addresses,
    *,
    rules: Iterable[Path] = (),
    evaluation_seconds: int = 30,
) -> dict[str, Any]:
    """Returns a configuration with one job for each endpoint of a monitor that finds any of the pods.

    Args:
        monitors: PodMonitors and ServiceMonitors.
        pods: the pods that processes stand for.
        addresses: where those answer.
        rules: rule files.
        evaluation_seconds: seconds between two evaluations of rules; kube-prometheus-stack's default is 30.

    Raises:
        ValueError: an endpoint has a key whose counterpart is not known here.
    """
    jobs = []
    for monitor in monitors:
        chosen = [pod for pod in pods if selects(monitor["spec"]["selector"], pod.labels)]
        jobs += [
            _job(monitor, index, each, chosen, addresses)
            for index, each in enumerate(endpoints_of(monitor))
            if endpoint_targets(monitor, each, chosen)
        ]
    return {
        "global": {"scrape_interval": "30s", "evaluation_interval": f"{evaluation_seconds}s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": jobs,
    }


def _job(
    monitor: Mapping[str, Any], index: int, endpoint: Mapping[str, Any], pods: Iterable[Pod], addresses: Addresses
) -> dict[str, Any]:
    unknown = endpoint.keys() - _ENDPOINT_KEYS.keys() - _HANDLED
    if unknown:
        raise ValueError(
            f"{monitor['metadata']['name']}: no counterpart of the endpoint's {', '.join(sorted(unknown))}"
        )
    kind, metadata, spec = monitor["kind"], monitor["metadata"], monitor["spec"]
    relabelings = [*target_rules(kind, endpoint), *_real_addresses(addresses)]
    job = {
        "job_name": f"{kind[0].lower()}{kind[1:]}/{metadata['namespace']}/{metadata['name']}/{index}",
        **{key: endpoint[name] for name, key in _ENDPOINT_KEYS.items() if endpoint.get(name)},
        **{key: spec[name] for name, key in _LIMIT_KEYS.items() if spec.get(name)},
        "static_configs": list(_static(pods)),
        "relabel_configs": [_snake(rule) for rule in relabelings],
        "metric_relabel_configs": [_snake(rule) for rule in endpoint.get("metricRelabelings", ())],
    }
    if "tlsConfig" in endpoint:
        job["tls_config"] = {"insecure_skip_verify": True}
    return job


def _static(pods: Iterable[Pod]) -> Iterator[dict[str, Any]]:
    for pod in pods:
        for target in discovered(pod):
            labels = target | {"__meta_kubernetes_service_name": pod.service}
            yield {"targets": [labels.pop("__address__")], "labels": labels}


def _real_addresses(addresses: Addresses) -> Iterator[dict[str, Any]]:
    """Yields rules that keep the pod's address in ``instance``, as Prometheus would, and exchange the one to ask."""
    yield {"sourceLabels": ["instance", "__address__"], "regex": ";(.+)", "targetLabel": "instance"}
    for (ip, port), real in addresses.items():
        yield {
            "sourceLabels": ["__address__"],
            "regex": re.escape(f"{ip}:{port}"),
            "replacement": real,
            "targetLabel": "__address__",
        }


def _snake(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {_RULE_KEYS.get(key, key): value for key, value in rule.items()}

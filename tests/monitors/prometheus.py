"""What Prometheus and its operator do with a monitor, as far as the tests need it.

Discovery follows Prometheus 3 discovery/kubernetes/pod.go, the rules before ours Prometheus operator v0.93
pkg/prometheus/promcfg.go, and relabelling Prometheus 3 model/relabel/relabel.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Labels = dict[str, str]


Port = tuple[str, int] | tuple[str, int, str]
"""A declared port: its name, its number and, if it is not TCP, its protocol."""


@dataclass(frozen=True)
class Pod:
    """A pod: its labels, and for each container the ports that it declares.

    Attributes:
        images: the image of each container, where it counts.
        init: names of the containers that are init containers.
    """

    labels: Mapping[str, str]
    containers: Mapping[str, tuple[Port, ...]]
    name: str = "pod-0"
    namespace: str = "default"
    node: str = "ip-10-0-0-1.ec2.internal"
    ip: str = "10.1.2.3"
    service: str = field(default="")
    images: Mapping[str, str] = field(default_factory=dict)
    init: frozenset[str] = frozenset()
    annotations: Mapping[str, str] = field(default_factory=dict)
    phase: str = "Running"


def discovered(pod: Pod) -> Iterator[Labels]:
    """Yields one target for each declared port, or one without a port for a container that declares none."""
    for container, ports in pod.containers.items():
        target = {
            "__meta_kubernetes_namespace": pod.namespace,
            "__meta_kubernetes_pod_name": pod.name,
            "__meta_kubernetes_pod_node_name": pod.node,
            "__meta_kubernetes_pod_ip": pod.ip,
            "__meta_kubernetes_pod_phase": pod.phase,
            "__meta_kubernetes_pod_container_name": container,
            "__meta_kubernetes_pod_container_image": pod.images.get(container, "registry.example.com/image:v1"),
            "__meta_kubernetes_pod_container_init": str(container in pod.init).lower(),
        }
        for kind, entries in (("label", pod.labels), ("annotation", pod.annotations)):
            for key, value in entries.items():
                name = re.sub("[^a-zA-Z0-9_]", "_", key)
                target[f"__meta_kubernetes_pod_{kind}_{name}"] = value
                target[f"__meta_kubernetes_pod_{kind}present_{name}"] = "true"
        for name, number, *protocol in ports:
            yield target | {
                "__address__": f"{pod.ip}:{number}",
                "__meta_kubernetes_pod_container_port_name": name,
                "__meta_kubernetes_pod_container_port_number": str(number),
                "__meta_kubernetes_pod_container_port_protocol": str(*protocol) or "TCP",
            }
        if not ports:
            yield target | {"__address__": pod.ip.strip("[]")}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Returns whether a Kubernetes label selector matches."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    tests: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, _: key in labels,
        "DoesNotExist": lambda key, _: key not in labels,
    }
    return all(
        tests[expression["operator"]](expression["key"], expression.get("values", ()))
        for expression in selector.get("matchExpressions", ())
    )


def scraped(monitors: Iterable[Mapping[str, Any]], pods: Iterable[Pod]) -> list[Labels]:
    """Returns the targets that Prometheus ends up with, ``__address__`` and ``__metrics_path__`` kept for the test."""
    return [
        target
        for monitor in monitors
        for endpoint in monitor["spec"].get("podMetricsEndpoints") or monitor["spec"]["endpoints"]
        for target in endpoint_targets(monitor, endpoint, pods)
    ]


def endpoint_targets(monitor: Mapping[str, Any], endpoint: Mapping[str, Any], pods: Iterable[Pod]) -> list[Labels]:
    """Returns the targets of one endpoint of a monitor, as scraped gives them."""
    unique: dict[tuple[tuple[str, str], ...], Labels] = {}
    for pod in pods:
        if selects(monitor["spec"]["selector"], pod.labels):
            for target in discovered(pod):
                final = _final(target, monitor["kind"], endpoint, pod)
                if final is not None:
                    unique[tuple(sorted(final.items()))] = final
    return list(unique.values())


def _final(target: Labels, kind: str, endpoint: Mapping[str, Any], pod: Pod) -> Labels | None:
    labels = relabel(target | {"__meta_kubernetes_service_name": pod.service}, target_rules(kind, endpoint))
    if labels is None:
        return None
    kept = {name: value for name, value in labels.items() if not name.startswith("__") and value}
    kept.setdefault("instance", labels["__address__"])
    return kept | {"__address__": labels["__address__"], "__metrics_path__": endpoint["path"]}


def target_rules(kind: str, endpoint: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the relabelling of targets that the operator writes for an endpoint, the monitor's own last."""
    return [*_port_rules(endpoint), *_operator_rules(kind, endpoint), *endpoint["relabelings"]]


def _port_rules(endpoint: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, part in (("port", "name"), ("portNumber", "number"), ("targetPort", "number")):
        if key in endpoint:
            yield {
                "action": "keep",
                "sourceLabels": [f"__meta_kubernetes_pod_container_port_{part}"],
                "regex": str(endpoint[key]),
            }


def _operator_rules(kind: str, endpoint: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"action": "drop", "sourceLabels": ["__meta_kubernetes_pod_phase"], "regex": "(Failed|Succeeded)"}
    copied = {"namespace": "namespace", "pod_container_name": "container", "pod_name": "pod"}
    if kind == "ServiceMonitor":
        copied["service_name"] = "service"
    for source, label in copied.items():
        yield {"sourceLabels": [f"__meta_kubernetes_{source}"], "targetLabel": label}
    yield {"targetLabel": "job", "replacement": "monitoring/monitor"}
    if "port" in endpoint:
        yield {"targetLabel": "endpoint", "replacement": endpoint["port"]}


def relabel(labels: Mapping[str, str], rules: Iterable[Mapping[str, Any]]) -> Labels | None:
    """Applies relabelling rules; None if one drops the target or the series."""
    result = dict(labels)
    for rule in rules:
        regex = re.compile(f"(?:{rule.get('regex', '(.*)')})", re.DOTALL)
        value = ";".join(result.get(name, "") for name in rule.get("sourceLabels", ()))
        action = rule.get("action", "replace")
        match = regex.fullmatch(value)
        if action in ("keep", "drop"):
            if (match is None) == (action == "keep"):
                return None
        elif action == "replace":
            if match is not None:
                template = re.sub(r"\$(\d+)", r"\\g<\1>", rule.get("replacement", "$1"))
                result[rule["targetLabel"]] = match.expand(template)
        elif action == "labeldrop":
            result = {name: text for name, text in result.items() if regex.fullmatch(name) is None}
        else:
            raise NotImplementedError(action)
    return result


def stored(target: Labels, exposed: Mapping[str, str], endpoint: Mapping[str, Any]) -> Labels | None:
    """Returns the labels under which a scraped series is stored; None if it is dropped.

    Args:
        target: one of what scraped gives.
        exposed: the series' labels as the exporter writes them, ``__name__`` included.
        endpoint: the endpoint of the monitor.
    """
    own = {name: value for name, value in target.items() if not name.startswith("__")}
    series = dict(exposed)
    for name, value in own.items():
        if name not in series:
            series[name] = value
        elif not endpoint.get("honorLabels", False):
            series[f"exported_{name}"] = series[name]
            series[name] = value
    result = relabel(series, endpoint.get("metricRelabelings", ()))
    return None if result is None else {name: value for name, value in result.items() if value}

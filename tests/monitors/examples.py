"""The example pods of monitors/*.yaml, as the tests' model of Prometheus takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.monitors.prometheus import Pod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def example_pods(spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Pod]]:
    """Yields each example pod of a monitor's file: what the file says about it, and the pod."""
    for example in spec["examples"]:
        for entry in example["pods"]:
            yield entry, pod_of(entry)


def pod_of(entry: Mapping[str, Any], **placed: str) -> Pod:
    """Returns an entry of ``examples[].pods`` as a pod; ``placed`` are further fields, such as its node."""
    containers = {
        container["name"]: tuple((port.get("name", ""), port["containerPort"]) for port in container.get("ports", ()))
        for container in entry["containers"]
    }
    return Pod(entry["labels"], containers, **{"service": entry.get("service", ""), **placed})

"""The example pods of monitors/*.yaml, as the tests' model of Prometheus takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.monitors.prometheus import Pod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.monitors.prometheus import Port


def example_pods(spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Pod]]:
    """Yields each example pod of a monitor's file: what the file says about it, and the pod.

    Where values have to be added first, it says that nothing is scraped.
    """
    for example in spec["examples"]:
        for entry in example["pods"]:
            yield {**entry, "targets": {}} if "values" in example else entry, pod_of(entry)


def pods_with_values(
    spec: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], list[tuple[Mapping[str, Any], Pod]]]]:
    """Yields the examples that need values: these, below ``monitors.<workload>``, and the pods."""
    for example in spec["examples"]:
        if "values" in example:
            yield example["values"], [(entry, pod_of(entry)) for entry in example["pods"]]


def pod_of(entry: Mapping[str, Any], **placed: str) -> Pod:
    """Returns an entry of ``examples[].pods`` as a pod; ``placed`` are further fields, such as its node."""
    containers = entry["containers"]
    return Pod(
        entry["labels"],
        {container["name"]: tuple(map(_port, container.get("ports", ()))) for container in containers},
        images={container["name"]: container["image"] for container in containers if "image" in container},
        init=frozenset(container["name"] for container in containers if container.get("init")),
        annotations=entry.get("annotations", {}),
        phase=entry.get("phase", "Running"),
        **{"service": entry.get("service", ""), **placed},
    )


def _port(port: Mapping[str, Any]) -> Port:
    name, number, protocol = port.get("name", ""), port["containerPort"], port.get("protocol", "TCP")
    return (name, number) if protocol == "TCP" else (name, number, protocol)

"""Pods of a pretended cluster, written after each project's newest source, and what Prometheus has to make of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.files import yamlfile
from tests.monitors.kubernetes_api import pod_object


@dataclass(frozen=True)
class Entry:
    """One pod of the corpus.

    Attributes:
        way: its line in docs/workloads.md, "" where it has none.
        pod: the Pod as the API gives it.
        targets: workload/endpoint → port and path on which it is scraped.
        tls: whether it serves TLS.
    """

    way: str
    pod: dict[str, Any]
    targets: dict[str, str]
    tls: bool

    @property
    def ip(self) -> str:
        return str(self.pod["status"]["podIP"])


def entries() -> tuple[Entry, ...]:
    """Returns all pods of the folder, each with an address of its own of 127.0.0.0/8."""
    found: list[Entry] = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for each in yamlfile.load_mapping(path)["pods"]:
            number = len(found) + 1
            pod = pod_object(
                each["pod"], f"127.77.{number // 250}.{number % 250 + 1}", phase=each.get("phase", "Running")
            )
            found.append(Entry(each.get("way", ""), pod, each["targets"], each.get("tls", False)))
    return tuple(found)

"""Counts what the proof's cluster has of each series, for gen-chart size.

``python -m tests.sizing.measure`` writes generator/sizing/series.yaml. The proof's world with every name wanted:
captures where there are some, else the catalogue. A count is that of one thing (a node, a GPU, a pod, a vLLM server, a
Ray pod, a Ray cluster), or of the cluster where nothing grows with it.
"""

from __future__ import annotations

import re
import tempfile
import textwrap
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from generator.build.sources import read_sources
from tests.conftest import ROOT
from tests.signals.needed import Needed
from tests.signals.proof import worlds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.signals.motion import Stored

FILE = ROOT / "generator" / "sizing" / "series.yaml"
EVERYTHING = Needed(frozenset(), (re.compile(".*", re.DOTALL),))
OTHERS = ("neuron", "nim", "ray-serve-vllm", "sglang", "triton")
"""Workloads of which each target counts, and that a fleet need not have."""

Counts = dict[str, dict[str, dict[str, float]]]


@cache
def everything() -> tuple[Stored, ...]:
    """Returns every series of the proof's cluster."""
    with tempfile.TemporaryDirectory() as folder:
        measured, added = worlds(ROOT, Path(folder), [], EVERYTHING, [])
    return (*measured.values(), *added.values())


_THINGS = {"dcgm": ("gpu", "gpuNode"), "node-exporter": ("cpu", "node"), "kubelet": ("pod", "node")}
"""Job → the label that tells many of a target apart and is a thing's name, and the thing of all else."""


def unit(labels: Mapping[str, str]) -> str:
    """Returns the thing of which a series is one of so many."""
    job = labels.get("job", "")
    if job in OTHERS or job == "vllm":
        return job
    if job == "ray":
        return "rayPod" if labels.get("ray_io_node_type") == "worker" else "rayCluster"
    if job in _THINGS:
        label, rest = _THINGS[job]
        return label if labels.get(label) else rest
    if job == "kube-state-metrics":
        # Every series has a pod: that which it is about, or kube-state-metrics' own.
        family = _state().get(labels["__name__"], frozenset())
        return next((thing for thing in ("pod", "node") if thing in family), "cluster")
    return "node" if job == "fluent-bit" else "cluster"


@cache
def _state() -> Mapping[str, frozenset[str]]:
    exporter = read_sources(ROOT).exporters["kube-state-metrics"]
    return {name: family.labels for name, family in exporter.families.items()}


def sizes(series: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Returns how many of each thing a cluster has, by the labels of its series."""
    seen = list(series)

    def number(job: str, *names: str, **chosen: str) -> int:
        own = (one for one in seen if one.get("job") == job and chosen.items() <= one.items())
        return len({tuple(one[name] for name in names) for one in own if all(map(one.get, names))})

    return {
        "cluster": 1,
        "node": number("kubelet", "instance"),
        "gpuNode": number("dcgm", "Hostname"),
        "cpu": number("node-exporter", "instance", "cpu"),
        "gpu": number("dcgm", "Hostname", "gpu"),
        "pod": number("kube-state-metrics", "namespace", "pod", __name__="kube_pod_info"),
        "rayPod": number("ray", "pod", ray_io_node_type="worker"),
        "rayCluster": number("ray", "pod", ray_io_node_type="head"),
        **{job: number(job, "instance") for job in ("vllm", *OTHERS)},
    }


def counts() -> Counts:
    """Returns job → thing → name of a series → how many of it one thing has."""
    there = sizes(one.labels for one in everything())
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for one in everything():
        if job := one.labels.get("job", ""):
            found[job][unit(one.labels)][one.labels["__name__"]] += 1
    # Pods of the proof share GPUs; those of a fleet have theirs, so that each field is one series of a GPU.
    found["dcgm"]["gpu"] = dict.fromkeys(found["dcgm"]["gpu"], there["gpu"])
    return {
        job: {
            thing: {name: round(number / there[thing], 3) for name, number in sorted(names.items())}
            for thing, names in sorted(things.items())
        }
        for job, things in sorted(found.items())
    }


def text(found: Counts) -> str:
    """Returns the file: of each thing a text of words ``name`` or ``name=number``."""
    lines = [
        "# Made by `python -m tests.sizing.measure` from captures and the catalogue: series of one thing, by name."
    ]
    for job, things in found.items():
        lines.append(f"{job}:")
        for thing, names in things.items():
            words = (name if number == 1 else f"{name}={number:g}" for name, number in names.items())
            lines += [
                f"  {thing}: >-",
                textwrap.indent(textwrap.fill(" ".join(words), 120, break_on_hyphens=False), "    "),
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(counts()), encoding="utf-8")

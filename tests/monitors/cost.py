"""What looking at every pod costs Prometheus: its CPU and memory on a pretended cluster of 10,000 pods that change.

``python -m tests.monitors.cost`` prints a line for the chart's monitors, and one for a Prometheus with a single monitor
that keeps nothing, which pays for the watch and the copy of the pods alone. ``--monitors FILE`` measures other objects,
a JSON array of PodMonitors, such as those of another commit.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from tests.conftest import ROOT
from tests.monitors import discovery
from tests.monitors.conftest import render_chart, write_chart
from tests.monitors.kubernetes_api import Cluster, api_server, pod_object
from tests.ports import free_ports
from tests.signals import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PODS = 10_000
CHANGES_A_SECOND = 10
"""Changes of pods: probes that fail, restarts, new pods. 10,000 pods of which each changes every 17 minutes."""

SECONDS = 90.0
NOTHING = {
    "kind": "PodMonitor",
    "metadata": {"name": "nothing"},
    "spec": {
        "selector": {},
        "podMetricsEndpoints": [
            {
                "path": "/metrics",
                "port": "none-has-this",
                "relabelings": [{"targetLabel": "job", "replacement": "none"}],
            }
        ],
    },
}


def pods() -> Iterator[dict[str, Any]]:
    """Yields pods such as charts': two containers, three ports, ten labels, four annotations; one in 200 runs vLLM."""
    for number in range(PODS):
        name = f"service-{number % 700}"
        labels = {
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/instance": f"{name}-{number % 3}",
            "app.kubernetes.io/component": "server",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/version": "1.27.3",
            "helm.sh/chart": f"{name}-3.2.1",
            "pod-template-hash": f"{number % 997:010x}",
            "topology.kubernetes.io/zone": "eu-central-1a",
            "team": f"team-{number % 40}",
        }
        annotations = {f"example.com/note-{each}": "text of some length " * 3 for each in range(4)}
        image = "vllm/vllm-openai:v0.33.0" if number % 200 == 0 else f"registry.example.com/shop/{name}:1.27.3"
        manifest = {
            "metadata": {
                "name": f"{name}-{number}",
                "namespace": f"team-{number % 40}",
                "labels": labels,
                "annotations": annotations,
            },
            "spec": {
                "containers": [
                    {
                        "name": "server",
                        "image": image,
                        "ports": [{"name": "http", "containerPort": 8000}, {"name": "metrics", "containerPort": 9090}],
                    },
                    {"name": "proxy", "image": "envoy:v1.36", "ports": [{"name": "admin", "containerPort": 15000}]},
                ]
            },
        }
        yield pod_object(manifest, f"127.{78 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}")


def change(cluster: Cluster, stop: threading.Event) -> None:
    """Changes one pod after the other until it is told to stop."""
    keys = itertools.cycle(sorted(cluster.pods))
    while not stop.wait(1 / CHANGES_A_SECOND):
        pod = cluster.pods[next(keys)]
        metadata = {**pod["metadata"], "annotations": {"example.com/changed": str(time.monotonic())}}
        cluster.replace({**pod, "metadata": metadata})


def used(pid: int) -> tuple[float, float]:
    """Returns a process' CPU time in seconds and its memory in MiB (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    memory = next(line for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines() if "VmRSS" in line)
    return (int(fields[11]) + int(fields[12])) / 100, int(memory.split()[1]) / 1024


def measure(name: str, monitors: Sequence[dict[str, Any]], seconds: float) -> str:
    """Returns a line: cores that a Prometheus took while pods changed, its memory, its jobs and its watches."""
    (port,) = free_ports(1)
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder, api_server(list(pods()), port) as cluster:
        config = discovery.modelled(monitors, f"http://127.0.0.1:{port}")
        with discovery.prometheus(binaries.find(), config, Path(folder), seconds=30) as api:
            until = time.monotonic() + 120
            while cluster.lists == 0 and time.monotonic() < until:
                time.sleep(1)
            time.sleep(20)
            thread = threading.Thread(target=change, args=(cluster, stop))
            thread.start()
            before, start = used(api.pid)[0], time.monotonic()
            time.sleep(seconds)
            after, memory = used(api.pid)
            cores = (after - before) / (time.monotonic() - start)
            stop.set()
            thread.join()
            active = len(api.get("targets", state="active")["data"]["activeTargets"])
        jobs = len(config["scrape_configs"])
    return f"{name:30} {jobs:3} jobs {cluster.lists} lists {active:5} targets {cores:6.3f} cores {memory:7.1f} MiB"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitors", type=Path, help="a JSON array of PodMonitors to measure instead of the chart's")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    if options.monitors:
        monitors = json.loads(options.monitors.read_text("utf-8"))
    else:
        specs = {path.stem: yamlfile.load_mapping(path) for path in sorted((ROOT / "monitors").glob("*.yaml"))}
        with tempfile.TemporaryDirectory() as folder:
            rendered = render_chart(write_chart(Path(folder), specs)).values()
        monitors = [monitor for monitor in rendered if monitor["kind"] == "PodMonitor"]
    for name, each in (("nothing", [NOTHING]), (str(options.monitors or "the chart's monitors"), monitors)):
        sys.stdout.write(measure(name, each, options.seconds) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

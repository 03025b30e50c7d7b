"""A Ray cluster of two nodes on loopback, and the pods that KubeRay would have made for it.

On Linux each node has an address of its own in 127.0.0.0/8. Ray exchanges 127.0.0.1 for the machine's address, others
it keeps. Exporters listen on all addresses, so that ports differ too.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.live.processes import ProgramError
from tests.monitors.prometheus import Pod
from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.live.processes import Processes
    from tests.live.scrape_config import Addresses

CLUSTER = "demo-x7b2k"
NAMESPACE = "default"
START_LIMIT = 120.0
"""Seconds that a node may take to start; 20 to 60 on two busy cores."""
CONTROL_PLANE_LIMIT = 45.0
"""Seconds from a node's own metrics to those of the control plane, which sends them each 20 s at most here."""

ENVIRONMENT = {
    # Where a token lies in the home directory, Ray 2.60 asks for it: the second node would be refused.
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Workers begin at niceness 15, and a proxy that is not ready after 10 s is given up; on a small machine, both stop
    # Serve from starting.
    "RAY_worker_niceness": "0",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "120",
    # Buckets between 1 s and 60 s, without which a percentile of slow requests is a guess.
    "RAY_SERVE_REQUEST_LATENCY_BUCKETS_MS": "5,10,25,50,100,250,500,1000,2500,5000,10000,20000,40000,60000,120000",
}
"""Of every Ray process; docs/live.md says why."""

HEAD_IP, WORKER_IP = "10.1.1.1", "10.1.1.2"
"""The addresses of the pods, which become ``instance``."""


@dataclass(frozen=True)
class RayCluster:
    """A cluster that runs.

    Attributes:
        address: what ``ray.init`` takes.
        serve_port: the port of Serve's proxy on the head.
        pods: the pods that its nodes stand for.
        addresses: where the pods' ports really are.
        environment: what a driver needs besides.
    """

    address: str
    serve_port: int
    pods: tuple[Pod, ...]
    addresses: Addresses
    environment: Mapping[str, str]


def start_ray(
    processes: Processes,
    python: Path,
    folder: Path,
    *,
    cpus: int = 2,
    environment: Mapping[str, str] | None = None,
    mounted: bool = False,
) -> RayCluster:
    """Starts a head and a worker and waits until both serve metrics.

    Args:
        processes: what ends them.
        python: the interpreter of an environment with Ray.
        folder: a short path, for sockets and logs: a socket's path may have 107 characters.
        cpus: logical CPUs of each node.
        environment: variables on top of ENVIRONMENT.
        mounted: whether the head's pod says that an application serves vLLM's metrics at /metrics.

    Raises:
        ProgramError: a node does not start.
    """
    head, worker = ("127.0.0.2", "127.0.0.3") if sys.platform == "linux" else ("127.0.0.1", "127.0.0.1")
    gcs, dashboard, head_metrics, dashboard_metrics, autoscaler_metrics, serve, worker_metrics = free_ports(7)
    variables = {
        **ENVIRONMENT,
        "DASHBOARD_METRIC_PORT": str(dashboard_metrics),
        "AUTOSCALER_METRIC_PORT": str(autoscaler_metrics),
        **(environment or {}),
    }
    python.with_name("ray")
    common = [f"--num-cpus={cpus}", "--object-store-memory=150000000", "--disable-usage-stats", "--block"]
    _start_node(
        processes,
        "ray-head",
        [python.with_name("ray"), "start", "--head", f"--node-ip-address={head}", f"--port={gcs}",
         f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1", f"--metrics-export-port={head_metrics}",
         f"--temp-dir={folder}", *_agents(), *common],
        variables,
        lambda: _serves(head_metrics, NODE),
        lambda: _serves(head_metrics, GCS),
    )  # fmt: skip
    join: list[str | Path] = [python.with_name("ray"), "start", f"--address={head}:{gcs}"]
    join += [f"--node-ip-address={worker}", f"--metrics-export-port={worker_metrics}", *_agents(), *common]
    _start_node(processes, "ray-worker", join, variables, lambda: _serves(worker_metrics, NODE))
    return RayCluster(
        address=f"{head}:{gcs}",
        serve_port=serve,
        pods=ray_pods(mounted=mounted),
        addresses={
            (HEAD_IP, 8080): f"127.0.0.1:{head_metrics}",
            (HEAD_IP, 44217): f"127.0.0.1:{autoscaler_metrics}",
            (HEAD_IP, 44227): f"127.0.0.1:{dashboard_metrics}",
            (HEAD_IP, 8000): f"127.0.0.1:{serve}",
            (WORKER_IP, 8080): f"127.0.0.1:{worker_metrics}",
        },
        environment=variables,
    )


def _start_node(
    processes: Processes,
    name: str,
    command: list[str | Path],
    variables: Mapping[str, str],
    reports: Callable[[], bool],
    reports_control_plane: Callable[[], bool] = lambda: True,
) -> None:
    """Starts a node and waits for its metrics; Ray gives a start up after 30 s, which are too few on a busy machine.

    Where the node's agent takes longer than that, the control plane (GCS) gives its metrics up for good: such a head is
    started anew, as soon as the agent reports and the control plane does not follow.

    Raises:
        ProgramError: it did not start, three times.
    """
    for attempt in range(1, 4):
        processes.start(name, command, variables)
        try:
            # An answer costs the agent time that it has not while it starts.
            processes.wait_until(name, reports, START_LIMIT, every=1)
            processes.wait_until(name, reports_control_plane, CONTROL_PLANE_LIMIT, every=1)
        except ProgramError:
            processes.stop(name)
            if attempt == 3:
                raise
        else:
            return


def _agents() -> list[str]:
    """Returns the options for the ports of a node's agents, which are fixed by default."""
    listen, grpc, runtime = free_ports(3)
    return [
        f"--dashboard-agent-listen-port={listen}",
        f"--dashboard-agent-grpc-port={grpc}",
        f"--runtime-env-agent-port={runtime}",
    ]


NODE, GCS = "ray_node_cpu_count", 'Component="gcs_server"'
"""What is among a node's metrics when its agent reports, and when the control plane does."""


def _serves(port: int, wanted: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return wanted in session.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except requests.RequestException:
        return False


def ray_pods(*, mounted: bool = False) -> tuple[Pod, ...]:
    """Returns the pods that the two nodes stand for."""
    # The label of monitors/ray-serve-vllm.yaml.
    label = {"ai-ml-observability/vllm-metrics": "true"} if mounted else {}
    return _pod("head", HEAD_IP, "node-a", label), _pod("worker", WORKER_IP, "node-b", {})


def _pod(kind: str, ip: str, node: str, labels: Mapping[str, str]) -> Pod:
    """Returns the pod as KubeRay makes it, see monitors/ray.yaml."""
    ports = {"head": (("gcs-server", 6379), ("metrics", 8080)), "worker": (("metrics", 8080),)}
    return Pod(
        {
            "ray.io/cluster": CLUSTER,
            "ray.io/node-type": kind,
            "ray.io/group": "headgroup" if kind == "head" else "workers",
            **labels,
        },
        {f"ray-{kind}": ports[kind]},
        name=f"{CLUSTER}-head" if kind == "head" else f"{CLUSTER}-workers-worker-q2w9r",
        namespace=NAMESPACE,
        node=node,
        ip=ip,
    )

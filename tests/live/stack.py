"""What runs on this machine for a demonstration or a scenario: Ray, vLLM, and the Prometheus that scrapes them."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.files import yamlfile
from tests.live.processes import Processes
from tests.live.ray_cluster import RayCluster, start_ray
from tests.live.scrape_config import monitors_of, prometheus_config
from tests.live.shipped import write_rules
from tests.live.vllm_server import start_vllm
from tests.ports import free_ports
from tests.signals import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from generator.build.build import Build
    from tests.live.scrape_config import Addresses
    from tests.monitors.prometheus import Pod
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api


@dataclass(frozen=True)
class Workloads:
    """What runs: the pods that it stands for, and where they answer."""

    pods: tuple[Pod, ...]
    addresses: Addresses
    python: Path
    ray: RayCluster | None = None
    vllm: str = ""
    """Address of the vLLM server; "" if none runs."""


@contextlib.contextmanager
def folder_and_processes(prefix: str, progress: Callable[[str], object]) -> Iterator[tuple[Path, Processes]]:
    """Returns a new folder for logs, which stays, and the processes that end with the block.

    Progress takes a line while one of them is waited for.

    The folder's path is short because Ray's sockets lie in it.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    with Processes(folder, progress) as processes:
        yield folder, processes


def start_workloads(
    processes: Processes,
    folder: Path,
    python: Path,
    environment: Mapping[str, str],
    progress: Callable[[str], object],
    *,
    ray: bool = True,
    mounted: bool = False,
    vllm: bool = False,
    vllm_options: Sequence[str] = (),
) -> Workloads:
    """Starts Ray, a vLLM server, or both.

    Args:
        processes: what ends them.
        folder: for their logs and sockets.
        python: an interpreter with what is started.
        environment: variables of all Ray processes.
        progress: takes a line before what lasts.
        ray: whether Ray runs.
        mounted: whether Prometheus also scrapes /metrics of Ray Serve's applications.
        vllm: whether a vLLM server runs.
        vllm_options: further options of ``vllm serve``.

    Raises:
        ProgramError: something does not start.
    """
    found = Workloads((), {}, python)
    if ray:
        progress("starting Ray, two nodes")
        cluster = start_ray(processes, python, folder / "r", environment=environment, mounted=mounted)
        found = replace(found, pods=cluster.pods, addresses=cluster.addresses, ray=cluster)
    if vllm:
        progress("starting vLLM with a tiny random model")
        started = start_vllm(processes, python, folder, *vllm_options)
        found = replace(
            found,
            pods=(*found.pods, started.pod),
            addresses={**found.addresses, (started.pod.ip, 8000): started.address},
            vllm=f"http://{started.address}",
        )
    return found


@contextlib.contextmanager
def prometheus(
    processes: Processes, binaries: Binaries, folder: Path, build: Build, workloads: Workloads
) -> Iterator[Api]:
    """Starts a Prometheus that scrapes the workloads as the monitors of a Build's chart say, with the chart's rules.

    Raises:
        ProgramError: it does not start.
    """
    rules = folder / "rules"
    rules.mkdir()
    config = folder / "prometheus.yml"
    monitors = monitors_of(build, folder / "monitors")
    settings = prometheus_config(monitors, workloads.pods, workloads.addresses, rules=write_rules(build, rules))
    config.write_text(yamlfile.dump(settings), encoding="utf-8")
    address = f"127.0.0.1:{free_ports(1)[0]}"
    processes.start("prometheus", server.command(binaries, config, folder / "prometheus", address))
    with server.session(f"http://{address}") as api:
        processes.wait_until("prometheus", lambda: server.ready(api.url), server.START_LIMIT)
        yield api
    processes.stop("prometheus")

"""A cluster of pods for a real Prometheus: captures served where the pods are, found by the generated monitors.

A fault changes the state; the Prometheus reads its configuration again and scrapes everything once.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import os
import re
import signal
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from generator.doctor.boards import own_board
from generator.doctor.causes import read_causes
from generator.doctor.expected import Expected, expected_of
from generator.doctor.prometheus import Prometheus
from generator.doctor.reading import Others, examine
from generator.doctor.snapshot import Container, Snapshot
from generator.doctor.web import Access, Limits, Load, open_server
from generator.files.location import sources_root
from tests.conftest import CAPTURES
from tests.doctor.pages import Page, Servers, serving
from tests.live.scrape_config import _snake
from tests.live.shipped import rule_groups, the_build
from tests.monitors import discovery
from tests.monitors.conftest import endpoints_of, render_chart, write_chart
from tests.monitors.kubernetes_api import Cluster, Manifest, api_server, pod_object
from tests.ports import free_ports
from tests.signals import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from generator.build.build import Build
    from generator.doctor.boards import Board
    from generator.doctor.diagnosis import Diagnosis
    from tests.doctor.pages import Place
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api

CAUSES = read_causes(sources_root())
SEVERITIES = {name: cause.severity for name, cause in CAUSES.items()}
SECONDS = 2
"""Between two scrapes."""

LOOKBACK = 8
"""Seconds for which Prometheus takes a sample for the newest; with its five minutes nothing would end in a test."""

NET = f"127.{90 + os.getpid() % 160}"
"""Where the pods of this process have their addresses; a second run on this machine has others."""

NODE = "node-a"
VLLM, HEAD, WORKER, HUB, DCGM, STATE, NODE_EXPORTER, ALERTMANAGER = (f"{NET}.0.{number}" for number in range(1, 9))


def capture(name: str) -> str:
    """Returns a scrape of a real exporter."""
    path = CAPTURES / name
    return gzip.decompress(path.read_bytes()).decode() if name.endswith(".gz") else path.read_text("utf-8")


@dataclass
class State:
    """What the cluster is at a moment; faults change it.

    Attributes:
        pods: Pod objects by name.
        pages: what each port serves.
        monitors: PodMonitors by name.
        jobs: what is scraped without one of our monitors.
        groups: groups of rules.
        alerting: whether Prometheus knows an Alertmanager.
        broken: text that is appended to the configuration, which is none then.
        tells_pods: whether kube-state-metrics tells of the pods.
        ports: whether the ports that containers declare are known, as from the Kubernetes API.
    """

    pods: dict[str, Manifest]
    pages: dict[Place, Page]
    monitors: dict[str, dict[str, Any]]
    jobs: dict[str, dict[str, Any]]
    groups: list[dict[str, Any]] = field(default_factory=list)
    alerting: bool = True
    broken: str = ""
    ports: bool = False

    def copy(self) -> State:
        return copy.deepcopy(self)

    def endpoint(self, monitor: str, index: int = 0) -> dict[str, Any]:
        """Returns an endpoint of a monitor, which may be changed."""
        key = "podMetricsEndpoints" if self.monitors[monitor]["kind"] == "PodMonitor" else "endpoints"
        found: dict[str, Any] = self.monitors[monitor]["spec"][key][index]
        return found

    def page(self, address: str, port: int, **changes: Any) -> None:
        """Changes what a port serves."""
        self.pages[address, port] = replace(self.pages[address, port], **changes)

    def containers(self) -> tuple[Container, ...]:
        """Returns what the Kubernetes API would tell of the containers."""
        return tuple(
            Container(
                pod["metadata"]["namespace"],
                pod["metadata"]["name"],
                each["name"],
                each.get("image", ""),
                pod["metadata"].get("labels", {}),
                tuple((port.get("name", ""), port["containerPort"]) for port in each.get("ports", ())),
            )
            for pod in self.pods.values()
            for each in pod["spec"]["containers"]
        )


def _pod(name: str, ip: str, image: str, labels: Mapping[str, str], **ports: int) -> Manifest:
    container = {
        "name": name,
        "image": image,
        "ports": [{"name": port.replace("_", "-"), "containerPort": number} for port, number in ports.items()],
    }
    return pod_object(
        {"metadata": {"name": f"{name}-0", "labels": dict(labels)}, "spec": {"containers": [container]}}, ip
    )


def healthy(monitors: Mapping[str, dict[str, Any]], build: Build) -> State:
    """Returns a cluster in which nothing is wrong."""
    ray = {"ray.io/cluster": "demo", "app.kubernetes.io/name": "kuberay"}
    pods = [
        _pod("vllm", VLLM, "vllm/vllm-openai:v0.32.0", {"app": "vllm"}, http=8000),
        _pod(
            "ray-head", HEAD, "rayproject/ray:2.60.0", {**ray, "ray.io/node-type": "head", "ray.io/group": "headgroup"},
            metrics=8080,
        ),
        _pod(
            "ray-worker", WORKER, "rayproject/ray:2.60.0", {**ray, "ray.io/node-type": "worker", "ray.io/group": "cpu"},
            metrics=8080,
        ),
        _pod("hub", HUB, "quay.io/jupyterhub/k8s-hub:4.3.0",
             {"app.kubernetes.io/name": "jupyterhub", "app.kubernetes.io/component": "hub",
              "app": "jupyterhub", "component": "hub"}, http=8081),
        _pod("dcgm-exporter", DCGM, "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless",
             {"app.kubernetes.io/name": "dcgm-exporter"}, metrics=9400),
    ]  # fmt: skip
    pages = {
        (VLLM, 8000): Page(capture("vllm-0.32.0.prom")),
        (HEAD, 8080): Page(capture("ray-2.60.0-head-all-workloads.prom.gz")),
        (HEAD, 44217): Page(capture("ray-2.60.0-autoscaler.prom")),
        (HEAD, 44227): Page(capture("ray-2.60.0-dashboard.prom")),
        (WORKER, 8080): Page(capture("ray-2.60.0-worker-node.prom.gz")),
        (HUB, 8081): Page(capture("jupyterhub-6.1.1.prom"), path="/hub/metrics"),
        (DCGM, 9400): Page(dcgm(build)),
        (NODE_EXPORTER, 9100): Page(_now(capture("node-exporter-1.12.1.prom"))),
        (ALERTMANAGER, 9093): Page(capture("alertmanager-0.34.0.prom").replace(
            "alertmanager_integrations 0", "alertmanager_integrations 1")),
    }  # fmt: skip
    jobs = {
        name: _job(name, f"{address}:{port}")
        for name, address, port in (
            ("kube-state-metrics", STATE, 8080),
            ("node-exporter", NODE_EXPORTER, 9100),
            ("kube-prometheus-stack-alertmanager", ALERTMANAGER, 9093),
        )
    }
    groups = [group for name in ("vllm", "gpu", "ray", "ray-serve") for group in rule_groups(build, name)]
    return State({pod["metadata"]["name"]: pod for pod in pods}, pages, copy.deepcopy(dict(monitors)), jobs, groups)


def _job(name: str, address: str) -> dict[str, Any]:
    labels = {"job": name, "namespace": "monitoring", "pod": f"{name}-0", "node": NODE, "endpoint": "http-metrics",
              "service": name, "container": name}  # fmt: skip
    return {"honor_labels": True, "static_configs": [{"targets": [address], "labels": labels}]}


def _now(text: str) -> str:
    """Returns a node's page without its clock: a capture's is that of the day on which it was made."""
    return "".join(line for line in text.splitlines(keepends=True) if "node_time_seconds" not in line)


def state_metrics(pods: Mapping[str, Manifest], families: Iterable[str] = ()) -> str:
    """Returns what kube-state-metrics tells of pods; it names all families, those of which there is nothing too."""
    lines = [f"# TYPE {name} gauge" for name in families]
    lines += [f'kube_node_info{{node="{NODE}",provider_id="a"}} 1']
    for name, pod in pods.items():
        namespace = pod["metadata"]["namespace"]
        lines.append(f'kube_pod_info{{namespace="{namespace}",pod="{name}",node="{NODE}",uid="u-{name}"}} 1')
        for phase in ("Running", "Succeeded", "Failed"):
            value = int(pod["status"]["phase"] == phase)
            lines.append(f'kube_pod_status_phase{{namespace="{namespace}",pod="{name}",phase="{phase}"}} {value}')
        lines += [
            f'kube_pod_container_info{{namespace="{namespace}",pod="{name}",container="{each["name"]}",'
            f'image="{each["image"]}",image_spec="{each["image"]}"}} 1'
            for each in pod["spec"]["containers"]
        ]
    return "\n".join(lines) + "\n"


def dcgm(build: Build) -> str:
    """Returns a page of dcgm-exporter for one GPU that a pod uses, from the catalogue: what is on by default.

    Left out is what needs profiling, and the decoder's utilisation, as of a GPU in slices (MIG).
    """
    labels = {"gpu": "0", "UUID": "GPU-1", "modelName": "NVIDIA H100", "Hostname": NODE, "device": "nvidia0",
              "namespace": "team-a", "pod": "trainer-0", "container": "main", "pci_bus_id": "0"}  # fmt: skip
    text = ",".join(f'{name}="{value}"' for name, value in labels.items())
    left_out = re.compile("DCGM_FI_PROF_|DCGM_FI_DEV_DEC_UTIL$")
    families = build.sources.exporters["dcgm"].families.values()
    default = [
        family
        for family in families
        if "counters file" not in family.needs
        and family.type in ("counter", "gauge")
        and not left_out.match(family.name)
    ]
    return "".join(f"# TYPE {one.name} {one.type}\n{one.name}{{{text}}} 1\n" for one in default)


class World:
    """A Prometheus and what it scrapes."""

    def __init__(
        self, api: Api, servers: Servers, cluster: Cluster, folder: Path, state: State, build: Build, kubernetes: str
    ) -> None:
        self.api = api
        self.healthy = state
        self.state = state.copy()
        self.build = build
        self._servers = servers
        self._cluster = cluster
        self._folder = folder
        self._kubernetes = kubernetes
        self.expected = expected_of(build, chosen=False)

    def apply(self) -> None:
        """Makes the cluster what the state is, and waits until Prometheus has scraped it so."""
        pages = dict(self.state.pages)
        pages.setdefault(
            (STATE, 8080),
            Page(state_metrics(self.state.pods, self.build.sources.exporters["kube-state-metrics"].families)),
        )
        self._servers.serve(pages)
        for name, pod in self.state.pods.items():
            known = self._cluster.pods.get(f"{pod['metadata']['namespace']}/{name}")
            if known is None or _without_version(known) != _without_version(pod):
                self._cluster.replace(copy.deepcopy(pod))
        write_config(self._folder, self.state, self._kubernetes)
        start = time.time()
        os.kill(self.api.pid, signal.SIGHUP)
        self._wait(start)

    def _wait(self, start: float) -> None:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            time.sleep(0.5)
            if self.state.broken:
                if not self.api.get("status/runtimeinfo")["data"]["reloadConfigSuccess"]:
                    return
                continue
            active = self.api.get("targets", state="active")["data"]["activeTargets"]
            if time.time() - start > LOOKBACK + 1 and all(_after(target, start) for target in active):
                return
        raise AssertionError("Prometheus has not scraped everything again")

    def restore(self) -> None:
        """Makes the cluster healthy again."""
        self.state = self.healthy.copy()
        self.apply()

    def look(self, boards: tuple[str, ...] | None = None, *, board: Board | None = None, **changes: Any) -> Diagnosis:
        """Returns what the doctor says now; of some dashboards by the names of their files, of all, or of another."""
        return self.seen(boards, board=board, **changes)[1]

    def seen(
        self, boards: tuple[str, ...] | None = None, *, board: Board | None = None, others: Others | None = None
    ) -> tuple[Snapshot, Diagnosis]:
        access = Access()
        opened = open_server(self.api.url, "--prometheus", access, Limits(parallel=2), Load())
        expected: Expected = self.expected
        if board is not None:
            expected = replace(expected, boards=(board,))
        elif boards is not None:
            own = tuple(own_board(self.build.sources.dashboards[name]) for name in boards)
            expected = replace(expected, boards=own)
        # Of the rules that are not loaded here nobody asks.
        loaded = {rule.get("record") or rule["alert"] for group in self.healthy.groups for rule in group["rules"]}
        expected = replace(expected, rules=tuple(rule for rule in expected.rules if rule.name in loaded))
        if others is None and self.state.ports:
            others = Others(containers=self.state.containers(), interval=float(SECONDS))
        elif others is None:
            others = Others(interval=float(SECONDS))
        return examine(Prometheus(opened), expected, SEVERITIES, others=others)


def _after(target: Mapping[str, Any], start: float) -> bool:
    import datetime

    text = target["lastScrape"]
    if text.startswith("0001"):
        return False
    return datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp() > start - 1


def _without_version(pod: Mapping[str, Any]) -> dict[str, Any]:
    return {**pod, "metadata": {key: value for key, value in pod["metadata"].items() if key != "resourceVersion"}}


def write_config(folder: Path, state: State, kubernetes: str) -> None:
    """Writes Prometheus' configuration for a state."""
    found = [monitor for monitor in state.monitors.values() if monitor["kind"] == "PodMonitor"]
    config = discovery.modelled(found, kubernetes)
    pairs = [(monitor, endpoint) for monitor in found for endpoint in endpoints_of(monitor)]
    limits = {"sampleLimit": "sample_limit", "labelLimit": "label_limit"}
    for job, (monitor, endpoint) in zip(config["scrape_configs"], pairs, strict=True):
        job["metric_relabel_configs"] = [_snake(rule) for rule in endpoint.get("metricRelabelings", ())]
        job.update({key: monitor["spec"][name] for name, key in limits.items() if monitor["spec"].get(name)})
        job.update(endpoint.get("authorization", {}))
    config["scrape_configs"] += [{"job_name": name, **job} for name, job in state.jobs.items()]
    for job in config["scrape_configs"]:
        wanted = job.pop("wanted_interval", f"{SECONDS}s")
        job.update({"scrape_interval": wanted, "scrape_timeout": f"{SECONDS}s"})
    config["global"] = {"evaluation_interval": f"{2 * SECONDS}s"}
    config["rule_files"] = [str(folder / "rules.yaml")]
    if state.alerting:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [f"{ALERTMANAGER}:9093"]}]}]}
    (folder / "rules.yaml").write_text(yaml.dump({"groups": state.groups}, Dumper=yaml.CSafeDumper), "utf-8")
    text = yaml.dump(config, Dumper=yaml.CSafeDumper)
    (folder / "prometheus.yml").write_text(text + state.broken, "utf-8")


@contextlib.contextmanager
def running(
    binaries: Binaries, folder: Path, *flags: str, change: Callable[[State], None] | None = None
) -> Iterator[World]:
    """Runs a healthy cluster with its Prometheus.

    Raises:
        OSError: this machine has not all addresses of 127.0.0.0/8.
    """
    build = the_build("standalone")
    monitors = render_chart(write_chart(folder / "monitors", build.sources.monitors), dict(build.values["monitors"]))
    state = healthy(
        {key.rpartition("-")[2] if key.startswith("x") else key: one for key, one in monitors.items()}, build
    )
    if change:
        change(state)
    (port,) = free_ports(1)
    kubernetes = f"http://127.0.0.1:{port}"
    with serving(folder) as servers, api_server(list(copy.deepcopy(state.pods).values()), port) as cluster:
        write_config(folder, state, kubernetes)
        config = folder / "prometheus.yml"
        lookback = f"--query.lookback-delta={LOOKBACK}s"
        with server.running(binaries, folder / "data", (), lookback, *flags, config=config) as api:
            world = World(api, servers, cluster, folder, state, build, kubernetes)
            world.apply()
            yield world

"""The cluster that the proof pretends: its nodes, the pods on them, and which real scrape each pod answers with."""

from __future__ import annotations

from dataclasses import dataclass

from generator.files import yamlfile
from tests.conftest import ROOT
from tests.monitors.examples import pod_of
from tests.monitors.prometheus import Pod

MONITORS = ROOT / "monitors"

NODES = ("ip-10-0-1-11.ec2.internal", "ip-10-0-1-12.ec2.internal")
GPU_NODES = ("ip-10-0-2-21.ec2.internal", "ip-10-0-2-22.ec2.internal")
NEURON_NODES = ("ip-10-0-3-31.ec2.internal", "ip-10-0-3-32.ec2.internal")
ALL_NODES = (*NODES, *GPU_NODES, *NEURON_NODES)

_RAY_PORTS = {
    "head": (("gcs-server", 6379), ("dashboard", 8265), ("client", 10001), ("metrics", 8080)),
    "worker": (("metrics", 8080),),
}


def _ray(cluster: str, kind: str, node: str, ip: str, **labels: str) -> Pod:
    """Returns a pod as KubeRay makes it."""
    group = "headgroup" if kind == "head" else "gpu"
    return Pod(
        {"ray.io/cluster": cluster, "ray.io/node-type": kind, "ray.io/group": group, **labels},
        {f"ray-{kind}": _RAY_PORTS[kind]},
        name=f"{cluster}-head" if kind == "head" else f"{cluster}-gpu-worker-q2w9r",
        namespace="default",
        node=node,
        ip=ip,
    )


_PLACES = {
    "dcgm": (GPU_NODES, "gpu-operator"),
    "karpenter": (NODES, "karpenter"),
    "kueue": (NODES[:1], "kueue-system"),
    "neuron": (NEURON_NODES, "neuron-monitor"),
    "opensearch": (NODES[:1], "monitoring"),
    "sglang": (GPU_NODES, "inference"),
    "triton": (GPU_NODES, "inference"),
    "vllm": (GPU_NODES, "inference"),
}
"""Where a workload runs that does not have a pod on one node, in a namespace of its name."""


def _named(**labels: str) -> dict[str, str]:
    return {f"app.kubernetes.io/{key}": value for key, value in labels.items()}


def _of_example(name: str, net: int) -> tuple[Pod, ...]:
    """Returns the scraped pods of a monitor's first example, one on each of the workload's nodes."""
    spec = yamlfile.load_mapping(MONITORS / f"{name}.yaml")
    nodes, namespace = _PLACES.get(name, (NODES[:1], name))
    entries = [entry for entry in spec["examples"][0]["pods"] if entry["targets"]]
    return tuple(
        pod_of(
            entry,
            name="-".join((name, *([entry["containers"][0]["name"]] if len(entries) > 1 else []), str(index))),
            namespace=namespace,
            node=node,
            ip=f"10.2.{net}.{10 * kind + index + 1}",
            service=entry.get("service", name),
        )
        for kind, entry in enumerate(entries)
        for index, node in enumerate(nodes)
    )


_SERVING = {"ai-ml-observability/vllm-metrics": "true"}

RAY_TRAIN_HEAD = _ray("ray-train-x7b2k", "head", NODES[0], "10.1.1.1")
RAY_TRAIN_WORKER = _ray("ray-train-x7b2k", "worker", GPU_NODES[0], "10.1.1.2")
RAY_SERVE_HEAD = _ray("llm-serve-b4c6d", "head", NODES[1], "10.1.1.3")
RAY_SERVE_WORKER = _ray("llm-serve-b4c6d", "worker", GPU_NODES[1], "10.1.1.4")
RAY_MOUNTED_HEAD = _ray("chat-v6w8k", "head", NODES[1], "10.1.1.5", **_SERVING)
OTHERWISE = frozenset({"fluent-bit", "ray", "ray-serve-vllm"})
"""Monitors whose pods are not those of their example: they are on every node, or several clusters."""

PODS: dict[str, tuple[Pod, ...]] = {
    "ray": (RAY_TRAIN_HEAD, RAY_TRAIN_WORKER, RAY_SERVE_HEAD, RAY_SERVE_WORKER, RAY_MOUNTED_HEAD),
    **{
        path.stem: _of_example(path.stem, net)
        for net, path in enumerate(sorted(MONITORS.glob("*.yaml")), 1)
        if path.stem not in OTHERWISE
    },
}
"""The pods that each monitor finds, by the monitor's name; ``ray-serve-vllm`` finds one of Ray's."""

VLLM = PODS["vllm"]

IDLE = Pod({}, {"notebook": ()}, "jupyter-ana", "jupyterhub", GPU_NODES[0], "10.1.17.1")
"""A notebook that holds a GPU and does nothing with it."""

DEVICE_USERS = {
    "dcgm": (RAY_TRAIN_WORKER, RAY_SERVE_WORKER, *VLLM, *PODS["sglang"], *PODS["triton"], IDLE),
    "neuron": tuple(
        Pod(
            {"app": "trainium"},
            {"trainium": (("http", 8000),)},
            f"trainium-{index}",
            "default",
            node,
            f"10.1.16.{index}",
        )
        for index, node in enumerate(NEURON_NODES, 1)
    ),
}
"""Pods that use the devices which an exporter reports; each is reported by the exporter on its node."""


MONITORING = "monitoring"


def _own(name: str, container: str, node: str, ip: str, service: str = "", **labels: str) -> Pod:
    """Returns a pod of this chart; ``service`` is what kube-prometheus-stack scrapes it through."""
    return Pod(labels, {container: ()}, name, MONITORING, node, ip, service)


_STACK = "kube-prometheus-stack"

OWN = (
    _own(f"prometheus-{_STACK}-prometheus-0", "prometheus", NODES[0], "10.1.20.1", f"{_STACK}-prometheus"),
    _own(f"alertmanager-{_STACK}-alertmanager-0", "alertmanager", NODES[1], "10.1.20.2", f"{_STACK}-alertmanager"),
    _own(f"{_STACK}-operator-6c5d7f8b9-x2x4z", _STACK, NODES[0], "10.1.20.3", f"{_STACK}-operator"),
    _own(f"{_STACK}-grafana-7d9f6c5b8-k5k8n", "grafana", NODES[1], "10.1.20.4", f"{_STACK}-grafana"),
    _own(f"{_STACK}-kube-state-metrics-5f4d6-p2p7q", "kube-state-metrics", NODES[0], "10.1.20.5", "kube-state-metrics"),
    _own("metrics-server-5b8d4-t6t9v", "metrics-server", NODES[1], "10.1.20.6", "metrics-server"),
    *(_own(f"opensearch-cluster-master-{i}", "opensearch", node, f"10.1.21.{i + 1}") for i, node in enumerate(NODES)),
    *(
        _own(f"{_STACK}-prometheus-node-exporter-{i}", "node-exporter", node, f"10.0.9.{i + 1}", "node-exporter")
        for i, node in enumerate(ALL_NODES)
    ),
)
"""Pods of this chart that its subcharts' own monitors scrape, or none."""

CLAIMS = {
    OWN[0].name: f"prometheus-{_STACK}-prometheus-db-{OWN[0].name}",
    **{f"opensearch-cluster-master-{i}": f"opensearch-cluster-master-opensearch-cluster-master-{i}" for i in range(2)},
}
"""Volume claims of the pods of this chart that have one, as the operator and the OpenSearch chart name them."""

FLUENT_BIT = tuple(
    Pod(
        _named(name="fluent-bit"),
        {"fluent-bit": (("http", 2020),)},
        f"ai-ml-observability-fluent-bit-{index}",
        MONITORING,
        node,
        f"10.1.22.{index + 1}",
    )
    for index, node in enumerate(ALL_NODES)
)

STARTING = Pod({"app": "vllm"}, {"vllm": (("http", 8000),)}, "vllm-2", "inference", GPU_NODES[0], "10.1.2.9")
"""A server that still loads its model."""

DOWN = (STARTING, FLUENT_BIT[-1])
"""Pods whose targets are down."""

ACCELERATORS = {
    **dict.fromkeys(GPU_NODES, "nvidia_com_gpu"),
    **dict.fromkeys(NEURON_NODES, "aws_amazon_com_neuron"),
}
"""What a node's device plugin offers, as kube-state-metrics writes it."""


@dataclass(frozen=True)
class Feed:
    """What one pod answered, or a part of it, when a real one like it was scraped.

    Attributes:
        pod: the pod.
        endpoint: the endpoint of its monitor.
        capture: the file's name without ending, in tests/captures.
        prefix: what the names of its metrics begin with; others of the capture are not served here.
    """

    pod: Pod
    endpoint: str
    capture: str
    prefix: str = ""


FEEDS = (
    Feed(RAY_TRAIN_HEAD, "metrics", "ray-2.60.0-head-all-workloads"),
    Feed(RAY_TRAIN_HEAD, "metrics", "ray-2.60.0-training-own"),
    Feed(RAY_TRAIN_HEAD, "as-metrics", "ray-2.60.0-autoscaler"),
    Feed(RAY_TRAIN_HEAD, "dash-metrics", "ray-2.60.0-dashboard"),
    Feed(RAY_TRAIN_WORKER, "metrics", "ray-2.60.0-worker-node"),
    Feed(RAY_SERVE_HEAD, "metrics", "ray-2.60.0-serve-vllm-0.32.0"),
    Feed(RAY_SERVE_HEAD, "as-metrics", "ray-2.60.0-autoscaler"),
    Feed(RAY_SERVE_HEAD, "dash-metrics", "ray-2.60.0-dashboard"),
    Feed(RAY_SERVE_WORKER, "metrics", "ray-2.60.0-worker-node"),
    Feed(RAY_MOUNTED_HEAD, "metrics", "ray-2.60.0-worker-node"),
    # A mounted /metrics serves the engine's metrics; http_* are those of vLLM's own server.
    Feed(RAY_MOUNTED_HEAD, "serve", "vllm-0.32.0", "vllm:"),
    *(Feed(pod, "api", "vllm-0.32.0") for pod in VLLM),
    Feed(PODS["jupyterhub"][0], "hub", "jupyterhub-6.1.1"),
)


def every_pod() -> tuple[Pod, ...]:
    """Returns every pod once, those that only use devices included."""
    found = [pod for pods in (*PODS.values(), *DEVICE_USERS.values(), OWN, FLUENT_BIT, (STARTING,)) for pod in pods]
    return tuple({pod.ip: pod for pod in found}.values())

"""Lines of logs as Fluent Bit writes them: every field that a log panel filters or counts by, present and absent."""

from __future__ import annotations

from itertools import product
from typing import Any

START = 1_772_366_400_000
"""2026-03-01T12:00:00Z in Unix milliseconds."""

END = START + 3_600_000

LEVELS = ("trace", "debug", "info", "warning", "error", "critical", None)
MODELS = ("meta-llama/Llama-3.1-8B:fp8", "org/m-2", None)
CLUSTERS = (
    "train-raycluster-bcdfg",
    "train-x7b2k",
    "train-large-x7b2k",
    "llm-svc-raycluster-x7b2k",
    None,
)
NAMESPACES = ("ml", "team-b")
NODES = ("ip-10-0-0-1.ec2.internal", "ip-10-0-0-2.ec2.internal")
TEXTS = (
    'Traceback (most recent call last):\n  File "/app/t.py", line 3\nRuntimeError: CUDA out of memory',
    "GET /v1/models HTTP/1.1 200: ok",
    "step 17 loss=0.25",
)
Line = dict[str, Any]


def lines() -> dict[str, Line]:
    """Returns every line by its id; no two have the same time."""
    made = [*_pods(), *_submitter(), *_platform(), *_host()]
    step = (END - START) // (len(made) + 1)
    return {
        f"line-{index}": {"@timestamp": START + (index + 1) * step, **_without_none(line)}
        for index, line in enumerate(made)
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: kept for key, item in value.items() if (kept := _without_none(item)) not in (None, {})}
    return value


def _pods() -> list[Line]:
    made = []
    pairs = product(NAMESPACES, CLUSTERS, MODELS)
    for index, (namespace, cluster, model) in enumerate(pairs):
        for number, level in enumerate(LEVELS):
            node = NODES[(index + number) % 2]
            made.append(
                {
                    "log": TEXTS[(index + number) % len(TEXTS)],
                    "level": level,
                    "node": node,
                    "model": model,
                    "app": "vllm" if cluster is None else "kuberay",
                    "component": ("raylet", "gcs_server", None)[number % 3] if cluster else None,
                    "kubernetes": {
                        "namespace_name": namespace,
                        "pod_name": f"{cluster or 'vllm'}-{number % 2 if cluster == CLUSTERS[0] else 0}",
                        "host": node,
                    },
                    "ray": {"cluster": cluster},
                }
            )
    return made


def _submitter() -> list[Line]:
    return [
        {
            "log": "driver: CUDA out of memory",
            "level": level,
            "node": NODES[0],
            "kubernetes": {
                "namespace_name": "ml",
                "pod_name": f"{job}-abcde",
                "labels": {"ray_io/originated-from-cr-name": job},
            },
        }
        for job in ("train", "train-large")
        for level in ("info", "error")
    ]


def _platform() -> list[Line]:
    apps = ("jupyterhub", "kuberay-operator", "argo-workflows-server", "argocd-repo-server", "argo", "my-jupyterhub")
    return [
        {
            "log": f"{app} says {level}",
            "level": level,
            "node": NODES[1],
            "app": app,
            "kubernetes": {"namespace_name": "platform", "pod_name": f"{app}-0"},
        }
        for app in apps
        for level in ("info", "error")
    ]


def _host() -> list[Line]:
    xids = [(79, NODES[0], "0000:17:00"), (79, NODES[0], "0000:17:00"), (48, NODES[1], "0000:65:00")]
    kernel = {"transport": "kernel", "syslog_identifier": "kernel", "level": "error"}
    return [
        *(
            {**kernel, "log": f"NVRM: Xid (PCI:{pci}): {xid}", "node": node, "xid": xid, "pci": pci}
            for xid, node, pci in xids
        ),
        {**kernel, "log": "nvidia-nvswitch0: SXid (PCI:0000:c1:00): 12028", "node": NODES[0], "sxid": 12028},
        {"log": "Started Kubelet", "node": NODES[1], "systemd_unit": "kubelet.service"},
    ]

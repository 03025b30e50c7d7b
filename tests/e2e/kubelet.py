"""The nodes: they take the pods that the scheduler gives them, run those for which there are programs, and say so.

A pod none of whose images has a program is ready at once, at an address where a test may listen in its place.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e import containers, pods
from tests.e2e.client import MERGE, ApiError, Client, Informer
from tests.e2e.launching import Surroundings
from tests.e2e.network import LINKED, NODES, UNLINKED, Addresses
from tests.e2e.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.e2e.containers import Image
    from tests.e2e.kubelet_server import Process
    from tests.e2e.network import Sandbox

NAMES = {f"node-{number}": str(NODES[10 + number]) for number in (1, 2, 3)}
"""The nodes: name → address."""

ZONES = "eu-west-1a", "eu-west-1b", "eu-west-1c"


def node(name: str, address: str, version: str) -> dict[str, Any]:
    """Returns a node as a kubelet registers it."""
    room = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "500Gi"}
    index = list(NAMES).index(name) if name in NAMES else 0
    states = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": ZONES[index],
            },
        },
        "status": {
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "conditions": [
                {
                    "type": kind,
                    "status": value,
                    "reason": "e2e",
                    "lastHeartbeatTime": pods.now(),
                    "lastTransitionTime": pods.now(),
                }
                for kind, value in states.items()
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "kubeletVersion": f"v{version}",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "osImage": "e2e",
                "kernelVersion": "0",
                "containerRuntimeVersion": "e2e://1",
                "kubeProxyVersion": "",
                "bootID": name,
                "machineID": name,
                "systemUUID": name,
            },
        },
    }


def hosts(services: Iterable[Mapping[str, Any]], namespace: str) -> str:
    """Returns an ``/etc/hosts`` with the names of Services that a pod of a namespace may use, in place of a DNS."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    for service in services:
        address = service["spec"].get("clusterIP", "None")
        if address not in {"None", ""}:
            name, home = service["metadata"]["name"], service["metadata"]["namespace"]
            names = [f"{name}.{home}{suffix}" for suffix in ("", ".svc", ".svc.cluster.local")]
            lines.append(" ".join([address, *([name] if home == namespace else []), *names]))
    return "".join(f"{line}\n" for line in lines)


class Kubelet:
    """All nodes' kubelets in one; ``close`` ends every pod's processes."""

    def __init__(
        self,
        client: Client,
        images: Mapping[str, Image],
        folder: Path,
        logs: Path,
        version: str,
        sandboxes: Mapping[str, Sandbox],
    ) -> None:
        """Takes the administrator's client, what stands for images, two folders, a version and the nodes' networks."""
        self._client, self._version = client, version
        self._secrets = Informer(client, "api/v1/secrets")
        self._config_maps = Informer(client, "api/v1/configmaps")
        self._services = Informer(client, "api/v1/services")
        self._pods = Informer(client, "api/v1/pods", lambda kind, pod: self._events.put((kind, pod)))
        self._informers = (self._secrets, self._config_maps, self._services, self._pods)
        self._events: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self._around = Surroundings(
            client, images, folder / "pods", folder / "claims", logs, self._find, self._hosts, NAMES, sandboxes
        )
        self._linked, self._unlinked = Addresses(LINKED), Addresses(UNLINKED)
        self._workers: dict[str, Worker] = {}
        self._pretended: dict[str, str] = {}
        self._ended = threading.Event()

    def start(self) -> None:
        """Registers the nodes and takes pods from now on."""
        for name, address in NAMES.items():
            self._client.do("POST", "api/v1/nodes", node(name, address, self._version))
        for informer in self._informers:
            informer.start()
        threading.Thread(target=self._work, name="kubelet", daemon=True).start()
        threading.Thread(target=self._beat, name="leases", daemon=True).start()

    def close(self) -> None:
        """Ends every pod's processes and waits for them."""
        self._ended.set()
        for informer in self._informers:
            informer.stop()
        for worker in self._workers.values():
            worker.stop()
        for worker in list(self._workers.values()):
            worker.thread.join(10)

    def processes(self, node: str) -> tuple[int, list[Process]]:
        """Returns how many pods a node has, and the processes of those that have any."""
        count = sum(pod["spec"].get("nodeName") == node for pod in self._pods.all())
        workers = [worker for worker in list(self._workers.values()) if worker.node == node]
        return count, [process for worker in workers for process in worker.processes()]

    def _find(self, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        path, cache = ("secrets", self._secrets) if kind == "Secret" else ("configmaps", self._config_maps)
        found = cache.find(namespace, name)
        if found is None:  # the copy may be a moment behind
            found = self._client.get(f"api/v1/namespaces/{namespace}/{path}/{name}")
        return found and {**found, "kind": kind}

    def _hosts(self, namespace: str) -> str:
        return hosts(self._services.all(), namespace)

    def _beat(self) -> None:
        while not self._ended.is_set():
            for name in NAMES:
                states = node(name, NAMES[name], self._version)["status"]["conditions"]
                for state in states:
                    del state["lastTransitionTime"]
                with contextlib.suppress(requests.RequestException, ApiError):
                    self._client.do(
                        "PATCH", f"api/v1/nodes/{name}/status", {"status": {"conditions": states}},
                        kind="application/strategic-merge-patch+json",
                    )  # fmt: skip
            self._ended.wait(15)

    def _work(self) -> None:
        while not self._ended.is_set():
            kind, pod = self._events.get()
            with contextlib.suppress(requests.RequestException, ApiError):
                self._take(kind, pod)

    def _take(self, kind: str, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if pod["spec"].get("nodeName") not in NAMES:
            return
        if kind == "DELETED":
            self._let_go(uid)
        elif "deletionTimestamp" in pod["metadata"]:
            self._delete(pod)
        elif uid not in self._workers and uid not in self._pretended and not pods.ended(pod.get("status", {})):
            self._begin(pod)

    def _begin(self, pod: dict[str, Any]) -> None:
        uid, spec = pod["metadata"]["uid"], pod["spec"]
        every = [*spec.get("initContainers", ()), *spec["containers"]]
        real = any(containers.image_for(each, self._around.images) for each in every)
        if spec.get("hostNetwork"):
            address = NAMES[spec["nodeName"]]
        else:
            address = (self._linked if real else self._unlinked).take()
        if real:
            self._workers[uid] = Worker(pod, address, self._around)
            self._workers[uid].start()
            return
        self._pretended[uid] = address
        job = spec.get("restartPolicy", "Always") != "Always"
        since = pods.now()
        inits = [pods.terminated(each["name"], each["image"], 0, since) for each in spec.get("initContainers", ())]
        made = [
            pods.terminated(each["name"], each["image"], 0, since) if job
            else pods.running(each["name"], each["image"], since, ready=True)
            for each in spec["containers"]
        ]  # fmt: skip
        body = pods.status("Succeeded" if job else "Running", address, NAMES[spec["nodeName"]], since, inits, made)
        self._client.do("PATCH", f"{_path(pod)}/status", {"status": body}, kind=MERGE)

    def _delete(self, pod: dict[str, Any]) -> None:
        """Ends a pod and tells the API server that it is gone, in a thread of its own: ending takes its time."""

        def end() -> None:
            worker = self._workers.get(pod["metadata"]["uid"])
            if worker:
                worker.stop()
                worker.thread.join(15)
            options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
            with contextlib.suppress(requests.RequestException, ApiError):
                self._client.do("DELETE", _path(pod), options)

        threading.Thread(target=end, daemon=True).start()

    def _let_go(self, uid: str) -> None:
        worker = self._workers.pop(uid, None)
        if worker:
            worker.stop()
            self._linked.give_back(worker.address)
        address = self._pretended.pop(uid, None)
        if address:
            self._unlinked.give_back(address)


def _path(pod: Mapping[str, Any]) -> str:
    return f"api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"

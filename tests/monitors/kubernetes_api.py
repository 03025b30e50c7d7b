"""As much of a Kubernetes API server as Prometheus' discovery of pods asks for: it lists them and watches them.

What it serves are Pod objects as a kubelet leaves them, so that the discovery of a real Prometheus reads real pods, and
Services with the Endpoints and EndpointSlices that the controllers make of them.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Manifest = dict[str, Any]

_KINDS = {"services": ("v1", "Service"), "endpoints": ("v1", "Endpoints"),
          "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice")}  # fmt: skip
"""What else is listed, by its name in an address."""

_RUNNING = {"Pending": "False", "Running": "True"}
"""The condition Ready of a pod by its phase."""


@dataclass
class Cluster:
    """The pods of a pretended cluster.

    Attributes:
        pods: Pod objects by namespace/name.
        others: Services, Endpoints and EndpointSlices by their name in an address; they do not change.
        lists: how often pods were listed or watched from the start, that is how many copies of them clients keep.
    """

    pods: dict[str, Manifest]
    others: Mapping[str, Sequence[Manifest]] = field(default_factory=dict)
    lists: int = 0
    _version: int = 1000
    _events: list[tuple[int, str, Manifest]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def replace(self, pod: Manifest) -> None:
        """Changes a pod; whoever watches is told."""
        with self._changed:
            self._version += 1
            pod["metadata"]["resourceVersion"] = str(self._version)
            self.pods[f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"] = pod
            self._events.append((self._version, "MODIFIED", pod))
            self._changed.notify_all()

    def listed(self) -> bytes:
        """Returns the PodList."""
        with self._changed:
            self.lists += 1
            metadata = {"resourceVersion": str(self._version)}
            return json.dumps(
                {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": list(self.pods.values())}
            ).encode()

    def after(self, version: int, patience: float) -> list[tuple[int, str, Manifest]]:
        """Returns the changes after a version, () if there is none within some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > version, patience)
            return [event for event in self._events if event[0] > version]


def pod_object(manifest: Mapping[str, Any], ip: str, *, phase: str = "Running", node: str = "node-a") -> Manifest:
    """Returns the Pod that the API would give for a manifest: with what the API server and the kubelet fill in.

    Args:
        manifest: a Pod with ``metadata`` and ``spec`` as its controller writes it.
        ip: its address.
        phase: Running, or Pending while an init container runs.
        node: the node's name.
    """
    metadata = {"namespace": "default", **manifest["metadata"]}
    metadata |= {"uid": f"uid-{metadata['namespace']}-{metadata['name']}", "resourceVersion": "1"}
    spec = {"nodeName": node, **manifest["spec"]}
    for kind in ("containers", "initContainers"):
        if kind in spec:
            spec[kind] = [_container(each) for each in spec[kind]]
    status = {
        "phase": phase,
        "podIP": ip,
        "hostIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": _RUNNING[phase]}],
    }
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": status}


def _container(container: Mapping[str, Any]) -> Manifest:
    ports = [{"protocol": "TCP", **port} for port in container.get("ports", ())]
    return {**container, **({"ports": ports} if ports else {})}


@contextlib.contextmanager
def api_server(
    pods: Sequence[Manifest], port: int, others: Mapping[str, Sequence[Manifest]] | None = None
) -> Iterator[Cluster]:
    """Serves pods, and Services with what belongs to them, on a port of 127.0.0.1 until the block ends."""
    cluster = Cluster({f"{pod['metadata']['namespace']}/{pod['metadata']['name']}": pod for pod in pods}, others or {})

    class Handler(_Handler):
        served = cluster

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Cluster

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        options = {key: values[0] for key, values in parse_qs(address.query).items()}
        plural = address.path.rsplit("/", 1)[1]
        if plural != "pods" and plural not in _KINDS:
            self._reply(404, _status(404, "NotFound"))
        elif options.get("watch") == "true":
            self._watch(address.path, options)
        elif plural == "pods":
            self._reply(200, self.served.listed())
        else:
            version, kind = _KINDS[plural]
            items = [{"apiVersion": version, "kind": kind, **each} for each in self.served.others.get(plural, ())]
            found = {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1000"}}
            self._reply(200, json.dumps(found | {"items": items}).encode())

    def _watch(self, path: str, options: Mapping[str, str]) -> None:
        if "sendInitialEvents" in options:  # as a server that knows lists alone; a client then lists
            self._reply(422, _status(422, "Invalid"))
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        version = int(options.get("resourceVersion") or 0)
        with contextlib.suppress(OSError):
            for _ in range(600):
                changes = self.served.after(version, 1.0) if path.endswith("/pods") else self.served.after(2**62, 1.0)
                for found, kind, pod in changes:
                    version = found
                    text = json.dumps({"type": kind, "object": pod}).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
                self.wfile.flush()

    def _reply(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing; a test's output is its own."""


def _status(code: int, reason: str) -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code}
    return json.dumps(status).encode()

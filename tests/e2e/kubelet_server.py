"""What a kubelet answers on its port: metrics of its pods' processes, and containers' logs."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.e2e.network import Sandbox

PORT = 10250
TICKS = 100.0
"""Ticks of the processor's clock in a second, as /proc counts them."""


@dataclass(frozen=True)
class Process:
    """A container's process.

    Attributes:
        namespace: its pod's.
        pod: the pod's name.
        container: its name.
        pid: the process.
        since: when it started, Unix time.
    """

    namespace: str
    pod: str
    container: str
    pid: int
    since: float

    @property
    def labels(self) -> str:
        """The labels of its series."""
        return f'container="{self.container}",namespace="{self.namespace}",pod="{self.pod}"'


def usage(pid: int) -> tuple[float, int]:
    """Returns a process' CPU seconds and the bytes that it has in memory; zeros if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    except (OSError, IndexError):
        return 0.0, 0
    return (int(fields[11]) + int(fields[12])) / TICKS, resident * 4096


def exposition(path: str, node: str, pods: int, processes: Iterable[Process]) -> str | None:
    """Returns what the kubelet exposes at a path; None if it has no such path."""
    lines = [f'kubelet_node_name{{node="{node}"}} 1', f"kubelet_running_pods {pods}"]
    if path == "/metrics":
        return "\n".join(lines) + "\n"
    if path == "/metrics/probes":
        return "\n"
    if path not in {"/metrics/cadvisor", "/metrics/resource"}:
        return None
    lines, total_cpu, total_memory = [], 0.0, 0
    for each in processes:
        cpu, memory = usage(each.pid)
        total_cpu, total_memory = total_cpu + cpu, total_memory + memory
        more = ',image="e2e",name="e2e"' if path.endswith("cadvisor") else ""
        name = "container_memory_working_set_bytes"
        lines.append(f"container_cpu_usage_seconds_total{{{each.labels}{more}}} {cpu}")
        lines.append(f"{name}{{{each.labels}{more}}} {memory}")
        lines.append(f"container_start_time_seconds{{{each.labels}{more}}} {each.since}")
    if path.endswith("resource"):
        lines += [f"node_cpu_usage_seconds_total {total_cpu}", f"node_memory_working_set_bytes {total_memory}"]
    return "\n".join(lines) + "\n"


class KubeletServer:
    """The port of each node, until it is closed."""

    def __init__(
        self,
        nodes: Mapping[str, Sandbox],
        logs: Path,
        folder: Path,
        processes: Callable[[str], tuple[int, list[Process]]],
    ) -> None:
        """Takes the nodes' networks, where logs and certificates lie, and who knows a node's pods and processes."""
        self._nodes, self._logs, self._folder, self._processes = nodes, logs, folder, processes
        self._servers: list[ThreadingHTTPServer] = []

    def start(self) -> None:
        """Starts to answer."""
        for name in self._nodes:
            threading.Thread(target=self._serve, args=(name,), name=f"kubelet of {name}", daemon=True).start()

    def _serve(self, name: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        sandbox = self._nodes[name]
        sandbox.join()
        server = ThreadingHTTPServer((sandbox.address, PORT), self._handler(name))
        server.daemon_threads = True
        # The handshake belongs to the connection's thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self._servers.append(server)
        server.serve_forever()

    def close(self) -> None:
        """Stops."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _answer(self, node: str, path: str) -> str | None:
        parts = path.partition("?")[0].split("/")
        if len(parts) == 5 and parts[1] == "containerLogs":
            log = self._logs / f"{parts[2]}_{parts[3]}_{parts[4]}.log"
            return log.read_text("utf-8", "replace") if log.is_file() else ""
        count, processes = self._processes(node)
        return exposition(path, node, count, processes)

    def _handler(self, node: str) -> type[BaseHTTPRequestHandler]:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name is http.server's
                text = answer(node, self.path)
                self.send_response(200 if text is not None else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        return Handler

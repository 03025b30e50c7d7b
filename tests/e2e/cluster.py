"""A whole cluster for tests: control plane, nodes, volumes and Services, in the namespaces that ``make e2e`` made."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import helm
from tests.e2e import containers, network, programs
from tests.e2e.control_plane import ControlPlane
from tests.e2e.kubelet import NAMES, Kubelet
from tests.e2e.kubelet_server import KubeletServer
from tests.e2e.proxy import Proxy
from tests.e2e.storage import Provisioner
from tests.live.processes import Processes
from tests.signals import binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.e2e.client import Client
    from tests.e2e.containers import Image

ROOT = Path(__file__).parents[2]


class WaitError(AssertionError):
    """Something did not come in time; the text has what was missing at the end."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Attributes:
        client: the administrator's.
        control_plane: its four programs; None for a cluster that was given.
        images: what stands for images; None where containers are containers.
    """

    client: Client
    control_plane: ControlPlane | None = None
    images: Mapping[str, Image] | None = None

    def helm(self, binary: Path, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs helm against the cluster."""
        return helm.run(binary, *arguments, "--kubeconfig", self.client.kubeconfig, check=check)

    def kubectl(self, *arguments: str | Path, check: bool = True) -> str:
        """Runs kubectl against the cluster and returns what it prints; raises with its words if it fails."""
        program = helm.kubectl()
        assert program is not None
        command = [program, "--kubeconfig", self.client.kubeconfig, *arguments]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))}\n{done.stderr}")
        return done.stdout

    def shell(self, command: str) -> str:
        """Runs a line of shell in which ``kubectl`` is the cluster's, and returns what it prints."""
        program = helm.kubectl()
        assert program is not None
        variables = {
            **os.environ,
            "KUBECONFIG": str(self.client.kubeconfig),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
        }
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, env=variables)
        if done.returncode:
            raise AssertionError(f"{command}\n{done.stderr}")
        return done.stdout

    def has_process(self, container: Mapping[str, Any]) -> bool:
        """Returns whether a container has a process, not only a status."""
        return self.images is None or containers.image_for(container, self.images) is not None

    def service(self, namespace: str, name: str, port: int, path: str) -> Any:
        """Returns the JSON answer of a Service, asked through the API server."""
        return self.client.do("GET", f"api/v1/namespaces/{namespace}/services/{name}:{port}/proxy/{path}")

    def refused(self) -> list[str]:
        """Returns the requests that RBAC refused to ServiceAccounts so far, each once: who, what, where.

        None of a cluster that was given: its audit log is its own.
        """
        found: dict[str, None] = {}
        if self.control_plane is None:
            return []
        with (self.control_plane.folder / "audit.log").open(encoding="utf-8") as lines:
            for line in lines:
                if '"code":403' not in line:
                    continue
                event = json.loads(line)
                who = event["user"]["username"]
                if event["responseStatus"]["code"] == 403 and who.startswith("system:serviceaccount:"):
                    what = event.get("objectRef", {})
                    kind, place = what.get("resource", event["requestURI"]), what.get("namespace", "-")
                    found[f"{who} {event['verb']} {kind} in {place}"] = None
        return list(found)


def wait(seconds: float, missing: Callable[[], Any], every: float = 0.5) -> None:
    """Asks until nothing is missing.

    Args:
        seconds: how long.
        missing: returns what is missing, empty if nothing is; an error counts as missing.
        every: seconds between two questions.

    Raises:
        WaitError: something is missing to the end.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            left = missing()
        except Exception as error:  # noqa: BLE001 - said if it stays
            left = repr(error)
        if not left:
            return
        if time.monotonic() > end:
            raise WaitError(f"after {seconds:.0f} s: {left}")
        time.sleep(every)


def stand_ins(folder: Path) -> dict[str, Path]:
    """Writes the programs that are scripts of ours: ``python`` and ``certgen`` → file."""
    made = {}
    for name, words in (("python", ""), ("certgen", "-m tests.e2e.certgen")):
        path = folder / f"{name}.sh"
        where = f"export PYTHONPATH={ROOT}\n" if words else ""
        path.write_text(f'#!/bin/sh\n{where}exec {sys.executable} {words} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        made[name] = path
    return made


def at_hand() -> dict[str, Path]:
    """Returns the programs that are built or found: name → file."""
    found = programs.located()
    with contextlib.suppress(binaries.NotFoundError):
        found["prometheus"] = binaries.find().prometheus
    return found


@contextlib.contextmanager
def running(folder: Path, logs: Path, available: Mapping[str, Path]) -> Iterator[Cluster]:
    """Runs a cluster in this process' namespaces until the block ends.

    Args:
        folder: an empty folder on a file system that an overlay may write to.
        logs: where output goes.
        available: the programs.
    """
    version = next(each.version for each in programs.modules() if each.name == "kubernetes")
    network.set_up()
    with Processes(logs) as processes, contextlib.ExitStack() as stack:
        plane = ControlPlane(folder, available, processes, NAMES)
        plane.start()
        table = containers.images({**available, **stand_ins(folder)})
        nodes = {name: network.Sandbox(address) for name, address in NAMES.items()}
        for sandbox in nodes.values():
            stack.callback(sandbox.close)
        kubelet = Kubelet(plane.client, table, folder, logs, version, nodes)
        answers = KubeletServer(nodes, logs, folder, kubelet.processes)
        for part in (Proxy(plane.client), Provisioner(plane.client), kubelet, answers):
            part.start()
            stack.callback(part.close)
        yield Cluster(plane.client, plane, table)

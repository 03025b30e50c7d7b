"""One pod that has processes: its network, volumes, init containers and containers, until it ends or is deleted."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e import containers, pods
from tests.e2e.client import MERGE, ApiError
from tests.e2e.kubelet_server import Process
from tests.e2e.launching import NOT_YET, Launcher, Surroundings
from tests.e2e.network import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.containers import Image

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""

EVERY = 0.3
"""Seconds between two looks at a pod's processes."""


@dataclass
class _Container:
    spec: Mapping[str, Any]
    image: Image | None
    process: subprocess.Popen[bytes] | None = None
    code: int | None = None
    since: str = ""
    born: float = 0.0
    restarts: int = 0
    again: float = 0.0
    ready: bool = False
    probed: float = 0.0
    waits_for: str = ""
    log: Path = field(default_factory=Path)


class Worker:
    """Runs one pod in a thread of its own."""

    def __init__(self, pod: Mapping[str, Any], address: str, around: Surroundings) -> None:
        """Takes the pod, the address that it gets, and its node."""
        self._pod: dict[str, Any] = {**pod, "status": {**pod.get("status", {}), "podIP": address}}
        self._around, self.address = around, address
        meta = pod["metadata"]
        self._namespace, self._name = meta["namespace"], meta["name"]
        self.node = str(pod["spec"]["nodeName"])
        self._node = around.node_address[pod["spec"]["nodeName"]]
        self._pod["status"] |= {"hostIP": self._node, "podIPs": [{"ip": address}]}
        folder = around.folder / f"{self._namespace}_{self._name}_{meta['uid'][:8]}"
        self._launcher = Launcher(self._pod, folder, around)
        self._stop = threading.Event()
        self._started = pods.now()
        self._said: Any = None
        self._sandbox: Sandbox | None = None
        self._mains: list[_Container] = []
        self.thread = threading.Thread(target=self._run, name=f"pod {self._name}", daemon=True)

    def start(self) -> None:
        """Starts the pod."""
        self.thread.start()

    def stop(self) -> None:
        """Ends the pod's processes; ``thread`` ends when they have."""
        self._stop.set()

    def processes(self) -> list[Process]:
        """Returns the processes of its containers that run now."""
        return [
            Process(self._namespace, self._name, each.spec["name"], each.process.pid, each.born)
            for each in self._mains
            if each.process and each.process.poll() is None
        ]

    def _run(self) -> None:
        spec = self._pod["spec"]
        inits = [self._made(each) for each in spec.get("initContainers", ())]
        mains = self._mains = [self._made(each) for each in spec["containers"]]
        try:
            if not spec.get("hostNetwork"):
                self._sandbox = Sandbox(self.address)
            for init in inits:
                if not self._finish(init, inits, mains):
                    return
            self._follow(inits, mains)
        except Exception as error:  # noqa: BLE001 - the pod's log is where people look
            sys.stderr.write(f"pod {self._namespace}/{self._name}: {error!r}\n")
        finally:
            self._end([*inits, *mains])

    def _made(self, spec: Mapping[str, Any]) -> _Container:
        log = self._around.logs / f"{self._namespace}_{self._name}_{spec['name']}.log"
        return _Container(spec, containers.image_for(spec, self._around.images), log=log)

    def _finish(self, init: _Container, inits: list[_Container], mains: list[_Container]) -> bool:
        """Runs an init container until it succeeds; says whether the pod may go on."""
        while not self._stop.is_set():
            self._step(init)
            if init.code == 0:
                return True
            self._tell("Pending", inits, mains)
            time.sleep(EVERY)
        return False

    def _follow(self, inits: list[_Container], mains: list[_Container]) -> None:
        refreshed = 0.0
        while not self._stop.is_set():
            for each in mains:
                self._step(each)
                self._probe(each)
            codes = [each.code if each.process is None else None for each in mains]
            waits = any(each.waits_for for each in mains)
            phase = (
                "Pending"
                if waits
                else pods.phase_of(
                    self._pod,
                    [
                        0 if each.image is None and self._is_job() else code
                        for each, code in zip(mains, codes, strict=True)
                    ],
                )
            )
            self._tell(phase, inits, mains)
            if pods.ended({"phase": phase}):
                return
            if time.monotonic() - refreshed > 2:
                self._launcher.refresh()
                refreshed = time.monotonic()
            self._stop.wait(EVERY)

    def _is_job(self) -> bool:
        return str(self._pod["spec"].get("restartPolicy", "Always")) != "Always"

    def _step(self, each: _Container) -> None:
        """Starts a container that has to run and does not, and notes the end of one that has ended."""
        if each.image is None:
            each.since, each.ready = each.since or pods.now(), True
            # An init container without a program is done; a container without one is taken as running.
            each.code = 0 if any(each.spec is spec for spec in self._pod["spec"].get("initContainers", ())) else None
            return
        if each.process and each.process.poll() is not None:
            each.code, each.process, each.ready = each.process.returncode, None, False
            each.again = time.monotonic() + min(1.0 * 2**each.restarts, 10.0)
        if each.process or (each.since and not self._restarts(each)) or time.monotonic() < each.again:
            return
        try:
            each.restarts += 1 if each.since else 0
            process = self._launcher.launch(each.spec, each.image, each.log, each.restarts, self._sandbox)
            each.process, each.waits_for, each.code = process, "", None
            each.since, each.born = pods.now(), time.time()
        except NOT_YET as error:
            each.restarts -= 1 if each.since else 0
            each.waits_for, each.again = str(error), time.monotonic() + 0.5

    def _restarts(self, each: _Container) -> bool:
        policy = str(self._pod["spec"].get("restartPolicy", "Always"))
        init = any(each.spec is spec for spec in self._pod["spec"].get("initContainers", ()))
        if init or policy == "OnFailure":
            return each.code != 0
        return policy == "Always"

    def _probe(self, each: _Container) -> None:
        """Asks a container's readiness probe; without one it is ready as soon as it runs."""
        if each.process is None or time.monotonic() - each.probed < 1:
            return
        each.probed = time.monotonic()
        probe = (each.spec.get("readinessProbe") or {}).get("httpGet")
        if probe is None:
            each.ready = True
            return
        port = probe["port"]
        if isinstance(port, str):
            port = next(
                (entry["containerPort"] for entry in each.spec.get("ports", ()) if entry.get("name") == port), 0
            )
        host, scheme = probe.get("host") or self.address, probe.get("scheme", "HTTP").lower()
        try:
            each.ready = requests.get(
                f"{scheme}://{host}:{port}{probe.get('path', '/')}",
                timeout=2,
                verify=False,  # noqa: S501 - as the kubelet
            ).ok
        except requests.RequestException:
            each.ready = False

    def _tell(self, phase: str, inits: list[_Container], mains: list[_Container]) -> None:
        """Writes the pod's status where it has changed."""
        said = (
            phase,
            [(each.code, each.ready, each.since, each.restarts, each.waits_for) for each in [*inits, *mains]],
        )
        if said == self._said:
            return
        ended = pods.ended({"phase": phase})
        body = pods.status(
            phase, self.address, self._node, self._started,
            [_status(each, ended=ended) for each in inits], [_status(each, ended=ended) for each in mains],
        )  # fmt: skip
        path = f"api/v1/namespaces/{self._namespace}/pods/{self._name}/status"
        try:
            self._around.client.do(
                "PATCH", path, {"metadata": {"uid": self._pod["metadata"]["uid"]}, "status": body}, kind=MERGE
            )
            self._said = said
        except ApiError as error:
            if error.status in {404, 409}:  # deleted, or another one of the same name
                self._stop.set()
            else:
                sys.stderr.write(f"pod {self._namespace}/{self._name}: {error}\n")
        except requests.RequestException:
            pass  # the API server restarts; said again at the next look

    def _end(self, every: list[_Container]) -> None:
        for signum, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 1.0)):
            left = [each.process for each in every if each.process and each.process.poll() is None]
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signum)
            for process in left:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
        if self._sandbox:
            self._sandbox.close()


def _status(each: _Container, *, ended: bool) -> dict[str, Any]:
    name, image = each.spec["name"], each.spec["image"]
    if each.waits_for:
        return pods.waiting(name, image, "CreateContainerConfigError", each.waits_for, each.restarts)
    if each.code is not None or (ended and each.image is None):
        message = ""
        if each.log.is_file():
            message = each.log.read_text("utf-8", "replace")[-2000:]
        return pods.terminated(name, image, each.code or 0, each.since, message, each.restarts)
    if not each.since:
        return pods.waiting(name, image, "PodInitializing")
    return pods.running(name, image, each.since, ready=each.ready, restarts=each.restarts)

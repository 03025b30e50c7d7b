"""The sidecar beside a Ray container, as a process: its configuration as the chart has it, and the pipe and file that a
container runtime puts behind its standard output."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.logs.fluentbit import cri, end

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

LABELS = {"ray.io/cluster": "demo", "ray.io/node-type": "head", "ray.io/group": "headgroup"}
"""What KubeRay labels a head's pod with, and instrument hands to the sidecar as variables."""

SESSION = "session_2026-11-24_11-44-19_204233_9"
WORKER = "90194a9370699e8968d84e101c7adf3d74e60a8c97960b5e6aafdd2b"


@dataclass(frozen=True)
class RayPod:
    """A Ray pod's folders below one of the test's.

    Attributes:
        root: the test's folder.
        session: the name of the session that ``session_latest`` leads to.
    """

    root: Path
    session: str = SESSION

    @property
    def temp(self) -> Path:
        return self.root / "ray"

    @property
    def logs(self) -> Path:
        return self.temp / self.session / "logs"

    @property
    def config(self) -> Path:
        return self.root / "etc" / "fluent-bit.conf"

    def write(self, files: Mapping[str, str]) -> RayPod:
        """Writes the ConfigMap's files and makes the session's folders."""
        for folder in (self.root / "etc", self.root / "state"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            moved = text
            for old, new in {
                "/tmp/ray/": f"{self.temp}/",  # noqa: S108 - what is replaced
                "/fluent-bit/etc": str(self.root / "etc"),
                "/var/lib/fluent-bit": str(self.root / "state"),
            }.items():
                moved = moved.replace(old, new)
            (self.root / "etc" / name).write_text(moved)
        return self.start_session(self.session)

    def start_session(self, name: str) -> RayPod:
        """Begins a session as a Ray that starts does, and points ``session_latest`` at it."""
        new = RayPod(self.root, name)
        for folder in ("serve", "train", "ray-data", "events", "old"):
            (new.logs / folder).mkdir(parents=True, exist_ok=True)
        latest = self.temp / "session_latest"
        latest.unlink(missing_ok=True)
        latest.symlink_to(self.temp / name)
        return new

    def file(self, name: str) -> Path:
        return self.logs / name

    def rotate(self, name: str, keep: int = 5) -> None:
        """Rotates as Ray does: the file is renamed to .1, what was .1 to .2, and the oldest is deleted."""
        for number in range(keep - 1, -1, -1):
            old = self.file(f"{name}.{number}" if number else name)
            if old.exists():
                old.rename(self.file(f"{name}.{number + 1}"))
        self.file(f"{name}.{keep}").unlink(missing_ok=True)


class Sidecar:
    """A Fluent Bit that runs a Ray pod's configuration, and a runtime that writes what it prints to a log."""

    def __init__(self, program: Path, pod: RayPod, log: Path, *, zone: str = "UTC") -> None:
        self._log = log
        self._messages = (pod.root / "messages").open("ab")
        variables = {"RAY_CLUSTER": "demo", "RAY_NODE_TYPE": "head", "RAY_GROUP": "headgroup", "TZ": zone}
        self._process = subprocess.Popen(
            [program, "--config", pod.config],
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env={**os.environ, **variables},
        )
        self._stamp = 0
        self._runtime = threading.Thread(target=self._write, daemon=True)
        self._runtime.start()

    def _write(self) -> None:
        """Writes each line as it comes; what was printed without an end, by one that was killed, too."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._log.open("ab") as handle:
                handle.write(self._stamped(line))

    def _stamped(self, line: bytes) -> bytes:
        self._stamp += 1
        stamp = f"2026-11-24T12:00:{self._stamp // 10**9 % 60:02d}.{self._stamp % 10**9:09d}Z"
        return cri(line.rstrip(b"\n").decode("utf-8", "surrogateescape"), stamp=stamp)

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """Sends a signal, waits for the end of the process and of what it printed; gives the exit status."""
        try:
            return end(self._process, how)
        finally:
            self._runtime.join(timeout=10)
            self._messages.close()

    def wait(self, seconds: float) -> bool:
        """Returns whether it has ended within this time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def memory(self) -> dict[str, int]:
        """Returns what it holds and has held at most, in bytes (VmRSS, VmHWM of proc(5))."""
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        found: dict[str, Any] = dict(line.split(":", 1) for line in status)
        return {name: int(found[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")}

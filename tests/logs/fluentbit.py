"""Runs the configuration that the chart renders in a real Fluent Bit, its paths and addresses made the test's own.

What protects the way to OpenSearch stays as rendered: TLS, whose certificate and name are verified, and the login.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


MISSING = "no Fluent Bit: name a 5.1 binary in GEN_CHART_FLUENT_BIT or put fluent-bit on PATH"

_STREAM = "Name tail\n    Parser host_fields\n    Read_from_Head true"
"""Stands for the journal, which a test cannot write: JSON lines with the fields that the journal's reader gives."""

_STREAM_PARSER = "\n[PARSER]\n    Name host_fields\n    Format json\n"


def binary() -> Path | None:
    """Returns the Fluent Bit binary; None where there is none."""
    found = os.environ.get("GEN_CHART_FLUENT_BIT") or shutil.which("fluent-bit")
    return Path(found) if found else None


class Receiver(Protocol):
    """Where a node's lines go, and where pods' metadata is from: ports of this machine, and who signs for them."""

    @property
    def port(self) -> int: ...
    @property
    def pods_port(self) -> int: ...
    @property
    def authority(self) -> Path: ...


@dataclass(frozen=True)
class Node:
    """A node's folders below one of the test's: logs in, state beside them, the configuration as the pod mounts it.

    Attributes:
        root: the test's folder.
        server: where the lines go, and where pods' metadata is from.
        journal: a folder of real journal files; without one, ``host`` stands for the journal.
        variables: the container's environment, as its Secrets would fill it.
    """

    root: Path
    server: Receiver
    journal: Path | None = None
    variables: Mapping[str, str] = field(
        default_factory=lambda: {
            "NODE_NAME": "node-1",
            "OPENSEARCH_USER": "fluent-bit",
            "OPENSEARCH_PASSWORD": "p4ss w0rd#$",
        }
    )

    @property
    def containers(self) -> Path:
        return self.root / "containers"

    @property
    def host(self) -> Path:
        return self.root / "host.log"

    @property
    def config(self) -> Path:
        return self.root / "conf" / "fluent-bit.conf"

    def write(self, files: Mapping[str, str]) -> Node:
        """Writes the rendered files, name → text, with this node's paths in them."""
        for folder in ("containers", "state", "conf"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "parsers.conf").write_text("")
        (self.root / "token").write_text("of-the-test")
        for name, text in files.items():
            (self.root / "conf" / name).write_text(self._moved(text))
        with (self.root / "conf" / "custom_parsers.conf").open("a") as handle:
            handle.write(_STREAM_PARSER)
        return self

    def _moved(self, text: str) -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for old, new in {
            "/var/log/containers": str(self.containers),
            "/var/lib/fluent-bit": str(self.root / "state"),
            "/fluent-bit/etc/conf": str(self.root / "conf"),
            "/fluent-bit/etc/parsers.conf": str(self.root / "parsers.conf"),
            "/fluent-bit/scripts": str(self.root / "conf"),
            "/fluent-bit/opensearch/ca.crt": str(self.server.authority),
            "HTTP_Listen 0.0.0.0": "HTTP_Listen 127.0.0.1",
        }.items():
            text = text.replace(old, new)
        text = re.sub(r"HTTP_Port \d+", f"HTTP_Port {port}", text)
        text = re.sub(r"(?m)^    Host .*\n    Port .*$", f"    Host localhost\n    Port {self.server.port}", text)
        prefix = "kube." + str(self.containers).strip("/").replace("/", ".") + "."
        token = self.root / "token"
        api = f"http://127.0.0.1:{self.server.pods_port}"
        moved = f"Kube_URL {api}\n    Kube_Tag_Prefix {prefix}\n    Kube_Token_File {token}"
        text = text.replace("Name kubernetes", f"Name kubernetes\n    {moved}")
        if self.journal is not None:
            return text.replace("Name systemd", f"Name systemd\n    Path {self.journal}")
        journal = re.compile(r"Name systemd\n((?:    .*\n)*?)    storage\.type", re.MULTILINE)
        return journal.sub(f"{_STREAM}\n    Tag host.journal\n    Path {self.host}\n    storage.type", text)

    def container(self, pod: str = "demo", namespace: str = "default", container: str = "main") -> Path:
        """Returns the file that a container's log is written to, linked where the kubelet links it."""
        log = self.root / "pods" / f"{namespace}_{pod}_uid" / container / "0.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        link = self.containers / f"{pod}_{namespace}_{container}-{'0' * 64}.log"
        if not link.is_symlink():
            link.symlink_to(log)
        return log


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> int:
    """Sends a signal to a process, waits for its end, gives the exit status; one that does not listen is killed."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class FluentBit:
    """A Fluent Bit that runs a node's configuration for the length of a ``with``."""

    def __init__(self, program: Path, node: Node, *, file_size: int | None = None) -> None:
        """Starts it.

        Args:
            program: the binary.
            node: what it runs.
            file_size: no file that it writes may be longer than this many bytes, as on a disk that is full.
        """
        self._log = (node.root / "fluent-bit.log").open("ab")
        limit = ["prlimit", f"--fsize={file_size}"] if file_size is not None else []
        self._process = subprocess.Popen(
            [*limit, program, "--config", node.config],
            cwd=node.root,
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **node.variables},
        )

    def __enter__(self) -> FluentBit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """Sends a signal, waits for the end, gives the exit status."""
        try:
            return end(self._process, how)
        finally:
            self._log.close()

    def peak_memory(self) -> int:
        """Returns the most memory that it held at once, in bytes (VmHWM of proc(5))."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def cri(text: str, *, stream: str = "stdout", stamp: str = "2026-11-24T11:44:21.502000001Z") -> bytes:
    """Returns lines as containerd writes them: full ones, and pieces of 16,384 bytes of one that is longer."""
    out = b""
    for line in text.encode("utf-8", "surrogateescape").split(b"\n"):
        pieces = [line[at : at + 16384] for at in range(0, max(len(line), 1), 16384)]
        for number, piece in enumerate(pieces, 1):
            tag = "F" if number == len(pieces) else "P"
            out += f"{stamp} {stream} {tag} ".encode() + piece + b"\n"
    return out

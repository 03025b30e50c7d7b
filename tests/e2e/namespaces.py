"""Runs a command in namespaces of its own: network, mounts and processes are gone when it ends, however it ends.

The kernel cleans up: with the first process of a process namespace all others end, with the last process of a network
or mount namespace its links and mounts go. What holds them ends with this process, even if that is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NEEDED = ("unshare", "nsenter", "setpriv", "ip", "mount", "chroot", "nice")

INNER = "GEN_CHART_E2E_FOLDER"
"""Set inside: the folder, on a file system in memory, for everything that a run writes."""


def lacking() -> str:
    """Returns why this process cannot make such namespaces, and what to do; empty if it can."""
    if sys.platform != "linux":
        return "not Linux: name a cluster in KUBECONFIG"
    if os.geteuid():
        return "not root: run it as root, or name a cluster in KUBECONFIG"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)}: install util-linux and iproute2"
    tried = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        why = tried.stderr.strip()
        return f"no namespaces ({why}): run it where unshare(1) may make them"
    return ""


def _unshare() -> list[str]:
    return ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def run(command: Sequence[str | Path], folder: Path) -> int:
    """Runs a command inside and returns its exit code.

    Ctrl-C reaches it, as it is in the same group; this process waits until it has ended.

    Args:
        command: program and arguments.
        folder: an existing folder that is covered, inside only, by a file system in memory.
    """
    first = f"mount -t tmpfs -o mode=0755 tmpfs {folder} && "
    # The shell stays as the first process of the namespace: it takes the ended children of others.
    script = f'{first}"$@"; code=$?; exit $code'
    words = ["setpriv", "--pdeathsig", "KILL", *_unshare(), "sh", "-c", script, "sh", *map(str, command)]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Ctrl-C, which is not ignored inside.
        with subprocess.Popen(
            words,
            env={**os.environ, INNER: str(folder)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - there are no threads
        ) as process:
            ended = signal.signal(signal.SIGTERM, lambda *_: process.kill())
            try:
                return process.wait()
            finally:
                signal.signal(signal.SIGTERM, ended)
    finally:
        signal.signal(signal.SIGINT, before)

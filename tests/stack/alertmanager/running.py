"""Alertmanager, amtool and the operator's own builder of configurations, where they have been built."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e import programs
from tests.monitors.discovery import operator_folder
from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MODULE = programs.module("alertmanager")
"""The Alertmanager that kube-prometheus-stack 88.5.3 brings."""


def program(name: str) -> Path | None:
    """Returns ``alertmanager`` or ``amtool``, None if nobody has built it.

    GEN_CHART_ALERTMANAGER names another folder than that of ``make alertmanager``.
    """
    found = Path(os.environ.get("GEN_CHART_ALERTMANAGER") or MODULE.folder) / name
    return found if found.is_file() else None


def operator_program() -> Path | None:
    """Returns the program of tools/operator-config/operator-alertmanager, None if nobody has built it."""
    found = operator_folder() / "operator-alertmanager"
    return found if found.is_file() else None


def by_the_operator(
    binary: Path,
    config: str,
    configs: Sequence[Mapping[str, Any]] = (),
    secrets: Sequence[Mapping[str, Any]] = (),
    strategy: str = "OnNamespace",
) -> subprocess.CompletedProcess[str]:
    """Runs the operator's builder: the configuration on stdout, or the reason on stderr why there is none."""
    asked = {
        "version": MODULE.version,
        "namespace": "obs",
        "strategy": strategy,
        "config": config,
        "configs": [*configs],
        "secrets": [*secrets],
    }
    return subprocess.run([binary], input=json.dumps(asked), capture_output=True, text=True, check=False)


class Manager:
    """An Alertmanager that runs."""

    def __init__(self, url: str, log: Path) -> None:
        """Takes its address and the file of its log."""
        self.url = url
        self.log = log

    def fire(self, *alerts: Mapping[str, Any]) -> None:
        """Sends it alerts, as Prometheus does."""
        answer = requests.post(f"{self.url}/api/v2/alerts", json=alerts, timeout=10)
        assert answer.ok, answer.text

    def failures(self) -> dict[str, float]:
        """Returns how many notifications have failed, by integration and reason; those that none has are left out."""
        lines = requests.get(f"{self.url}/metrics", timeout=10).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("alertmanager_notifications_failed_total{"))
        return {labels.partition("{")[2]: float(value) for labels, value in pairs if float(value)}


@contextlib.contextmanager
def alertmanager(binary: Path, config: str, place: Path, environment: Mapping[str, str]) -> Iterator[Manager]:
    """Runs an Alertmanager with a configuration until the block ends.

    Raises:
        AssertionError: it has ended, or is not ready within half a minute; its log is in the message.
    """
    (place / "alertmanager.yaml").write_text(config, "utf-8")
    (port,) = free_ports(1)
    log = place / "alertmanager.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={place / 'alertmanager.yaml'}",
                f"--storage.path={place / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        manager = Manager(f"http://127.0.0.1:{port}", log)
        until = time.monotonic() + 30
        while not _ready(manager.url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield manager
    finally:
        process.terminate()
        process.wait(30)


def _ready(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{url}/-/ready", timeout=2).ok
    return False

"""A real journal through the real Fluent Bit: which entries are read, and what they become."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.logs.fluentbit import FluentBit, Node
from tests.logs.lines import KERNEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.logs.sink import Server

pytestmark = [pytest.mark.slow, pytest.mark.upstream]

ENTRIES: list[dict[str, str]] = [
    *({"_TRANSPORT": "kernel", "PRIORITY": "4", "MESSAGE": line} for line in KERNEL),
    {"_SYSTEMD_UNIT": "kubelet.service", "PRIORITY": "6", "MESSAGE": "E1124 11:44:21.502000    1 pod.go:1] failed"},
    {"_SYSTEMD_UNIT": "kubelet.service", "PRIORITY": "6", "MESSAGE": "no level of its own"},
    {"_SYSTEMD_UNIT": "containerd.service", "PRIORITY": "6", "MESSAGE": 'time="x" level=warning msg="slow"'},
    {"_SYSTEMD_UNIT": "sshd.service", "PRIORITY": "6", "MESSAGE": "not for the cluster"},
]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Writes the entries into a journal file."""
    program = shutil.which("systemd-journal-remote", path="/lib/systemd:/usr/lib/systemd")
    if program is None:
        pytest.skip("no systemd-journal-remote, which writes journal files")
    folder = tmp_path / "journal"
    folder.mkdir()
    stamp = 1795520661502000
    export = "".join(
        f"__REALTIME_TIMESTAMP={stamp + number}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID={'0' * 31}1\n"
        + "".join(f"{key}={value}\n" for key, value in entry.items())
        + "\n"
        for number, entry in enumerate(ENTRIES)
    )
    subprocess.run([program, "-o", folder / "system.journal", "-"], input=export, text=True, check=True)
    return folder


def test_the_kernel_and_the_kubelet_are_read_with_their_levels_and_nothing_else(
    program: Path, tmp_path: Path, journal: Path, server: Server, rendered: Callable[[str], Mapping[str, str]]
) -> None:
    node = Node(tmp_path, server, journal).write(rendered("standalone"))
    with FluentBit(program, node):
        enough = server.sink.wait(lambda sink: len(sink.documents) >= len(ENTRIES) - 1, 20)
    assert enough, (node.root / "fluent-bit.log").read_text()[-3000:]
    names = ("xid", "sxid", "pci", "level")
    found = {
        document["log"]: {name: document[name] for name in names if name in document} for document in server.sink.logs()
    }
    assert found == KERNEL | {
        "E1124 11:44:21.502000    1 pod.go:1] failed": {"level": "error"},
        "no level of its own": {"level": "info"},
        'time="x" level=warning msg="slow"': {"level": "warning"},
    }
    assert {document.get("systemd_unit") for document in server.sink.logs()} == {
        None,
        "kubelet.service",
        "containerd.service",
    }


def test_after_a_restart_no_entry_is_read_again(
    program: Path, tmp_path: Path, journal: Path, server: Server, rendered: Callable[[str], Mapping[str, str]]
) -> None:
    node = Node(tmp_path, server, journal).write(rendered("standalone"))
    with FluentBit(program, node):
        assert server.sink.wait(lambda sink: sink.sent >= len(ENTRIES) - 1, 20)
    with FluentBit(program, node):
        assert not server.sink.wait(lambda sink: sink.sent > len(ENTRIES) - 1, 3)

"""Nothing of a run outlives it: neither a process nor a mount nor a link, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import namespaces, network

LACKING = namespaces.lacking()
pytestmark = pytest.mark.skipif(bool(LACKING), reason=LACKING)

OUTER = """
import sys
from pathlib import Path
from tests.e2e import namespaces
sys.exit(namespaces.run(sys.argv[2:], Path(sys.argv[1])))
"""
INNER = """
import os, subprocess, sys, time
from pathlib import Path
from tests.e2e import network
network.set_up()
sandbox = network.Sandbox("10.244.0.2")
(Path(os.environ["GEN_CHART_E2E_FOLDER"]) / "file").touch()
# In a session of its own, as pods' processes are: no signal of a terminal reaches it.
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]], start_new_session=True)
print("ready", flush=True)
time.sleep(600)
"""


def of_this_run(mark: Path) -> list[str]:
    """Returns the command lines of processes that name the test's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(mark) in line and path.parent.name != str(os.getpid()):
            found.append(line)
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_a_run_is_cut_off(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", OUTER, str(tmp_path), sys.executable, "-c", INNER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as outer:
        assert outer.stdout is not None
        assert outer.stdout.readline() == "ready\n"
        assert len(of_this_run(tmp_path)) >= 3
        if how == signal.SIGINT:
            os.killpg(outer.pid, how)  # as a terminal does
        else:
            outer.send_signal(how)
        outer.wait(20)
    until = time.monotonic() + 10
    while of_this_run(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert of_this_run(tmp_path) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text("utf-8")
    assert list(tmp_path.iterdir()) == []
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert network.BRIDGE not in links.split()


def test_the_exit_code_is_the_commands_own(tmp_path: Path) -> None:
    assert namespaces.run(["sh", "-c", "exit 7"], tmp_path) == 7


def test_nothing_outside_can_be_reached(tmp_path: Path) -> None:
    """No route leads out of the namespace, not even to this machine."""
    assert namespaces.run(["sh", "-c", 'test "$(ip route show table all | wc -l)" = 0'], tmp_path) == 0

"""Programs end with the block that started them, also if the program that opened it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from tests.live.processes import Processes, ProgramError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); child.wait()",
]
"""A program with a child, whose id it prints."""

STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]


def there(pid: int) -> bool:
    """Returns whether a process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - no path of the project
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


def number_in(path: Path) -> int:
    assert eventually(lambda: path.is_file() and path.read_text(encoding="utf-8").endswith("\n")), path
    return int(path.read_text(encoding="utf-8"))


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc: Linux only")  # noqa: PTH112


def test_a_program_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("parent", PARENT)
        child = number_in(tmp_path / "parent.log")
        assert there(child)
    assert not there(child)


def test_they_end_if_the_block_fails(tmp_path: Path) -> None:
    def broken() -> None:
        with Processes(tmp_path) as processes:
            processes.start("parent", PARENT)
            number_in(tmp_path / "parent.log")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert not there(number_in(tmp_path / "parent.log"))


def test_what_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("stubborn", STUBBORN)
        assert eventually(lambda: "ready" in (tmp_path / "stubborn.log").read_text(encoding="utf-8"))
        processes.stop("stubborn", seconds=0.2)
        processes.start("stubborn", PARENT)  # its name is free again


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_they_end_when_the_program_that_opened_the_block_is_ended(tmp_path: Path, signum: signal.Signals) -> None:
    program = f"""
        import pathlib, signal, time
        from tests.live.processes import Processes
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it from the start
        with Processes(pathlib.Path({str(tmp_path)!r})) as processes:
            processes.start("parent", {PARENT!r})
            time.sleep(600)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stderr=subprocess.DEVNULL) as opener:
        child = number_in(tmp_path / "parent.log")
        opener.send_signal(signum)
        opener.wait(60)
    assert eventually(lambda: not there(child))


def test_a_program_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("broken", [sys.executable, "-c", "raise SystemExit('no such model')"])
        with pytest.raises(
            ProgramError, match=r"broken ended with exit code 1; .*broken\.log ends with:\nno such model"
        ):
            processes.wait_until("broken", lambda: False, 30)


def test_a_program_that_is_not_ready_is_told(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("slow", [sys.executable, "-c", "import time; time.sleep(600)"])
        with pytest.raises(ProgramError, match=r"slow is not ready after 0 s; its log .* is empty"):
            processes.wait_until("slow", lambda: False, 0)
        with pytest.raises(ProgramError, match="slow still runs after 0 s"):
            processes.finish("slow", 0.1)


def test_who_waits_long_is_told_now_and_then(tmp_path: Path) -> None:
    said: list[str] = []
    with Processes(tmp_path, said.append, patience=0.3) as processes:
        processes.start("slow", [sys.executable, "-c", "import time; time.sleep(600)"])
        with pytest.raises(ProgramError):
            processes.wait_until("slow", lambda: False, 1.5)
    assert 2 <= len(said) <= 5
    assert set(said) <= {f"  slow is not ready after {seconds} s; it gets 2" for seconds in (0, 1, 2)}


def test_who_presses_ctrl_c_is_told_what_ends(tmp_path: Path) -> None:
    said: list[str] = []

    def interrupted() -> None:
        with Processes(tmp_path, said.append) as processes:
            processes.start("slow", [sys.executable, "-c", "import time; time.sleep(600)"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert said == ["ending slow"]


def test_a_program_that_ends_well_leaves_its_name(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("once", [sys.executable, "-c", "print('done')"])
        processes.finish("once", 30)
        assert (tmp_path / "once.log").read_text(encoding="utf-8") == "done\n"
        processes.start("once", [sys.executable, "-c", "pass"])


def test_a_killed_node_takes_its_children_along(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("parent", PARENT)
        child = number_in(tmp_path / "parent.log")
        processes.kill("parent")
        assert eventually(lambda: not there(child))

"""The process ends with the command's own exit code, whatever becomes of its output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def ended(redirection: str, *arguments: str) -> tuple[int, str, str]:
    """Runs gen-chart in a shell; returns its exit code, its output and what it said on stderr."""
    words = [sys.executable, "-m", "generator", *arguments]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "code"), [(("profiles",), 0), (("show", "nonsense"), 2)])
def test_with_closed_streams_the_exit_code_is_the_commands(
    redirection: str, arguments: tuple[str, ...], code: int
) -> None:
    found, _, said = ended(redirection, *arguments)
    assert found == code
    assert "Traceback" not in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_full_disk_below_the_output_is_no_internal_error() -> None:
    code, _, said = ended(">/dev/full", "profiles")
    assert code != 0
    assert "internal error" not in said
    assert "Traceback" not in said


def test_who_reads_one_line_gets_it_and_nothing_else_is_said() -> None:
    _, out, said = ended("| head -1", "show", "jark")
    assert (len(out.splitlines()), said) == (1, "")


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="no signals here")
def test_a_request_to_stop_leaves_nothing_beside_the_chart(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from generator import cli\n"
        "from generator.files import swap\n"
        "swap.exchange = lambda *_: os.kill(os.getpid(), signal.SIGTERM)\n"
        f"sys.argv = ['gen-chart', '--profile', 'kind', '-o', {str(tmp_path / 'chart')!r}]\n"
        "cli.console()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, cwd=ROOT)
    assert done.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


SLOW = """
import pathlib, signal, sys, time

# As at a terminal: tests that run in the background have it ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Slow:
    @staticmethod
    def find_spec(name, *_):
        if name == "click":
            pathlib.Path("loading").touch()
            time.sleep(60)

sys.meta_path.insert(0, Slow)
"""


@pytest.mark.skipif(os.name == "nt", reason="no signals as those of POSIX")
def test_ctrl_c_while_the_program_loads_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "generator", "profiles"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (tmp_path / "loading").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (-signal.SIGINT, "")

"""Two runs do not work on the same folder at once, and where the system has no locks both may."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from generator.files import locking
from generator.files.locking import exclusive
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from generator.files.locking import exclusive
with exclusive(Path(sys.argv[1])) as owned:
    print(owned, flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_that_another_holds_the_folder_until_that_one_lets_go(tmp_path: Path) -> None:
    with exclusive(tmp_path) as first, exclusive(tmp_path) as second:
        assert (first, second) == (True, False)
    with exclusive(tmp_path) as third:
        assert third


def test_a_run_that_was_killed_blocks_nobody(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with exclusive(tmp_path) as owned:
            assert not owned
        holder.kill()
        holder.wait()
        with exclusive(tmp_path) as owned:
            assert owned


def test_what_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), exclusive(tmp_path / "nothing"):
        pass


def test_a_system_without_locks_lets_every_run_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "fcntl", None)
    with exclusive(tmp_path) as first, exclusive(tmp_path) as second:
        assert (first, second) == (True, True)


def test_a_file_system_without_locks_does_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(_handle: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("generator.files.locking.fcntl.flock", unsupported)
    with exclusive(tmp_path) as owned:
        assert owned

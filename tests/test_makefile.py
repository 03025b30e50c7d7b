"""`make` on a fresh machine: it says which Python is needed, and leaves nothing that breaks the next try."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Returns a folder with what `make` reads before it installs anything."""
    for name in ("Makefile", "locked.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def require(project: Path, version: str) -> None:
    """Has the project ask for another Python."""
    file = project / "pyproject.toml"
    text, count = re.subn(r'(?m)^requires-python = ">=3\.11"$', f'requires-python = ">={version}"', file.read_text())
    assert count == 1
    file.write_text(text)


def make(project: Path, python: str | Path = sys.executable) -> tuple[int, str]:
    """Runs `make` with pip cut off from every index; returns its exit code and what it says on stderr."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    done = subprocess.run(
        ["make", f"PYTHON={python}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PIP_NO_INDEX": "1"},
    )
    return done.returncode, done.stderr


def test_a_python_that_is_too_old_is_refused_before_anything_is_made(project: Path) -> None:
    require(project, "3.99")
    code, said = make(project)
    assert code == 2
    assert (
        f"gen-chart needs Python 3.99 or newer, found: Python {sys.version.split()[0]}. Name one: make PYTHON=" in said
    )
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.10"])
def test_an_old_python_itself_is_refused(project: Path, version: str) -> None:
    named = shutil.which(f"python{version}")
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    python = installed[-1] if installed else named
    if python is None:
        pytest.skip(f"no Python {version}")
    code, said = make(project, python)
    assert code == 2
    assert f"gen-chart needs Python 3.11 or newer, found: Python {version}." in said
    assert not (project / ".venv").exists()


def test_a_python_that_is_not_there_is_named(project: Path) -> None:
    code, said = make(project, "python-of-nobody")
    assert code == 2
    assert "gen-chart needs Python 3.11 or newer, found: " in said
    assert "python-of-nobody" in said
    assert not (project / ".venv").exists()


@pytest.mark.thorough
def test_what_pip_refuses_to_install_leaves_no_environment(project: Path) -> None:
    code, said = make(project)
    assert code == 2
    assert "No matching distribution" in said
    assert not (project / ".venv").exists()


@pytest.mark.thorough
def test_an_environment_that_was_cut_off_is_made_anew(project: Path) -> None:
    """Its Python is gone: only a new environment gets as far as pip."""
    (project / ".venv").mkdir()
    (project / ".venv" / ".unfinished").touch()
    assert "No matching distribution" in make(project)[1]
    assert not (project / ".venv").exists()


def test_an_environment_of_somebody_elses_stays(project: Path) -> None:
    """Such as one that an older Python made, or that a person named with VENV."""
    (project / ".venv").mkdir()
    (project / ".venv" / "mine").touch()
    code, said = make(project)
    assert code == 2
    assert "That is in .venv: delete it and run make again" in said
    assert (project / ".venv" / "mine").exists()

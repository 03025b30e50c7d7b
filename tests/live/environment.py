"""The Python environments that workloads run in: made once in the user's cache directory, from pinned requirements."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

RAY_REQUIREMENTS = Path(__file__).parent / "ray-requirements.txt"
VLLM_FILES = ROOT / "examples" / "inference" / "cpu"
"""Requirements, what overrides them, and the program that names the package for vLLM."""

PYTHON = "GEN_CHART_LIVE_PYTHON"
"""The variable that names an interpreter to be taken instead."""


class NoEnvironmentError(Exception):
    """An environment cannot be had; the text says what to do."""


def environment(progress: Callable[[str], object], *, with_vllm: bool) -> tuple[Path, bool]:
    """Returns an interpreter that has Ray, and whether it has vLLM too.

    It is the one that GEN_CHART_LIVE_PYTHON names, else one in the user's cache directory, made when it is first asked
    for. Where vLLM cannot be installed, progress says so and Ray comes alone.

    Args:
        progress: takes a line before what lasts.
        with_vllm: whether vLLM is wanted.

    Raises:
        NoEnvironmentError: Ray cannot be installed either, or the variable names no interpreter with Ray.
    """
    given = os.environ.get(PYTHON)
    if given:
        if not has(Path(given), "ray"):
            raise NoEnvironmentError(f"{PYTHON} names '{given}', which is no interpreter with Ray")
        if with_vllm and not has(Path(given), "vllm"):
            progress(f"no vLLM: {given} has none; Ray runs alone")
        return Path(given), with_vllm and has(Path(given), "vllm")
    if with_vllm:
        try:
            return _made("vllm", VLLM_FILES / "requirements.txt", "about 7 GB", progress), True
        except NoEnvironmentError as error:
            progress(f"no vLLM: {error}; Ray runs alone")
    return _made("ray", RAY_REQUIREMENTS, "about 600 MB", progress), False


def has(python: Path, module: str) -> bool:
    """Returns whether an interpreter finds a module."""
    program = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
    return python.is_file() and subprocess.run([python, "-c", program], check=False).returncode == 0


def _made(name: str, requirements: Path, size: str, progress: Callable[[str], object]) -> Path:
    overrides, finish = VLLM_FILES / "overrides.txt", VLLM_FILES / "name_vllm.py"
    text = requirements.read_text(encoding="utf-8") + overrides.read_text(encoding="utf-8")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(f"{version}\n{text}".encode()).hexdigest()[:12]
    folder = user_cache_path("gen-chart") / "live" / f"{name}-{digest}"
    python = folder / "bin" / "python"
    if (folder / ".ready").is_file():
        return python
    progress(f"making an environment in {folder}, {size}, once")
    # One that was cut off is made anew.
    shutil.rmtree(folder, ignore_errors=True)
    # pip cannot override what a package asks for.
    install: list[str | Path] = [
        python,
        "-m",
        "uv",
        "pip",
        "install",
        "--python",
        python,
        "--requirement",
        requirements,
    ]
    steps: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"],
        [*install, "--override", overrides] if name == "vllm" else install,
    ]
    if name == "vllm":
        steps.append([python, finish])
    for step in steps:
        if subprocess.run(step, check=False).returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise NoEnvironmentError(
                f"{requirements} cannot be installed here (see above); "
                f"name an interpreter that has what it lists in {PYTHON}"
            )
    (folder / ".ready").touch()
    return python

"""Compares the manifests with their folder, and swaps the new ones in whole.

A chart's folder is known by its Chart.yaml; this one by the first line of its files. What a person put there stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from generator import swap
from generator.errors import InputError, bad_input
from generator.tree import MARKER
from generator.writer import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOTHING = ".gen-chart-carried"
"""swap can move one folder over as it is; there is none here."""


def plan(target: Path, files: Mapping[str, str]) -> Plan:
    """Compares the manifests with their folder; reads only.

    Raises:
        InputError: the target is not a folder, cannot be read, or holds something that gen-chart did not make.
    """
    with _disk_errors(target):
        return _compare(Path(os.path.realpath(target)), files)


def write(plan: Plan) -> None:
    """Puts the new manifests in place: all, or none.

    Raises:
        InputError: the disk refuses, another run is at work there, or see plan; the folder is as it was.
    """
    target = plan.target
    if plan.clean and not swap.has_leftovers(target):
        return
    with _disk_errors(target), swap.alone(target, _NOTHING):
        current = _compare(target, plan.files)
        if current.clean:
            return
        with swap.staging(target) as fresh:
            for path, text in current.files.items():
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                (fresh / path).write_bytes(text.encode())
            for path in current.foreign:
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(target / path, fresh / path, follow_symlinks=False)
            swap.exchange(fresh, target, _NOTHING)


def _compare(target: Path, files: Mapping[str, str]) -> Plan:
    if not target.exists():
        return Plan(target, files, {}, ())
    if not target.is_dir():
        raise bad_input("found a file, expected a folder", file=str(target), hint="name another with -o")
    before: dict[str, str] = {}
    foreign: list[str] = []
    for path in _walk(target):
        text = _read_marked(target / path)
        if text is None:
            foreign.append(path)
        else:
            before[path] = text
    if foreign and not before:
        raise bad_input(
            "holds files that gen-chart did not make, so it is not overwritten",
            file=str(target),
            hint="name an empty or new folder with -o",
        )
    for path in foreign:
        if path in files or any(file.startswith(f"{path}/") or path.startswith(f"{file}/") for file in files):
            raise bad_input(
                "was not made by gen-chart, so it is not overwritten", file=str(target / path), hint="move it away"
            )
    return Plan(target, files, before, tuple(foreign))


def _walk(target: Path) -> Iterator[str]:
    """Gives the paths of all files and links below a folder, sorted."""
    for path in sorted(target.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(target).as_posix()


def _read_marked(path: Path) -> str | None:
    """Gives the text of a file that begins as gen-chart's do; None for anything else."""
    if path.is_symlink() or not path.is_file():
        return None
    raw = path.read_bytes()
    return raw.decode(errors="replace") if raw.startswith(f"# {MARKER}: argocd".encode()) else None


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        place = str(error.filename) if error.filename else str(target)
        reason = error.strerror or str(error)
        raise bad_input(f"{reason}; what was there is as it was", file=place, hint="see -o") from None

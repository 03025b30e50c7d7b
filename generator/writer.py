"""The one place that writes a chart: compares it with what is on disk, and swaps the new one in whole."""

from __future__ import annotations

import contextlib
import difflib
import errno
import json
import os
import secrets
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import InputError, bad_input
from generator.tree import MARKER, difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VENDORED = "charts"
"""The folder of fetched upstream charts: `gen-chart vendor` and Helm own it."""

_OWNED = "files/dashboards/"
"""Files below it are generated though they carry no marker: JSON has no comments."""


@dataclass(frozen=True)
class Plan:
    """What writing a chart would do.

    Attributes:
        target: the chart's folder, links resolved.
        files: the new chart, path → text.
        before: what was generated before, path → text; {} if the folder is new.
        foreign: paths of files in the folder that are not generated; they are kept.
    """

    target: Path
    files: Mapping[str, str]
    before: Mapping[str, str]
    foreign: tuple[str, ...]

    @property
    def added(self) -> list[str]:
        """Gives the paths that would be new."""
        return difference(self.before, self.files)[0]

    @property
    def changed(self) -> list[str]:
        """Gives the paths whose text would change."""
        return difference(self.before, self.files)[1]

    @property
    def removed(self) -> list[str]:
        """Gives the paths of generated files that the new chart no longer has."""
        return difference(self.before, self.files)[2]

    @property
    def clean(self) -> bool:
        """Says whether the folder is what would be written."""
        return self.before == self.files


def plan(target: Path, files: Mapping[str, str]) -> Plan:
    """Compares a chart with its folder; reads only.

    Raises:
        InputError: the target is not a folder, cannot be read, or holds something that gen-chart did not make.
    """
    with _disk_errors(target):
        target = target.resolve()
        if not target.exists():
            return Plan(target, files, {}, ())
        if not target.is_dir():
            raise bad_input("found a file, expected a folder", file=str(target), hint="name another with -o")
        texts = {path: _read(target / path) for path in _walk(target)}
    before = {path: text for path, text in texts.items() if text is not None and _generated(path, text)}
    foreign = tuple(path for path in texts if path not in before)
    if texts and "Chart.yaml" not in before:
        raise bad_input(
            "holds files that gen-chart did not make, so it is not overwritten",
            file=str(target),
            hint="name an empty or new folder with -o",
        )
    taken = [path for path in foreign if path in files]
    if taken:
        raise bad_input(
            "was not made by gen-chart, so it is not overwritten", file=str(target / taken[0]), hint="move it away"
        )
    return Plan(target, files, before, foreign)


def _walk(target: Path) -> Iterator[str]:
    """Gives the paths of all files and links in a chart's folder, sorted, the vendored charts left out."""
    for folder, folders, names in os.walk(target):
        here = os.path.relpath(folder, target)
        prefix = "" if here == "." else here.replace(os.sep, "/") + "/"
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH118, PTH114
        folders[:] = sorted(name for name in folders if name not in links and prefix + name != _VENDORED)
        yield from (prefix + name for name in sorted((*names, *links)))


def _read(path: Path) -> str | None:
    """Gives a text file's content; None for a link or what is not UTF-8, which gen-chart never writes."""
    if path.is_symlink():
        return None
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None


def _generated(path: str, text: str) -> bool:
    return path.startswith(_OWNED) or MARKER in "".join(text.splitlines()[:3])[:400]


def unified_diff(plan: Plan) -> str:
    """Gives the unified diff from the folder to the new chart; minified JSON is compared spread out."""
    lines: list[str] = []
    for path in sorted({*plan.before, *plan.files}):
        old, new = plan.before.get(path, ""), plan.files.get(path, "")
        if old != new:
            source = f"a/{path}" if path in plan.before else "/dev/null"
            result = f"b/{path}" if path in plan.files else "/dev/null"
            lines += difflib.unified_diff(_lines(path, old), _lines(path, new), source, result, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _lines(path: str, text: str) -> list[str]:
    if path.endswith(".json"):
        with contextlib.suppress(ValueError):
            text = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return text.splitlines()


def write(plan: Plan) -> None:
    """Puts the new chart in place: whole, or not at all.

    The new chart is written beside the target, files that gen-chart did not make are taken along, and then
    two renames swap it in. Where nothing changes, nothing is written.

    Raises:
        InputError: the disk refuses; the previous chart is as it was.
    """
    if plan.clean:
        return
    target = plan.target
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    with _disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_tree(fresh, plan)
            _swap(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _write_tree(fresh: Path, plan: Plan) -> None:
    for path, text in plan.files.items():
        file = fresh / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    for path in plan.foreign:
        copy = fresh / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(plan.target / path, copy, follow_symlinks=False)


def _swap(fresh: Path, target: Path) -> None:
    """Renames, with signals held back, so that Ctrl-C finds either the old chart or the new one."""
    if not target.exists():
        fresh.rename(target)
        return
    old = fresh.with_suffix(".old")
    with _signals_held():
        target.rename(old)
        try:
            if (old / _VENDORED).is_dir():
                (old / _VENDORED).rename(fresh / _VENDORED)
            fresh.rename(target)
        except BaseException:
            if (fresh / _VENDORED).is_dir():
                (fresh / _VENDORED).rename(old / _VENDORED)
            old.rename(target)
            raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    held = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Turns what the disk refuses into an InputError that says the previous chart is whole."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        hint = {
            errno.ENOSPC: "free some space",
            errno.EDQUOT: "free some space",
            errno.EACCES: "choose a folder that you may write, with -o",
            errno.EPERM: "choose a folder that you may write, with -o",
            errno.EROFS: "choose a folder that you may write, with -o",
        }.get(error.errno or 0, "")
        place = str(error.filename) if error.filename else str(target)
        reason = error.strerror or str(error)
        raise bad_input(f"{reason}; what was there is as it was", file=place, hint=hint) from None

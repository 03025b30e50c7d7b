"""The one place that writes a generated folder: compares it with what is on disk, and swaps the new one in whole."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from generator.errors import InputError, bad_input
from generator.files import diff, swap
from generator.files.tree import MARKER, difference

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

_CHARTS = "charts"
"""A chart's folder of charts, which is shared: a chart in it that is generated is ours, every other thing is of
`gen-chart vendor`, Helm or a person, whatever its first line says."""

_DASHBOARDS = "files/dashboards/"

_HEAD = 4096
"""Bytes in which the marker is looked for. The longest first line is that of the schema: about 200 characters."""


@dataclass(frozen=True)
class Signature:
    """By what gen-chart knows its own work.

    Attributes:
        marker: what stands in the first lines of every generated file.
        witnesses: files of which one, generated, shows that it made the folder.
    """

    marker: str
    witnesses: tuple[str, ...]


CHART = Signature(MARKER, ("Chart.yaml",))


@dataclass(frozen=True)
class Plan:
    """What writing a folder, such as a chart's, would do.

    Attributes:
        target: the folder, links resolved.
        files: the new files, path → text.
        before: what was generated before, path → text; {} if the folder is new.
        foreign: paths of files in the folder that are not generated, and of all in ``charts/`` that is not; they are
            kept.
        signature: by what the files in the folder are known as generated.
    """

    target: Path
    files: Mapping[str, str]
    before: Mapping[str, str]
    foreign: tuple[str, ...]
    signature: Signature = CHART

    @property
    def added(self) -> list[str]:
        """Returns the paths that would be new."""
        return difference(self.before, self.files)[0]

    @property
    def changed(self) -> list[str]:
        """Returns the paths whose text would change."""
        return difference(self.before, self.files)[1]

    @property
    def removed(self) -> list[str]:
        """Returns the paths of generated files that the new chart no longer has."""
        return difference(self.before, self.files)[2]

    @property
    def clean(self) -> bool:
        """Returns whether the folder is what would be written."""
        return self.before == self.files


def plan(target: Path, files: Mapping[str, str], signature: Signature = CHART) -> Plan:
    """Compares a chart, or what else is generated, with its folder; reads only.

    Args:
        target: the folder.
        files: what is to be in it, path → text.
        signature: see Plan.

    Raises:
        InputError: the target is not a folder, cannot be read, or holds something that gen-chart did not make.
    """
    with _disk_errors(target):
        return compare(Path(os.path.realpath(target)), files, signature)


def compare(target: Path, files: Mapping[str, str], signature: Signature = CHART) -> Plan:
    """Does plan's work for a target without links; raises OSError where plan explains it."""
    if not target.exists():
        return Plan(target, files, {}, (), signature)
    if not target.is_dir():
        raise bad_input("found a file, expected a folder", file=str(target), hint="name another with -o")
    own = {PurePosixPath(path).parts[1] for path in files if path.startswith(f"{_CHARTS}/")}
    paths = list(_walk(target, own))
    before = {
        # An equal text is the new one itself, so that a chart is in memory once.
        path: new if (new := files.get(path)) == text else text
        for path in paths
        if not _is_shared(path, own) and (text := _read_marked(target / path, signature.marker)) is not None
    }
    unmarked = (path for path in paths if path not in before and _belongs(path, before))
    before |= {path: _read(target / path) for path in unmarked if _is_file(target / path)}
    foreign = tuple(path for path in paths if path not in before)
    if paths and before.keys().isdisjoint(signature.witnesses):
        raise bad_input(
            "holds files that gen-chart did not make, so it is not overwritten",
            file=str(target),
            hint="name an empty or new folder with -o",
        )
    for path in foreign:
        if _in_the_way(target, path, files):
            raise bad_input(
                "was not made by gen-chart, so it is not overwritten", file=str(target / path), hint="move it away"
            )
    return Plan(target, files, dict(sorted(before.items())), foreign, signature)


def _is_shared(path: str, own: Container[str]) -> bool:
    """Returns whether a path is in ``charts/`` and outside of the generated charts there."""
    first, _, rest = path.partition("/")
    return first == _CHARTS and rest.partition("/")[0] not in own


def _walk(target: Path, own: Container[str]) -> Iterator[str]:
    """Yields the paths of all files, links and empty folders in a chart's folder; a chart of others is one path.

    What a killed run has set aside of ``charts/`` is left out: it is put back before anything is written.
    """
    aside = {path.name for path in swap.leftovers(target / _CHARTS)}

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(target, onerror=fail):
        relative = os.path.relpath(folder, target)
        prefix = "" if relative == "." else relative.replace(os.sep, "/") + "/"
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH118, PTH114
        if prefix and not (folders or names):
            yield relative.replace(os.sep, "/")
        if not prefix:
            folders[:] = sorted(set(folders) - aside)
        whole = [name for name in folders if prefix == f"{_CHARTS}/" and name not in own and name not in links]
        folders[:] = sorted(set(folders).difference(links, whole))
        yield from (prefix + name for name in sorted((*names, *links, *whole)))


def _read_marked(path: Path, marker: str) -> str | None:
    """Returns the text of a file that says in its first lines that gen-chart made it; None for anything else.

    Of other files only the beginning is read: they may be large. Links and pipes are not read at all.
    """
    if not _is_file(path):
        return None
    with path.open("rb") as handle:
        head = handle.read(_HEAD)
    if marker.encode() not in b"\n".join(head.split(b"\n")[:3]):
        return None
    return _read(path)


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _read(path: Path) -> str:
    """Returns a file's text; bytes that are not UTF-8 make it differ from every generated text."""
    return path.read_bytes().decode(errors="replace")


def _belongs(path: str, marked: Mapping[str, str]) -> bool:
    """Returns whether a file without the marker is generated all the same.

    Chart.lock loses it when Helm writes it anew (``helm dependency update``). Versions up to 0.1.0 wrote the JSON of
    dashboards into files, which have no place for it; such a file is known by the generated template that reads it.
    """
    if path == "Chart.lock":
        return "Chart.yaml" in marked
    name = path.removeprefix(_DASHBOARDS).removesuffix(".json")
    template = marked.get(f"templates/dashboards/{name}.yaml", "")
    return path == f"{_DASHBOARDS}{name}.json" and f'.Files.Get "{path}"' in template


def _in_the_way(target: Path, path: str, files: Mapping[str, str]) -> bool:
    """Returns whether a foreign file stands where the new chart has a file or a folder."""
    if path in files or any(parent.as_posix() in files for parent in PurePosixPath(path).parents):
        return True
    folder = (target / path).is_dir() and not (target / path).is_symlink()
    return not folder and any(file.startswith(path + "/") for file in files)


def unified_diff(plan: Plan) -> str:
    """Returns the unified diff from the folder to the new chart; minified JSON is compared spread out."""
    diffs = []
    for path in sorted({*plan.before, *plan.files}):
        old, new = plan.before.get(path), plan.files.get(path)
        if old == new:  # parsing every dashboard would take as long as all else
            continue
        spread_old, spread_new = (text if text is None else _spread(path, text) for text in (old, new))
        if spread_old == spread_new:  # they differ in white space alone
            spread_old, spread_new = old, new
        diffs.append(diff.unified_diff(spread_old, spread_new, path))
    return "".join(diffs)


def _spread(path: str, text: str) -> str:
    """Returns a text with the JSON in it, which is minified, in many lines: all of a .json, or a line of a template."""
    if path.endswith(".tpl"):
        return "".join(_indented(line) for line in text.splitlines(keepends=True))
    return _indented(text) if path.endswith(".json") else text


def _indented(text: str) -> str:
    with contextlib.suppress(ValueError):
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
    return text


def write(plan: Plan) -> None:
    """Puts the new chart in place: whole, or not at all.

    The new chart is written beside the target, files that gen-chart did not make are taken along, and then
    two renames swap it in. Where nothing changes, nothing is written. What a killed run has left is mended first.

    Raises:
        InputError: the disk refuses, another run is at work there, or see plan; the previous chart is as it was.
    """
    target = plan.target
    if plan.clean and not (swap.leftovers(target) or swap.leftovers(target / _CHARTS)):
        return
    with _disk_errors(target), swap.alone(target):
        swap.recover(target / _CHARTS)
        # What a killed run had set aside is back only now, and another run may have written in the meantime.
        current = compare(target, plan.files, plan.signature)
        if current.clean:
            return
        with swap.staging(target) as fresh:
            _write_tree(fresh, current)
            swap.exchange(fresh, target)


def _write_tree(fresh: Path, plan: Plan) -> None:
    for folder in sorted({(fresh / path).parent for path in plan.files}):
        folder.mkdir(parents=True, exist_ok=True)
    for path, text in plan.files.items():
        if plan.before.get(path) == text:
            swap.link(plan.target / path, fresh / path)
            continue
        (fresh / path).write_bytes(text.encode())
        if path in plan.before:
            shutil.copymode(plan.target / path, fresh / path)
    for path in plan.foreign:
        swap.take_along(plan.target / path, fresh / path)
    swap.copy_modes_of_folders(plan.target, fresh)


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
            errno.EBUSY: "it may be a mount point; name a folder inside it with -o",
        }.get(error.errno or 0, "")
        place = str(error.filename) if error.filename else str(target)
        reason = error.strerror or str(error)
        raise bad_input(f"{reason}; what was there is as it was", file=place, hint=hint) from None

"""Exchanges a chart's ``charts/`` directory in one step, or leaves it as it was."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files.locking import exclusive

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_NEW = ".charts-new-"
_OLD = ".charts-old"


@contextlib.contextmanager
def staging(chart_dir: Path) -> Iterator[Path]:
    """Gives an empty directory, on the file system of ``charts/``, that is gone afterwards, whatever happens.

    Its parent is empty too, for what must not come into ``charts/``.

    Only one run at a time works on a chart; what a killed run has left behind is cleared away first.

    Raises:
        InputError: another run works on this chart.
        OSError: the chart directory cannot be written.
    """
    with exclusive(chart_dir) as owned:
        if not owned:
            raise bad_input(
                "another gen-chart run is filling its charts/", file=str(chart_dir), hint="try again when it is done"
            )
        _recover(chart_dir)
        folder = Path(tempfile.mkdtemp(prefix=_NEW, dir=chart_dir))
        try:
            staged = folder / "charts"
            staged.mkdir()
            yield staged
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def has_leftovers(chart_dir: Path) -> bool:
    """Tells whether a killed run has left something that staging would clear away."""
    return (chart_dir / _OLD).exists() or any(chart_dir.glob(_NEW + "*"))


def _recover(chart_dir: Path) -> None:
    """Undoes what a run that was killed between two renames has left."""
    old, charts = chart_dir / _OLD, chart_dir / "charts"
    if old.is_dir():
        if charts.exists():
            shutil.rmtree(old)
        else:
            old.rename(charts)
    for left in chart_dir.glob(_NEW + "*"):
        shutil.rmtree(left)


def is_archive_of(file_name: str, name: str) -> bool:
    """Tells whether a file is called as an archive of chart ``name``, of whatever version."""
    return re.fullmatch(rf"{re.escape(name)}-v?\d.*\.tgz", file_name) is not None


def check_target(chart_dir: Path, names: Collection[str]) -> None:
    """Checks that ``charts/`` can be exchanged.

    Raises:
        InputError: ``charts`` is not a directory of its own, or holds one of the charts unpacked, which Helm would
            load beside the archive.
    """
    charts = chart_dir / "charts"
    if charts.is_symlink() or (charts.exists() and not charts.is_dir()):
        raise bad_input("found a link or a file, expected a directory", file=str(charts), hint="move it away")
    for name in names:
        unpacked = charts / name
        if (unpacked / "Chart.yaml").is_file():
            raise bad_input(
                "found an unpacked chart; Helm would load it beside the archive",
                file=str(unpacked),
                hint="delete or move it; to vendor from it, use --chart-mirror with the directory that holds it",
            )


def replace_charts(chart_dir: Path, staged: Path, names: Collection[str]) -> None:
    """Makes the staged archives, with the foreign files of ``charts/``, the new ``charts/``.

    Args:
        chart_dir: the chart.
        staged: a directory inside chart_dir that holds all archives; it is used up.
        names: the charts whose archives in ``charts/`` are replaced or, in other versions, removed. Everything
            else there is kept.

    Raises:
        OSError: ``charts/`` is then as it was.
    """
    charts, old = chart_dir / "charts", chart_dir / _OLD
    if charts.is_dir():
        for path in sorted(charts.iterdir()):
            if not any(is_archive_of(path.name, name) for name in names):
                _keep(path, staged / path.name)
        staged.chmod(charts.stat().st_mode & 0o7777)
    try:
        if charts.is_dir():
            charts.rename(old)
        staged.rename(charts)
    except BaseException:
        if old.is_dir() and not charts.exists():
            old.rename(charts)
        raise
    shutil.rmtree(old, ignore_errors=True)  # a rest is cleared away by the next run


def _keep(path: Path, target: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, target, symlinks=True)
    else:
        shutil.copy2(path, target, follow_symlinks=False)

"""Fills a chart's ``charts/`` with the archives of the upstream charts that it depends on: all or none."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import InputError, Problem, bad_input
from generator.files import swap
from generator.upstream.archive import sha256_of, verify
from generator.upstream.fetch import VendoredChart, copy_verified, fetch_chart
from generator.upstream.lock import is_archive_of, read_dependencies
from generator.upstream.mirror import Directory, parse_mirror
from generator.upstream.web import UnreachableError, open_client

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from generator.choices.pins import Pins
    from generator.upstream.lock import Dependency
    from generator.upstream.mirror import ChartSource
    from generator.upstream.upstream import Upstream

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def vendor_chart(
    chart_dir: Path,
    pins: Pins,
    upstream: Upstream,
) -> tuple[VendoredChart, ...]:
    """Makes ``charts/`` hold the archive ``NAME-VERSION.tgz`` of every dependency in Chart.lock.

    Every archive is fetched and verified before ``charts/`` is exchanged; after an error or an interrupt it is as it
    was. Archives of these charts in other versions go, everything else in ``charts/`` stays. If all is in
    place already, nothing is written and, unless the mirror is a directory, nothing but ``charts/`` is read.

    Args:
        chart_dir: a chart that gen-chart made.
        pins: the published digests; they count where name and version match.
        upstream: where the archives come from.

    Returns:
        One VendoredChart for each dependency, in the order of Chart.lock.

    Raises:
        InputError: everything that is wrong with the chart, the mirror or an archive, and what to do; also if a
            directory cannot be written or the disk is full.
    """
    place = parse_mirror(upstream.mirror) if upstream.mirror else None
    charts = chart_dir / "charts"
    with _plain_errors(chart_dir):
        if swap.leftovers(charts):
            with swap.alone(charts, wait=False):  # mends what a killed run has left
                pass
        dependencies = read_dependencies(chart_dir)
        names = {dependency.name for dependency in dependencies}
        _check_target(charts, names)
        present = _all_present(chart_dir, dependencies, pins, place)
        if present is not None:
            return present
        with (
            swap.alone(charts, wait=False),
            swap.staging(charts) as staged,
            _usable(upstream.cache) as cache,
            open_client(upstream.patience) as client,
        ):
            vendored: list[VendoredChart] = []
            problems: list[Problem] = []
            for dependency in dependencies:
                digest = pins.digest(dependency.name, dependency.version)
                target = staged / dependency.archive
                try:
                    chart = _take_present(chart_dir, dependency, digest, place, target) or fetch_chart(
                        dependency,
                        target,
                        digest=digest,
                        mirror=place,
                        cache_dir=cache,
                        client=client,
                        report=upstream.progress,
                    )
                    vendored.append(_unless_same(chart, charts / dependency.archive))
                except UnreachableError as error:
                    problems += error.problems
                    break
                except InputError as error:
                    problems += error.problems
            if problems:
                raise InputError(*problems)
            if any(chart.origin != "present" for chart in vendored) or _stale(chart_dir, dependencies):
                _take_others(charts, staged, names)
                swap.exchange(staged, charts)
            return tuple(vendored)


def _take_others(charts: Path, staged: Path, names: Collection[str]) -> None:
    """Puts into the new ``charts/`` what is in the old one, but for archives of these charts, of whatever version."""
    if charts.is_dir():
        for path in sorted(charts.iterdir()):
            if not any(is_archive_of(path.name, name) for name in names):
                swap.take_along(path, staged / path.name)


def _check_target(charts: Path, names: Collection[str]) -> None:
    """Checks that ``charts/`` can be exchanged.

    Raises:
        InputError: it is not a directory of its own, or holds one of the charts unpacked, which Helm would load beside
            the archive.
    """
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


@contextlib.contextmanager
def _plain_errors(chart_dir: Path) -> Iterator[None]:
    """Turns what the operating system refuses into words."""
    try:
        yield
    except OSError as error:
        hint = "make it readable and writable for you, or work on a copy"
        if error.errno in _FULL:
            hint = "free some space and run the command again"
        raise bad_input(
            f"{error.strerror or error}; charts/ is as it was", file=str(error.filename or chart_dir), hint=hint
        ) from None


@contextlib.contextmanager
def _usable(cache_dir: Path) -> Iterator[Path]:
    """Provides cache_dir if it can be written, as it cannot for a user without a home; else a place for this run."""
    with contextlib.ExitStack() as stack:
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=cache_dir):
                pass
        except OSError:
            cache_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gen-chart-")))
        yield cache_dir


def _all_present(
    chart_dir: Path, dependencies: Sequence[Dependency], pins: Pins, place: ChartSource | None
) -> tuple[VendoredChart, ...] | None:
    """Returns what is there if that is all that is wanted, and nothing stale; else None."""
    if _stale(chart_dir, dependencies):
        return None
    present: list[VendoredChart] = []
    for dependency in dependencies:
        chart = _present(chart_dir, dependency, pins.digest(dependency.name, dependency.version), place)
        if chart is None:
            return None
        present.append(chart)
    return tuple(present)


def _stale(chart_dir: Path, dependencies: Sequence[Dependency]) -> bool:
    """Returns whether charts/ holds one of these charts in another version."""
    charts = chart_dir / "charts"
    expected = {dependency.archive for dependency in dependencies}
    return charts.is_dir() and any(
        path.name not in expected and any(is_archive_of(path.name, dependency.name) for dependency in dependencies)
        for path in charts.iterdir()
    )


def _present(
    chart_dir: Path, dependency: Dependency, digest: str | None, place: ChartSource | None
) -> VendoredChart | None:
    """Returns the archive in charts/ if it needs no second look.

    Without a pinned digest a directory is asked again each time: that is cheap, and its files may have changed.
    """
    path = chart_dir / "charts" / dependency.archive
    if path.is_symlink() or not path.is_file() or (digest is None and isinstance(place, Directory)):
        return None
    if digest is not None:
        if sha256_of(path) != digest:
            return None
        return VendoredChart(dependency.name, dependency.version, "present", str(path), digest, pinned=True)
    try:
        sha256 = verify(path, dependency, digest=None, file=str(path), hint="")
    except InputError:
        return None
    return VendoredChart(dependency.name, dependency.version, "present", str(path), sha256, pinned=False)


def _take_present(
    chart_dir: Path, dependency: Dependency, digest: str | None, place: ChartSource | None, target: Path
) -> VendoredChart | None:
    """Stages the archive in charts/ if it is good."""
    present = _present(chart_dir, dependency, digest, place)
    if present is not None:
        copy_verified(chart_dir / "charts" / dependency.archive, target, present.sha256)
    return present


def _unless_same(chart: VendoredChart, path: Path) -> VendoredChart:
    """Calls an archive present if the very same is in charts/ already."""
    if chart.origin != "present" and path.is_file() and not path.is_symlink() and sha256_of(path) == chart.sha256:
        return replace(chart, origin="present")
    return chart

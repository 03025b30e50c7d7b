"""Fetches both versions of a chart and compares them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import bad_input, nearest
from generator.files.versions import is_exact
from generator.upgrades.bump import plan_bump
from generator.upgrades.charts import read_chart
from generator.upstream import Dependency, fetch_chart, open_client, parse_mirror
from generator.upstream.mirror import Directory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.build.build import Build
    from generator.choices.pins import Pins
    from generator.upgrades.bump import Bump
    from generator.upstream import Upstream


def compare_versions(
    name: str,
    version: str,
    pins: Pins,
    builds: Iterable[Build],
    upstream: Upstream,
) -> tuple[Bump, str | None]:
    """Compares the pinned version of a chart with another one.

    Args:
        name: the pinned chart.
        version: the version that is wanted.
        pins: the pinned versions.
        builds: those whose values count.
        upstream: where the charts come from.

    Returns:
        What changes, and the sha256 of the new archive as published; None for one that was packed from a directory.

    Raises:
        InputError: no such pin, no version, the pinned one already, or an archive that cannot be had.
    """
    if name not in pins.charts:
        raise bad_input(f"found no pin '{name}'", file="pins.yaml", path="charts", hint=nearest(name, pins.charts))
    pin = pins.charts[name]
    if not is_exact(version):
        raise bad_input(f"found the version '{version}', expected one exact version, as {pin.version}", file="VERSION")
    if version == pin.version:
        raise bad_input(f"{name} is pinned to {version} already", file="pins.yaml", path=f"charts.{name}.version")
    source = parse_mirror(upstream.mirror) if upstream.mirror else None
    with tempfile.TemporaryDirectory(prefix="gen-chart-") as folder, open_client(upstream.patience) as client:
        charts = []
        sha256: str | None = None
        for chart_version in (pin.version, version):
            dependency = Dependency(name, chart_version, pin.repository)
            target = Path(folder) / dependency.archive
            vendored = fetch_chart(
                dependency,
                target,
                digest=pins.digest(name, chart_version),
                mirror=source,
                cache_dir=upstream.cache,
                client=client,
                report=upstream.progress,
            )
            packed_here = isinstance(source, Directory) and not (source.path / dependency.archive).is_file()
            sha256 = None if packed_here else vendored.sha256
            charts.append(read_chart(target))
    own = {
        build.profile.name: {key: value for key, value in build.values.get(name, {}).items() if key != "enabled"}
        for build in builds
    }
    return plan_bump(charts[0], charts[1], pins, own), sha256

"""Leaves out of the dashboards what only workloads feed that the cluster does not have (``cluster.absent``)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.dashboards.logs import used_by_panels
from generator.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from generator.build.sources import Sources
    from generator.catalogue.spec import Exporter
    from generator.choices.profiles import Profile
    from generator.dashboards.spec import Dashboard, Panel, Row
    from generator.verify.spec import Finding

_TARGET = re.compile(r"rows\[(\d+)\]\.panels\[(\d+)\]\.targets\[(\d+)\]")
_OWNER = re.compile(r"rows\[\d+\]\.panels\[\d+\]\.targets\[\d+\]|variables\[\d+\]")
_TargetIndex = tuple[int, int, int]


def absent_workloads(profile: Profile, sources: Sources) -> frozenset[str]:
    """Returns the monitors of the workloads that the cluster does not have (``cluster.absent``).

    Raises:
        InputError: it names what is no monitor.
    """
    absent = frozenset(name for name, reason in profile.choices["cluster"]["absent"].items() if reason is not None)
    unknown = sorted(absent - sources.monitors.keys())
    if unknown:
        file = f"profile {profile.name}"
        raise InputError(
            *(
                Problem(f"unknown monitor '{name}'", file, "cluster.absent", hint=nearest(name, sources.monitors))
                for name in unknown
            )
        )
    return absent


def without_absent(
    dashboards: Mapping[str, Dashboard],
    exporters: Mapping[str, Exporter],
    absent: Collection[str],
    findings: Sequence[Finding],
) -> tuple[dict[str, Dashboard], tuple[Finding, ...]]:
    """Leaves out the queries, panels and rows that only absent workloads feed.

    What is left out is what the check on queries finds: nothing scrapes it, and its workload is said to be absent. A
    dashboard of which nothing would be left stays as it is: it has a switch of its own.

    Args:
        dashboards: the dashboards by name.
        exporters: the catalogue.
        absent: what absent_workloads returns.
        findings: what the check finds in these dashboards and in the rules.

    Returns:
        The dashboards, and the findings without those about what was left out; they name the places of the files.
    """
    gone = _places(findings, _missing(exporters, absent))
    trimmed = {
        name: _trimmed(dashboard, gone[dashboard.file]) if dashboard.file in gone else dashboard
        for name, dashboard in dashboards.items()
    }
    left_out = {
        (dashboard.file, place)
        for name, dashboard in dashboards.items()
        if trimmed[name] is not dashboard
        for place in _left_out(dashboard, trimmed[name], gone[dashboard.file])
    }
    return trimmed, tuple(finding for finding in findings if (finding.file, _owner(finding.place)) not in left_out)


def _owner(path: str) -> str:
    """Returns the target or the variable that a place of a finding lies in; "" for any other place."""
    match = _OWNER.match(path)
    return match[0] if match else ""


def _left_out(before: Dashboard, after: Dashboard, gone: Collection[_TargetIndex]) -> Iterator[str]:
    """Yields the places of the targets and variables of a dashboard that are left out."""
    for row, panel, target in gone:
        yield f"rows[{row}].panels[{panel}].targets[{target}]"
    kept = {variable.name for variable in after.variables}
    for index, variable in enumerate(before.variables):
        if variable.name not in kept:
            yield f"variables[{index}]"


def _missing(exporters: Mapping[str, Exporter], absent: Collection[str]) -> set[str]:
    """Returns the exporters that nothing but absent workloads have."""
    return {
        name
        for name, exporter in exporters.items()
        if any(exposure.monitor for exposure in exporter.exposures)
        and all(exposure.monitor in absent for exposure in exporter.exposures if exposure.monitor)
    }


def _places(findings: Iterable[Finding], missing: set[str]) -> dict[str, set[_TargetIndex]]:
    """Returns file → the queries (row, panel, target) that nothing answers because of the missing exporters."""
    places: dict[str, set[_TargetIndex]] = {}
    for finding in findings:
        match = _TARGET.fullmatch(finding.place)
        if finding.check == "off" and match and set(finding.subjects) <= missing:
            places.setdefault(finding.file, set()).add((int(match[1]), int(match[2]), int(match[3])))
    return places


def _trimmed(spec: Dashboard, gone: Collection[_TargetIndex]) -> Dashboard:
    rows = tuple(_rows(spec.rows, gone))
    if not rows:
        return spec
    trimmed = replace(spec, rows=rows)
    unused = used_by_panels(spec) - used_by_panels(trimmed)
    return replace(trimmed, variables=tuple(variable for variable in spec.variables if variable.name not in unused))


def _rows(rows: tuple[Row, ...], gone: Collection[_TargetIndex]) -> Iterator[Row]:
    for index, row in enumerate(rows):
        panels = [_panel(panel, index, place, gone) for place, panel in enumerate(row.panels)]
        left = tuple(panel for panel in panels if panel is not None)
        # A row of which only texts are left explains what is no longer there.
        if left == row.panels or any(panel.targets for panel in left):
            yield replace(row, panels=left)


def _panel(panel: Panel, row: int, place: int, gone: Collection[_TargetIndex]) -> Panel | None:
    targets = tuple(target for index, target in enumerate(panel.targets) if (row, place, index) not in gone)
    return replace(panel, targets=targets) if targets or not panel.targets else None

"""Leaves out of dashboards and rules what only workloads feed that the cluster does not have (see absent.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from generator.build.absent import of_absent
from generator.build.findings import accepted, exemptions_of, findings_of_logs, raw_findings
from generator.dashboards.logs import log_queries, used_by_panels, variable_texts
from generator.errors import Problem, listed
from generator.promql.references import used_variables
from generator.verify.exemptions import fits
from generator.verify.verifier import whole_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.dashboards.spec import Dashboard, Panel, Row
    from generator.promql.expression import Expression
    from generator.rules.brought import BroughtRules
    from generator.rules.spec import Rules
    from generator.verify.prepare import Item
    from generator.verify.spec import Finding

_OWNER = re.compile(
    r"rows\[\d+\]\.panels\[\d+\]\.targets\[\d+\]|(?:variables|counts|records|alerts)\[\d+\]|slos\.[^.]+"
    r"|(?:\[\d+\]\.)?(?:items\[\d+\]\.)*(?:spec\.)?groups\[\d+\]\.rules\[\d+\]"
)
"""Matches the part of a place that is left out as a whole."""

_LISTED = 5
"""Most rules that a warning names."""


class LeftOut(NamedTuple):
    """What is left.

    Attributes:
        sources: the sources without what is left out of their files.
        dashboards: the dashboards of which nothing is left; they are in the sources still, whole.
        rules: the files of rules of which nothing is left, likewise.
        findings: what is wrong with the rest; they name the places of the files.
        said: which rules are left out of files in Prometheus' own form, which others wrote.
    """

    sources: Sources
    dashboards: frozenset[str]
    rules: frozenset[str]
    findings: tuple[Finding, ...]
    said: tuple[Problem, ...]


def without_absent(build: Build, absent: Collection[str]) -> LeftOut:
    """Leaves out what only absent workloads feed: queries, panels, rows and dashboards, records, objectives and alerts.

    What is left out is what the check on queries finds: nothing scrapes it, and its workload is said to be absent. What
    reads a record that goes is found too. A menu without entries takes the panels along that show nothing without a
    choice from it. Exemptions of what is left out are no longer needed, and no finding.

    Args:
        build: the Build with the monitors of these workloads off.
        absent: the workloads.
    """
    prepared, found = raw_findings(build)
    items: dict[str, list[Item]] = {}
    for item in prepared.items:
        items.setdefault(item.expression.file, []).append(item)
    silent = _silent(found, absent)
    sources, gone = build.sources, {file: set(places) for file, places in silent.items()}
    dashboards: dict[str, Dashboard | None] = {}
    for name, dashboard in sources.dashboards.items():
        targets = _targets(dashboard, items.get(dashboard.file, ()), silent.get(dashboard.file, frozenset()))
        dashboards[name] = _dashboard(dashboard, targets)
        gone[dashboard.file] = gone.get(dashboard.file, set()) | targets
    rules: dict[str, Rules | None] = {}
    for name, spec in sources.rules.items():
        places = silent.get(spec.file, frozenset()) | _alerts(spec, absent)
        rules[name] = _rules(spec, places)
        gone[spec.file] = gone.get(spec.file, set()) | places
    brought = {
        name: one.without(silent[one.file]) if one.file in silent else one
        for name, one in sources.brought_rules.items()
    }
    whole = {sources.dashboards[name].file for name, left in dashboards.items() if left is None}
    whole |= {sources.rules[name].file for name, left in rules.items() if left is None}
    whole |= {sources.brought_rules[name].file for name, left in brought.items() if left is None}

    def stays(finding: Finding | Expression) -> bool:
        return finding.file not in whole and _owner(finding.place) not in gone.get(finding.file, ())

    findings = whole_files([item for item in prepared.items if stays(item.expression)], list(filter(stays, found)))
    touched = whole | {file for file, places in gone.items() if places}
    exemptions = [
        exemption
        for exemption in exemptions_of(build)
        if any(fits(exemption, finding) for finding in findings)
        or not exemption.reason.strip()
        or not (exemption.file in touched or any(fits(exemption, finding) for finding in found))
    ]
    return LeftOut(
        replace(
            sources,
            dashboards={name: left or sources.dashboards[name] for name, left in dashboards.items()},
            rules={name: left or sources.rules[name] for name, left in rules.items()},
            brought_rules={name: left or sources.brought_rules[name] for name, left in brought.items()},
        ),
        frozenset(name for name, left in dashboards.items() if left is None),
        frozenset(name for name, left in (*rules.items(), *brought.items()) if left is None),
        (*accepted(prepared, findings, exemptions), *filter(stays, findings_of_logs(build))),
        tuple(_said(one, silent[one.file]) for one in sources.brought_rules.values() if one.file in silent),
    )


def _said(brought: BroughtRules, gone: Collection[str]) -> Problem:
    names = dict.fromkeys(rule.get("alert") or rule["record"] for _, place, rule in brought.rules() if place in gone)
    said = listed(list(names), _LISTED)
    return Problem(f"left out, as nothing of theirs is in this cluster (cluster.absent): {said}", brought.file)


def _silent(found: Iterable[Finding], absent: Collection[str]) -> dict[str, frozenset[str]]:
    """Returns file → the places of which nothing comes because of absent workloads; menus are among them."""
    places: dict[str, set[str]] = {}
    for finding in found:
        if of_absent(finding, absent):
            places.setdefault(finding.file, set()).add(_owner(finding.place))
    return {file: frozenset(owners) for file, owners in places.items()}


def _owner(place: str) -> str:
    """Returns the part of a place that is left out as a whole; the place itself for any other."""
    match = _OWNER.match(place)
    return match[0] if match else place


def _targets(dashboard: Dashboard, items: Iterable[Item], silent: frozenset[str]) -> set[str]:
    """Returns the places of the targets that show nothing: silent ones, and those that use an empty menu's choice."""
    if not silent:
        return set()
    empty = _empty_menus(dashboard, silent)
    targets = {place for place in silent if place.startswith("rows[")}
    targets |= {item.expression.place for item in items if item.expression.kind == "target" and item.variables & empty}
    return targets | {
        query.path
        for _, query in log_queries(dashboard)
        if any(used_variables(lines.text) & empty for lines in query.written)
    }


def _empty_menus(dashboard: Dashboard, silent: Collection[str]) -> set[str]:
    """Returns the variables that hold nothing: no entry comes, and "All", if there is one, stands for all entries."""
    empty: set[str] = set()
    for index, variable in enumerate(dashboard.variables):
        asks = {name for text in variable_texts(dashboard, index) for name in used_variables(text)}
        if (f"variables[{index}]" in silent or asks & empty) and not variable.all_value:
            empty.add(variable.name)
    return empty


def _dashboard(spec: Dashboard, targets: Collection[str]) -> Dashboard | None:
    """Returns a dashboard without some of its targets; None if it has none any more."""
    if not targets:
        return spec
    rows = tuple(_rows(spec.rows, targets))
    if not any(panel.targets for row in rows for panel in row.panels):
        return None
    trimmed = replace(spec, rows=rows)
    unused = used_by_panels(spec) - used_by_panels(trimmed)
    return replace(trimmed, variables=tuple(variable for variable in spec.variables if variable.name not in unused))


def _rows(rows: tuple[Row, ...], gone: Collection[str]) -> Iterator[Row]:
    for index, row in enumerate(rows):
        panels = [_panel(panel, f"rows[{index}].panels[{place}]", gone) for place, panel in enumerate(row.panels)]
        left = tuple(panel for panel in panels if panel is not None)
        # A row of which only texts are left explains what is no longer there.
        if left == row.panels or any(panel.targets for panel in left):
            yield replace(row, panels=left)


def _panel(panel: Panel, path: str, gone: Collection[str]) -> Panel | None:
    targets = tuple(target for index, target in enumerate(panel.targets) if f"{path}.targets[{index}]" not in gone)
    return replace(panel, targets=targets) if targets or not panel.targets else None


def _alerts(spec: Rules, absent: Collection[str]) -> set[str]:
    """Returns the places of objectives and alerts about absent workloads: all of a file, or single ones."""
    if spec.workload in absent:
        return {*(f"slos.{name}" for name in spec.slos), *(f"alerts[{index}]" for index in range(len(spec.alerts)))}
    return {f"alerts[{index}]" for index, alert in enumerate(spec.alerts) if alert.workload in absent}


def _rules(spec: Rules, gone: Collection[str]) -> Rules | None:
    """Returns a file of rules without some of its rules; None if it has none any more."""
    if not gone:
        return spec
    left = replace(
        spec,
        counts=tuple(count for index, count in enumerate(spec.counts) if f"counts[{index}]" not in gone),
        records=tuple(record for index, record in enumerate(spec.records) if f"records[{index}]" not in gone),
        slos={name: slo for name, slo in spec.slos.items() if f"slos.{name}" not in gone},
        alerts=tuple(alert for index, alert in enumerate(spec.alerts) if f"alerts[{index}]" not in gone),
    )
    return left if left.counts or left.records or left.slos or left.alerts else None

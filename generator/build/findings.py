"""Holds a profile's dashboards and rules against the catalogue: does something emit all that they query?"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.build.absent import absent_workloads, brought_by_absent, of_absent
from generator.build.sources import exemptions
from generator.build.switches import switches
from generator.catalogue.known import DropRules, complete_beginnings, gone_names, known_series
from generator.dashboards.logs import asks_logs
from generator.dashboards.queries import expressions as dashboard_expressions
from generator.dashboards.queries import shipped_texts
from generator.errors import InputError, Problem
from generator.files.location import sources_root
from generator.files.nested import value_at
from generator.files.positions import document_reader
from generator.rules.groups import expressions as rule_expressions
from generator.rules.recorded import recorded
from generator.verify.checks.logs import log_findings
from generator.verify.empty import coverage, forgiven, queries
from generator.verify.exemptions import exempted
from generator.verify.locate import located
from generator.verify.prepare import Prepared, prepare
from generator.verify.render import subject
from generator.verify.scope import dashboard_scope
from generator.verify.unscraped import ALL_MONITORS
from generator.verify.verifier import check, check_each, whole_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.catalogue.spec import Exposure, KnownSeries
    from generator.promql.expression import Expression
    from generator.verify.spec import Exemption, Finding, Scope


def findings(build: Build) -> tuple[Finding, ...]:
    """Checks every query of every dashboard and rule that the Build switches on.

    Returns:
        What is wrong, in the order of the files; () if everything that is queried is emitted.

    Raises:
        InputError: a shorthand cannot be written out.
    """
    if build.checked is not None:
        return _softened(build, (*build.checked, *_findings_of_brought(build)))
    return _softened(build, (*findings_of_metrics(build), *findings_of_logs(build)))


_REFUSED = frozenset(("exemption", "experimental", "operator", "syntax"))
"""Checks whose findings mean that Prometheus or the operator refuses a query, or gen-chart an exemption of it."""


def _refused(finding: Finding) -> bool:
    """Returns whether a finding means a refusal; of joins it is that of many buckets with one series."""
    return finding.check in _REFUSED or (finding.check == "join" and finding.subjects == ("le",))


def _softened(build: Build, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Returns findings; about files in Grafana's or Prometheus' own form they are warnings, unless it is refused.

    Others wrote those files, often for more than one kind of cluster: what is odd or dead in them is said and shipped.
    """
    sources = build.sources
    files = {one.file for one in sources.brought_dashboards.values()} | {
        one.file for one in sources.brought_rules.values()
    }
    if not files:
        return tuple(found)
    return tuple(replace(one, severity="warning") if one.file in files and not _refused(one) else one for one in found)


def findings_of_metrics(build: Build) -> tuple[Finding, ...]:
    """Returns the part of findings that is about queries for Prometheus."""
    checked, found = raw_findings(build)
    own = accepted(checked, whole_files(checked.items, found), exemptions_of(build))
    return (*own, *_findings_of_brought(build))


def raw_findings(build: Build) -> tuple[Prepared, tuple[Finding, ...]]:
    """Returns the queries for Prometheus, parsed, and what is wrong with each of them whether it is exempt or not."""
    build = replace(build, values=switches(build.values, build.pins.charts))
    catalogue = series(build)
    own = prepared(build.sources, build.values, catalogue, brought=_brought(build))
    exporters = build.sources.exporters
    return own, check_each(own, catalogue, gone_names(exporters), complete=complete_beginnings(exporters))


def _brought(build: Build) -> Iterator[str]:
    """Yields the files that the profile's layers name: what they ask for may be more than the catalogue knows."""
    for block in ("dashboards", "rules"):
        yield from build.profile.choices[block].get("extra", ())


def exemptions_of(build: Build) -> tuple[Exemption, ...]:
    """Returns the findings that are accepted, those of this project and of the profile, but for brought dashboards."""
    brought = {one.file for one in build.sources.brought_dashboards.values()}
    return tuple(exemption for exemption in _every_exemption(build) if exemption.file not in brought)


def _every_exemption(build: Build) -> tuple[Exemption, ...]:
    profile = build.profile
    own = exemptions(profile.choices["exemptions"], origin=profile.origins["exemptions"])
    return (*build.sources.exemptions, *own)


def accepted(checked: Prepared, found: Sequence[Finding], exemptions: Sequence[Exemption]) -> tuple[Finding, ...]:
    """Returns what is wrong and not exempt, and exemptions that are wrong themselves."""
    return tuple(exempted(checked, found, exemptions, report_unused=True))


def findings_of_logs(build: Build) -> tuple[Finding, ...]:
    """Returns the part of findings that is about queries for lines of logs."""
    block = switches(build.values, build.pins.charts)["dashboards"]
    return tuple(
        finding
        for name, dashboard in build.sources.dashboards.items()
        if asks_logs(dashboard) and _on(block, name)
        for finding in log_findings(dashboard, build.sources.log_fields)
    )


class DashboardResult(NamedTuple):
    """What is wrong with a dashboard that others made.

    Attributes:
        findings: what was found.
        coverage: one line: how many of its queries were checked, and whose the others are.
        checked: how many those are.
        left_out: how many the others are.
    """

    findings: tuple[Finding, ...]
    coverage: str
    checked: int
    left_out: int


def dashboard_findings(path: Path, build: Build) -> DashboardResult:
    """Checks a dashboard that others made, a file of Grafana's JSON, against what this Build's Prometheus holds.

    What the Build's exemptions accept is left out.

    Raises:
        InputError: the file cannot be read, or is no Grafana dashboard.
    """
    from generator.verify.grafana import read_grafana

    return _foreign(*read_grafana(path), build, _every_exemption(build), report_unused=False)


def _findings_of_brought(build: Build) -> tuple[Finding, ...]:
    """Returns the findings about dashboards that a person brings in Grafana's own form, those that are on."""
    if not build.sources.brought_dashboards:
        return ()
    from generator.verify.grafana import grafana_dashboard

    build = replace(build, values=switches(build.values, build.pins.charts))
    block = build.values["dashboards"]
    every = _every_exemption(build)
    absent = absent_workloads(build.profile, build.sources)
    return tuple(
        _stays(finding, name) if of_absent(finding, absent) else finding
        for name, one in build.sources.brought_dashboards.items()
        if _on(block, name)
        for finding in _foreign(
            *grafana_dashboard(one.data, one.file),
            build,
            [exemption for exemption in every if exemption.file == one.file],
            report_unused=True,
        ).findings
    )


def _stays(finding: Finding, name: str) -> Finding:
    """Returns what is said of a query for an absent workload in a file of which nothing is taken out."""
    missing = " and ".join(switch.split(".")[1] for switch in finding.off if switch.startswith("monitors."))
    return replace(
        finding,
        message=f"nothing comes of this: cluster.absent says that there is no {missing} here",
        hint=f"it stays, since a dashboard in Grafana's own form is shipped whole: take it out of the file, or say "
        f"dashboards.{name}.enabled: false",
    )


def _foreign(
    asked: Sequence[Expression],
    scope: Scope,
    build: Build,
    exemptions: Sequence[Exemption],
    *,
    report_unused: bool,
) -> DashboardResult:
    sources, values = build.sources, build.values
    queried = prepare(
        asked,
        [scope],
        list(_rules(sources, values)),
        brought=[scope.file],
        unrecorded=_unrecorded(sources, values),
    )
    exporters = sources.exporters
    found = check(queried, series(build), gone_names(exporters), complete=complete_beginnings(exporters))
    kept = exempted(queried, forgiven(queried.items, found, scope), exemptions, report_unused=report_unused)
    return DashboardResult(
        tuple(kept),
        coverage(queried.items, scope),
        checked=queries(queried.items),
        left_out=sum(scope.left_out.values()),
    )


def refuse_errors(findings: tuple[Finding, ...]) -> None:
    """Raises an InputError if a finding is an error; generation stops before anything is written.

    Raises:
        InputError: one Problem for each error.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InputError(*(_problem(finding) for finding in with_positions(errors)))


SHOWN = 3
"""How many warnings of one check about one file generation prints: a file that others wrote may have hundreds."""


def warnings_of(findings: tuple[Finding, ...]) -> tuple[Problem, ...]:
    """Returns the findings that are warnings as Problems; generation says them and goes on."""
    said: Counter[tuple[str, str]] = Counter()
    shown = []
    for finding in findings:
        if finding.severity == "warning":
            said[finding.file, finding.check] += 1
            if said[finding.file, finding.check] <= SHOWN:
                shown.append(finding)
    more = (
        Problem(f"[{check}] {number - SHOWN} more like these", file, hint="gen-chart verify lists all")
        for (file, check), number in said.items()
        if number > SHOWN
    )
    return (*(_problem(finding) for finding in with_positions(shown)), *more)


def with_positions(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Returns findings with their lines and fragments; reads only files that a finding is about."""
    return located(findings, document_reader(Path(), sources_root())) if findings else ()


def _problem(finding: Finding) -> Problem:
    message = f"[{finding.check}] {finding.message}"
    return Problem(message, finding.file, subject(finding), line=finding.line, hint=finding.hint)


def prepared(
    sources: Sources,
    values: Mapping[str, Any],
    catalogue: Mapping[str, tuple[KnownSeries, ...]] | None = None,
    *,
    brought: Iterable[str] = (),
) -> Prepared:
    """Parses the queries of all dashboards and rules that the chart's values switch on.

    Args:
        sources: what there is.
        values: the chart's values.
        catalogue: what Prometheus may hold. With it, records of files that are off are known where nothing that they
            read is scraped: then that is what is wrong with a query of theirs, and not the name.
        brought: the files that people bring.
    """
    dashboards = [spec for name, spec in sources.dashboards.items() if _on(values["dashboards"], name)]
    queries = [query for spec in dashboards for query in dashboard_expressions(spec)]
    off = [rule for rule in _rules(sources, values, on=False) if rule.kind == "record"]
    silent = [] if catalogue is None else _silent_records(off, catalogue)
    scopes = [dashboard_scope(spec) for spec in dashboards]
    return prepare(
        [*queries, *_rules(sources, values)],
        scopes,
        silent,
        brought=brought,
        unrecorded=_unrecorded(sources, values),
        read=_read(sources),
    )


_RECORD = re.compile(r"[A-Za-z_]\w*:[\w:]+")
"""Matches the name of a record, by its colons."""


def _read(sources: Sources) -> Iterator[str]:
    """Yields the records that the dashboards read, those that are off, too, as they are shipped."""
    records = recorded(sources.rules.values())
    for dashboard in sources.dashboards.values():
        yield from shipped_texts(dashboard, records)["records"]
        for query in dashboard_expressions(dashboard):
            yield from _RECORD.findall(query.text)


def _rules(sources: Sources, values: Mapping[str, Any], *, on: bool = True) -> Iterator[Expression]:
    block = values["rules"]
    yield from rule_expressions(
        {name: spec for name, spec in sources.rules.items() if _on(block, name, spec.enabled) is on}
    )
    if sources.brought_rules:
        from generator.rules.brought import brought_expressions

        yield from brought_expressions(
            one for name, one in sources.brought_rules.items() if _on(block, name, one.enabled) is on
        )


def _unrecorded(sources: Sources, values: Mapping[str, Any]) -> dict[str, str]:
    """Returns the records of files that are off, each with its file and the choice that has it off."""
    block = values["rules"]
    return {
        rule.name: f"{rule.file} records it; switch '{path}' on"
        for name, spec in sources.rules.items()
        if not _on(block, name, spec.enabled)
        for path in (f"rules.{name}.enabled" if block["enabled"] else "rules.enabled",)
        for rule in rule_expressions({name: spec})
        if rule.kind == "record"
    }


def _silent_records(off: Iterable[Expression], catalogue: Mapping[str, tuple[KnownSeries, ...]]) -> list[Expression]:
    """Returns the records of files that are off of which nothing would come if they were on.

    A record of counts asks ``up`` besides, which every target has.
    """
    return [
        item.expression
        for item in prepare(off).items
        if not any(known.enabled for name in item.names - {"up"} for known in catalogue.get(name, ()))
    ]


def series(build: Build) -> dict[str, tuple[KnownSeries, ...]]:
    """Returns what Prometheus may hold, by name; what is off is in it too, and marked."""
    monitors = build.values["monitors"]
    drops = DropRules(tuple(monitors["dropMetrics"]), tuple(monitors["dropLabels"]))
    sources = build.sources
    return known_series(
        sources.exporters, sources.monitors, enabled=scraped(build), common_drops=drops, switch=off_switch(build)
    )


def scraped(build: Build) -> Callable[[Exposure], bool]:
    """Returns a function that says whether an exposure is scraped.

    By one of our monitors, by an upstream chart that is on, or by the cluster itself (``cluster.scrapes``), which has
    nothing to scrape of an absent workload.
    """
    values, switch = build.values, off_switch(build)
    scrapes = {name for name, reason in build.profile.choices["cluster"]["scrapes"].items() if reason is not None}
    absent = absent_workloads(build.profile, build.sources)
    scraped_by_cluster = scrapes - brought_by_absent(build.sources.exporters, absent)

    def answer(exposure: Exposure) -> bool:
        if exposure.component in scraped_by_cluster:
            return True
        chart_on = not exposure.component or bool(values.get(exposure.component, {}).get("enabled"))
        return chart_on and not switch(exposure)

    return answer


def off_switch(build: Build) -> Callable[[Exposure], str]:
    """Returns a function that says which choice keeps an exposure from being scraped; "" if none does.

    Of an upstream chart that is off as a whole it says nothing; of one that is on, which of its values is false. Of our
    monitors' several choices it names the first of ``monitors.NAME.enabled``,
    ``monitors.NAME.endpoints.NAME.enabled``, ``monitors.enabled``.
    """
    monitors, values = build.sources.monitors, build.values["monitors"]

    def answer(exposure: Exposure) -> str:
        if exposure.component:
            chart = build.values.get(exposure.component, {})
            off = (path for path in exposure.switches if value_at(chart, path.split(".")) is False)
            return next((f"{exposure.component}.{path}" for path in off), "") if chart.get("enabled") else ""
        if exposure.monitor not in monitors:
            return ""
        spec, own = monitors[exposure.monitor], values.get(exposure.monitor, {})
        endpoint = spec["endpoints"].get(exposure.endpoint, {})
        chosen = own.get("endpoints", {}).get(exposure.endpoint, {})
        path = f"monitors.{exposure.monitor}"
        switches = {
            f"{path}.enabled": own.get("enabled", spec.get("enabled", True)),
            f"{path}.endpoints.{exposure.endpoint}.enabled": chosen.get("enabled", endpoint.get("enabled", True)),
            ALL_MONITORS: values["enabled"],
        }
        return next((name for name, on in switches.items() if not on), "")

    return answer


def _on(block: Mapping[str, Any], name: str, default: bool = True) -> bool:
    return bool(block["enabled"] and block.get(name, {}).get("enabled", default))

"""Holds a profile's dashboards and rules against the catalogue: does something emit all that they query?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.build.assemble import chart_values
from generator.build.sources import exemptions
from generator.catalogue.known import Drops, gone_names, known_series
from generator.dashboards.logs import asks_logs
from generator.dashboards.queries import expressions as dashboard_expressions
from generator.errors import InputError, Problem
from generator.rules import expressions as rule_expressions
from generator.verify import Prepared, check, dashboard_scope, prepare
from generator.verify.logs import log_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.catalogue.spec import Exposure, Known
    from generator.choices.profiles import Profile
    from generator.promql.expression import Expression
    from generator.verify import Finding


def verify_profile(profile: Profile, sources: Sources) -> tuple[Finding, ...]:
    """Checks every query of every dashboard and rule that the profile switches on.

    Returns:
        What is wrong, in the order of the files; () if everything that is queried is emitted.

    Raises:
        InputError: choices contradict each other, or a shorthand cannot be written out.
    """
    values = chart_values(profile, sources)
    metrics = check(
        prepared(sources, values),
        series(profile, sources, values),
        gone_names(sources.exporters),
        exemptions=(
            *sources.exemptions,
            *exemptions(profile.choices["exemptions"], origin=f"profile {profile.name}: exemptions"),
        ),
    )
    return (*metrics, *_log_findings(sources, values))


def _log_findings(sources: Sources, values: Mapping[str, Any]) -> Iterator[Finding]:
    for name, dashboard in sources.dashboards.items():
        if asks_logs(dashboard) and _on(values["dashboards"], name):
            yield from log_findings(dashboard, sources.log_fields)


def verify_foreign(path: Path, profile: Profile, sources: Sources) -> tuple[Finding, ...]:
    """Checks a dashboard that others made, a file of Grafana's JSON, against what this profile's Prometheus holds.

    Raises:
        InputError: the file cannot be read, or is no Grafana dashboard.
    """
    from generator.verify.grafana import read_grafana

    queries, scope = read_grafana(path)
    values = chart_values(profile, sources)
    return check(
        prepare(queries, [scope], list(_rules(sources, values))),
        series(profile, sources, values),
        gone_names(sources.exporters),
    )


def refuse_errors(findings: tuple[Finding, ...]) -> None:
    """Raises an InputError if a finding is an error; generation stops before anything is written.

    Raises:
        InputError: one Problem for each error.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InputError(*(_problem(finding) for finding in errors))


def _problem(finding: Finding) -> Problem:
    where = f"'{finding.name}' ({finding.place})" if finding.name else finding.place
    return Problem(f"[{finding.check}] {finding.message}", finding.file, where, hint=finding.hint)


def prepared(sources: Sources, values: Mapping[str, Any]) -> Prepared:
    """Parses the queries of all dashboards and rules that the chart's values switch on."""
    dashboards = [spec for name, spec in sources.dashboards.items() if _on(values["dashboards"], name)]
    queries = [query for spec in dashboards for query in dashboard_expressions(spec)]
    return prepare([*queries, *_rules(sources, values)], [dashboard_scope(spec) for spec in dashboards])


def _rules(sources: Sources, values: Mapping[str, Any]) -> Iterator[Expression]:
    return rule_expressions(
        {name: spec for name, spec in sources.rules.items() if _on(values["rules"], name, spec.enabled)}
    )


def series(profile: Profile, sources: Sources, values: Mapping[str, Any]) -> dict[str, tuple[Known, ...]]:
    """Gives what Prometheus may hold in this profile, by name; what is off is in it too, and marked."""
    monitors = values["monitors"]
    drops = Drops(tuple(monitors["dropMetrics"]), tuple(monitors["dropLabels"]))
    enabled = scraped(profile, sources, values)
    return known_series(sources.exporters, sources.monitors, enabled=enabled, common_drops=drops)


def scraped(profile: Profile, sources: Sources, values: Mapping[str, Any]) -> Callable[[Exposure], bool]:
    """Gives a function that says whether an exposure is scraped in this profile.

    By one of our monitors, by an upstream chart that is on, or by the cluster itself (``cluster.scrapes``).
    """
    theirs = {name for name, reason in profile.choices["cluster"]["scrapes"].items() if reason is not None}

    def answer(exposure: Exposure) -> bool:
        if exposure.component:
            return bool(values.get(exposure.component, {}).get("enabled")) or exposure.component in theirs
        if not exposure.monitor or exposure.monitor not in sources.monitors:
            return True
        spec = sources.monitors[exposure.monitor]
        own = values["monitors"].get(exposure.monitor, {})
        endpoint = spec["endpoints"].get(exposure.endpoint, {})
        chosen = own.get("endpoints", {}).get(exposure.endpoint, {})
        switches = (
            values["monitors"]["enabled"],
            own.get("enabled", spec.get("enabled", True)),
            chosen.get("enabled", endpoint.get("enabled", True)),
        )
        return all(switches)

    return answer


def _on(block: Mapping[str, Any], name: str, default: bool = True) -> bool:
    return bool(block["enabled"] and block.get(name, {}).get("enabled", default))

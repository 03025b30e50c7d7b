"""The Build: everything that a chart, findings, Applications, images and packages are functions of, made once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from generator.build.absent import absent_workloads, without_files, without_monitors
from generator.build.chart import chart_values
from generator.build.extra_files import with_extra_files
from generator.build.laying import override_warnings
from generator.build.log_panels import without_log_panels
from generator.build.profile import resolve_request
from generator.stack import components
from generator.stack.alertmanager.plain_secrets import plain_secret_warnings
from generator.stack.alertmanager.problems import alert_notices, unsent_warnings
from generator.stack.mcp.needs import refuse_what_is_missing
from generator.stack.opensearch.clients import refuse_clients_without_opensearch
from generator.stack.secrets.secret_templates import issuer_warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.build.sources import Sources
    from generator.choices.pins import Pins
    from generator.choices.profiles import Profile
    from generator.choices.request import Request
    from generator.errors import Problem
    from generator.stack.component import Component
    from generator.verify.spec import Finding


@dataclass(frozen=True)
class Build:
    """One chart on its way, before it is written out.

    Attributes:
        profile: every choice, resolved.
        sources: the sources as this profile needs them: with a person's files, without panels that have nothing to
            show here.
        components: the upstream charts and what this profile gives each of them.
        values: the chart's values, complete.
        warnings: what has to be said about the request.
        notices: what has to be said when the chart is written, and not at each look at it: that alerts reach nobody.
        checked: what the check on queries has found, where fitting the sources has needed it already.
    """

    profile: Profile
    sources: Sources
    components: tuple[Component, ...]
    values: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()
    checked: tuple[Finding, ...] | None = field(default=None, compare=False)

    @property
    def pins(self) -> Pins:
        """The versions of the upstream charts and of the images."""
        return self.sources.pins


def make_build(request: Request, sources: Sources) -> Build:
    """Makes the Build of a request.

    Raises:
        InputError: see resolve_request and fit.
    """
    profile, warnings = resolve_request(request, sources)
    return fit(profile, sources, warnings)


def fit(profile: Profile, sources: Sources, warnings: tuple[Problem, ...] = ()) -> Build:
    """Makes the Build of a profile.

    A person's files (``dashboards.extra``, ``rules.extra``) are read and checked like the built-in ones; log panels go
    where no logs are kept; and what only absent workloads feed goes (``cluster.absent``).

    Raises:
        InputError: choices contradict each other, or see with_extra_files, absent_workloads and without_monitors.
    """
    sources, said = with_extra_files(profile, sources)
    sources = without_log_panels(profile, sources)
    absent = absent_workloads(profile, sources)
    profile = without_monitors(profile, sources, absent)
    stack = components(profile)
    values = chart_values(profile, sources, stack)
    ours = {component.name: component.values for component in stack}
    warned = (
        *warnings,
        *said,
        *override_warnings(profile, ours, values),
        *unsent_warnings(profile),
        *issuer_warnings(profile),
        *plain_secret_warnings(profile),
    )
    build = Build(profile, sources, stack, values, warned, alert_notices(profile, values))
    refuse_clients_without_opensearch(profile, build.values)
    refuse_what_is_missing(profile, build.values)
    if not absent:
        return build
    from generator.build.left_out import without_absent

    left = without_absent(build, absent)
    profile = without_files(profile, {"dashboards": left.dashboards, "rules": left.rules}, absent)
    values = chart_values(profile, left.sources, stack)
    warned = (*build.warnings, *left.said)
    return replace(build, profile=profile, sources=left.sources, values=values, warnings=warned, checked=left.findings)

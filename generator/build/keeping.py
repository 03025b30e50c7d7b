"""What is stored where only what somebody asks for is wanted (``monitors.keep: asked``): a list for each exporter.

Our monitors get the list of each of their endpoints. The exporters of kube-prometheus-stack get theirs through a scrape
class of its Prometheus, since a list of relabelings in its values would take the place of the one that it has there.
kube-state-metrics is told what to serve at all: of a large cluster it would else write hundreds of megabytes a scrape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from generator.build.asked import STACK, asked, asked_by_stack
from generator.catalogue.known import ANY, DropRules, known_series
from generator.choices.profiles import merge
from generator.errors import InputError, Problem
from generator.files.nested import value_at
from generator.monitors.scrapes import is_re2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile
    from generator.stack.component import Component

_SCRAPE_CLASSES = ("prometheus", "prometheusSpec", "scrapeClasses")
STATE = "kube-state-metrics"
SCRAPE_CLASS = "ai-ml-observability-asked"
_MARK = "__tmp_asked"
"""A label for as long as the rules run. Metric relabelling stores even what begins with ``__``, so it is taken off."""

_OF_PROGRAMS = ("go_", "process_", "python_", "rest_client_", "workqueue_")
"""Beginnings of names that libraries bring into any program: the catalogue need not have them of each exporter."""


@dataclass(frozen=True)
class Kept:
    """What is kept.

    Attributes:
        endpoints: monitor → endpoint → the names that it brings and somebody asks for.
        stack: job of an exporter of kube-prometheus-stack → such names.
        state: such names of kube-state-metrics.
        anywhere: expressions of names of which nobody knows who brings them, or that any program may: kept everywhere.
        of_stack: such names that kube-prometheus-stack's own rules and dashboards ask for, of its own exporters.
    """

    endpoints: Mapping[str, Mapping[str, frozenset[str]]]
    stack: Mapping[str, frozenset[str]]
    state: frozenset[str]
    anywhere: tuple[str, ...]
    of_stack: tuple[str, ...]


def kept(profile: Profile, sources: Sources) -> Kept:
    """Returns what each exporter's list holds.

    Raises:
        InputError: OpenCost is on, which asks for what nobody has listed; an expression of alsoKeep cannot be read; a
            person has a default scrape class, of which there can be one; or see asked.
    """
    _refuse(profile)
    also = profile.choices["monitors"]["alsoKeep"]
    ours = asked(sources, lenient=bool(also))
    theirs = _of_stack(profile)
    exporters = sources.exporters
    everywhere = {name for name, each in exporters.items() if any(one.monitor == ANY for one in each.exposures)}
    known = known_series(exporters, sources.monitors, enabled=lambda _: True, common_drops=DropRules())
    endpoints: dict[str, dict[str, set[str]]] = {
        name: {endpoint: set() for endpoint in spec["endpoints"]} for name, spec in sources.monitors.items()
    }
    stack: dict[str, set[str]] = {}
    state: set[str] = set()
    for name in ours.names | theirs:
        for way in known.get(name, ()):
            exposure = way.exposure
            if exposure.monitor in endpoints and name in ours.names:
                endpoints[exposure.monitor].setdefault(exposure.endpoint, set()).add(name)
            elif exposure.component == STACK and exposure.job:
                stack.setdefault(exposure.job, set()).add(name)
            elif exposure.component == STATE:
                state.add(name)
    for exporter in exporters.values():
        for exposure in exporter.exposures:
            if exposure.component == STACK and exposure.job and exporter.name not in everywhere:
                stack.setdefault(exposure.job, set())
    unknown = (name for name in ours.names if name not in known)
    shared = {name for name in ours.names | theirs if name.startswith(_OF_PROGRAMS)}
    return Kept(
        endpoints={name: {key: frozenset(each) for key, each in own.items()} for name, own in endpoints.items()},
        stack={job: frozenset(each) for job, each in sorted(stack.items())},
        state=frozenset(state),
        anywhere=(*sorted({*unknown, *(shared & ours.names)}), *ours.patterns, *also),
        of_stack=tuple(sorted((theirs - known.keys()) | (shared - ours.names))),
    )


def _of_stack(profile: Profile) -> frozenset[str]:
    if not profile.choices["components"][STACK]["enabled"]:
        return frozenset()
    shown = value_at(profile.choices["values"], (STACK, "grafana", "defaultDashboardsEnabled"))
    return asked_by_stack(dashboards=shown is not False)


def _refuse(profile: Profile) -> None:
    problems = []
    if profile.choices["components"]["opencost"]["enabled"]:
        message = "found 'asked' beside OpenCost, which asks Prometheus for series that are listed nowhere"
        where = profile.file_of("monitors", "keep")
        problems.append(Problem(message, where, "monitors.keep", hint="take 'all', or switch OpenCost off"))
    for index, pattern in enumerate(profile.choices["monitors"]["alsoKeep"]):
        if not is_re2(pattern):
            where = profile.file_of("monitors", "alsoKeep")
            problems.append(
                Problem(f"found '{pattern}', expected an RE2 expression", where, f"monitors.alsoKeep[{index}]")
            )
    given = value_at(profile.choices["values"], (STACK, *_SCRAPE_CLASSES))
    if isinstance(given, list) and any(isinstance(each, dict) and each.get("default") is True for each in given):
        keys = ("values", STACK, *_SCRAPE_CLASSES)
        message = (
            "found a default scrape class: with monitors.keep 'asked' this chart has one, and there can be no other"
        )
        problems.append(
            Problem(message, profile.file_of(*keys), ".".join(keys), hint="name it in your monitors instead")
        )
    if problems:
        raise InputError(*problems)


def keep_rules(profile: Profile, sources: Sources) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns the relabeling that keeps what is asked for, by monitor and endpoint.

    Under "" it is that of an endpoint that a person adds to a monitor: another port of the same workload.

    Raises:
        InputError: see kept.
    """
    found = kept(profile, sources)
    return {
        name: {
            key: keep_rule(found, names)
            for key, names in {"": frozenset(chain.from_iterable(endpoints.values())), **endpoints}.items()
        }
        for name, endpoints in found.endpoints.items()
    }


def keep_rule(found: Kept, names: Iterable[str]) -> dict[str, Any]:
    """Returns the relabeling that keeps some names and what is kept everywhere."""
    # An empty expression would stand for the default, which keeps everything.
    regex = _alternatives(names, found.anywhere) or "up"
    return {"action": "keep", "sourceLabels": ["__name__"], "regex": regex}


def _alternatives(names: Iterable[str], patterns: Iterable[str]) -> str:
    return "|".join(dict.fromkeys((*sorted(names), *patterns)))


def with_lists(components: Iterable[Component], profile: Profile, sources: Sources) -> tuple[Component, ...]:
    """Returns the upstream charts with the lists in their values.

    Raises:
        InputError: see kept.
    """
    found = kept(profile, sources)
    more: dict[str, dict[str, Any]] = {
        STACK: {"prometheus": {"prometheusSpec": {"scrapeClasses": [scrape_class(found)]}}},
        STATE: {"metricAllowlist": [*sorted(found.state), *state_patterns(found)]},
    }
    return tuple(
        replace(each, values=merge(each.values, more[each.name])) if each.name in more else each for each in components
    )


def state_patterns(found: Kept) -> list[str]:
    """Returns the expressions that kube-state-metrics is given, which separates them by commas and anchors none."""
    own = ("go_", "process_")
    return [f"^(?:{each})$" for each in found.anywhere if not each.startswith(own) and "," not in each]


def scrape_class(found: Kept) -> dict[str, Any]:
    """Returns the scrape class that every monitor has which names no other; it acts on the stack's own jobs alone."""
    jobs = "|".join(found.stack)
    general = _alternatives(found.of_stack, found.anywhere)
    lists = [f"{job};(?:{_alternatives(names, ())})" for job, names in found.stack.items() if names]
    return {
        "name": SCRAPE_CLASS,
        "default": True,
        "metricRelabelings": [
            {"sourceLabels": ["job"], "regex": jobs, "targetLabel": _MARK, "replacement": "drop"},
            {
                "sourceLabels": ["job", "__name__"],
                "regex": "|".join((*lists, *([f"(?:{jobs});(?:{general})"] if general else []))),
                "targetLabel": _MARK,
                "replacement": "keep",
            },
            {"sourceLabels": [_MARK], "regex": "drop", "action": "drop"},
            {"regex": _MARK, "action": "labeldrop"},
        ],
    }

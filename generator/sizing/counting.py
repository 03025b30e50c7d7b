"""How many series and samples each workload of a fleet gives: all that is served, and what is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.build.keeping import kept
from generator.promql.durations import milliseconds
from generator.sizing.numbers import constants, series_of_things
from generator.verify.names import PROMETHEUS_OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.build.build import Build
    from generator.choices.profiles import Profile
    from generator.sizing.numbers import Fleet


@dataclass(frozen=True)
class Workload:
    """One job.

    Attributes:
        job: its name.
        series: those that its targets serve.
        asked: those of them that some query names.
        seconds: between two scrapes.
        everything: whether all are stored, or what is asked for.
    """

    job: str
    series: float
    asked: float
    seconds: float
    everything: bool

    @property
    def stored(self) -> float:
        """The series that Prometheus keeps."""
        return self.series if self.everything else self.asked

    @property
    def samples(self) -> float:
        """Samples that it stores in a second."""
        return self.stored / self.seconds


def workloads(build: Build, fleet: Fleet) -> tuple[Workload, ...]:
    """Returns the jobs that a chart scrapes in a fleet, those with most series first.

    Pods' series of the kubelet come from cAdvisor, which kube-prometheus-stack scrapes more often.

    Raises:
        InputError: see generator.build.keeping.kept.
    """
    found = []
    keeps = _keeps(build)
    everything = build.profile.choices["monitors"]["keep"] == "all"
    for job, things in series_of_things().items():
        if not _scraped(build, job):
            continue
        for cadvisor in (False, True):
            own = {t: n for t, n in things.items() if (job == "kubelet" and t == "pod") is cadvisor}
            count = sum(fleet.things.get(t, 0) * sum(names.values()) for t, names in own.items())
            asked = sum(
                fleet.things.get(thing, 0) * number
                for thing, names in own.items()
                for name, number in names.items()
                if name in PROMETHEUS_OWN or keeps(job, name)
            )
            if count:
                name = "cadvisor" if cadvisor else job
                found.append(Workload(name, count, asked, _seconds(build, name), everything))
    return tuple(sorted(found, key=lambda each: -each.series))


def _scraped(build: Build, job: str) -> bool:
    if job in build.sources.monitors:
        own = build.values["monitors"][job]
        return bool(build.values["monitors"]["enabled"] and own["enabled"]) or job == "dcgm"
    component = "kube-state-metrics" if job == "kube-state-metrics" else "kube-prometheus-stack"
    return bool(build.values[component]["enabled"])


def _seconds(build: Build, job: str) -> float:
    if job == "cadvisor":
        return constants()["cAdvisorSeconds"]
    monitors = build.values["monitors"]
    interval = monitors.get(job, {}).get("interval", monitors["interval"]) if job in build.sources.monitors else ""
    return (milliseconds(interval) or 0) / 1000 if interval else constants()["scrapeSeconds"]


def _keeps(build: Build) -> Callable[[str, str], bool]:
    """Returns whether a list keeps a name of a job."""
    lists = kept(_without_opencost(build), build.sources)
    anywhere = re.compile("|".join(f"(?:{each})" for each in lists.anywhere) or "$^")

    def answer(job: str, name: str) -> bool:
        if job in lists.endpoints:
            own: Mapping[str, frozenset[str]] = lists.endpoints[job]
            return any(name in names for names in own.values()) or bool(anywhere.fullmatch(name))
        if job == "kube-state-metrics":
            return name in lists.state or bool(anywhere.fullmatch(name))
        return name in lists.stack.get(job, ()) or name in lists.of_stack or bool(anywhere.fullmatch(name))

    return answer


def _without_opencost(build: Build) -> Profile:
    """Returns the profile for which lists can be made, whether or not OpenCost, which has none, is on."""
    choices = build.profile.choices
    off = {**choices["components"], "opencost": {**choices["components"]["opencost"], "enabled": False}}
    return replace(build.profile, choices={**choices, "components": off})

"""Which workloads the cluster does not have (``cluster.absent``), and what follows for the choices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from generator.choices.profiles import BLUEPRINT, merge
from generator.errors import InputError, Problem, nearest
from generator.files.nested import value_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from generator.build.sources import Sources
    from generator.catalogue.spec import Exporter
    from generator.choices.profiles import Profile
    from generator.verify.spec import Finding


def absent_workloads(profile: Profile, sources: Sources) -> frozenset[str]:
    """Returns the monitors of the workloads that the cluster does not have.

    These are those of ``cluster.absent``, and of each component that is off the monitor of the same name, unless a
    person switches that on: something else may bring the workload.

    Raises:
        InputError: it names what is no monitor.
    """
    named = _named(profile)
    unknown = sorted(named.keys() - sources.monitors.keys())
    if unknown:
        raise InputError(
            *(
                Problem(
                    f"unknown monitor '{name}'",
                    profile.file_of("cluster", "absent", name),
                    f"cluster.absent.{name}",
                    hint=nearest(name, sources.monitors),
                )
                for name in unknown
            )
        )
    off = {
        name
        for name in profile.choices["components"]
        if name in sources.monitors and not _component_on(profile, name) and not any(_switched_on(profile, name))
    }
    return frozenset(named) | off


def foreign_workloads(profile: Profile, sources: Sources) -> list[str]:
    """Returns the monitors of workloads of which a component of this chart is off, and which are there all the same.

    What is about the workload of a component goes with it, also where it is switched off at install time. A person who
    switches its monitor on, or has dashboards show logs, says that something else brings it.
    """
    logs = {"opensearch"} if profile.choices["dashboards"].get("logs") else set()
    return sorted(
        name
        for name in {*profile.choices["components"]} & {*sources.monitors}
        if not _component_on(profile, name) and (any(_switched_on(profile, name)) or name in logs)
    )


def without_monitors(profile: Profile, sources: Sources, absent: Collection[str]) -> Profile:
    """Returns the profile with the monitors of absent workloads off.

    Raises:
        InputError: a person says that a workload is absent, and that its monitor is on or that the cluster scrapes it.
    """
    if not absent:
        return profile
    problems = [
        Problem(
            f"found {found}, but {_reason(profile, name)}",
            profile.file_of(*path),
            ".".join(path),
            hint=f"leave one of the two out: cluster.absent.{name}=null takes that back",
        )
        for name in sorted(absent)
        for found, path in (*_switched_on(profile, name), *_scraped(profile, sources, name))
    ]
    if problems:
        raise InputError(*problems)
    off = {name: {"enabled": False} for name in sorted(absent)}
    return replace(profile, choices=merge(profile.choices, {"monitors": off}))


def without_files(profile: Profile, blocks: Mapping[str, Collection[str]], absent: Collection[str]) -> Profile:
    """Returns the profile with dashboards and files of rules off of which nothing is left.

    They stay in the chart, as monitors do: so values of one chart can be laid over another.

    Args:
        profile: every choice, resolved.
        blocks: ``dashboards`` and ``rules``, each with the names of what is off.
        absent: the workloads that are absent.

    Raises:
        InputError: a person switches one of them on.
    """
    why = "; ".join(_reason(profile, name) for name in sorted(absent))
    problems = [
        Problem(
            f"found true, but nothing of it is left: {why}",
            profile.file_of(*path),
            ".".join(path),
            hint="leave it out, or take the workload back with cluster.absent.NAME=null",
        )
        for block, names in blocks.items()
        for name in sorted(names)
        for path in ((block, name, "enabled"), ("values", block, name, "enabled"))
        if value_at(profile.choices, path) is True
    ]
    if problems:
        raise InputError(*problems)
    off = {block: {name: {"enabled": False} for name in sorted(names)} for block, names in blocks.items()}
    return replace(profile, choices=merge(profile.choices, off))


def _reason(profile: Profile, name: str) -> str:
    """Returns, for an error, which choice says that a workload is absent."""
    if reason := _named(profile).get(name):
        file = profile.file_of("cluster", "absent", name)
        return f"cluster.absent.{name} in {file} says that there is none: '{reason}'"
    return f"components.{name}.enabled is false in {profile.file_of('components', name, 'enabled')}"


def brought_by_absent(exporters: Mapping[str, Exporter], absent: Collection[str]) -> frozenset[str]:
    """Returns the charts outside this one that bring a monitor for absent workloads and for nothing else."""
    if not absent:
        return frozenset()
    brought: set[str] = set()
    others: set[str] = set()
    for exporter in exporters.values():
        monitors = {exposure.monitor for exposure in exporter.exposures if exposure.monitor}
        charts = {exposure.component for exposure in exporter.exposures if exposure.component}
        (brought if monitors and monitors <= set(absent) else others).update(charts)
    return frozenset(brought - others)


_NOTHING_COMES = frozenset({"off", "absent"})
"""The checks that tell that nothing comes of an expression, or the same answer for ever."""


def of_absent(finding: Finding, absent: Collection[str]) -> bool:
    """Returns whether nothing comes of an expression because its workloads are absent."""
    monitors = [switch.split(".")[1] for switch in finding.off if switch.startswith("monitors.")]
    return finding.check in _NOTHING_COMES and bool(monitors) and all(monitor in absent for monitor in monitors)


def _named(profile: Profile) -> dict[str, str]:
    """Returns the workloads of ``cluster.absent`` with their reasons.

    What follows from a blueprint's variables gives way to a person who switches the monitor on.
    """
    return {
        name: reason
        for name, reason in profile.choices["cluster"]["absent"].items()
        if reason is not None and not (_of_blueprint(profile, name) and any(_switched_on(profile, name)))
    }


def _of_blueprint(profile: Profile, name: str) -> bool:
    layer = profile.layer_of("cluster", "absent", name)
    return layer is not None and layer.origin.startswith(BLUEPRINT)


def _component_on(profile: Profile, name: str) -> bool:
    raw = value_at(profile.choices, ("values", name, "enabled"))
    return bool(profile.choices["components"][name]["enabled"] if raw is None else raw)


def _switched_on(profile: Profile, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields (what was found, its path) of each choice that switches a monitor on."""
    for path in (("monitors", name, "enabled"), ("values", "monitors", name, "enabled")):
        if value_at(profile.choices, path) is True:
            yield "true", path


def _scraped(profile: Profile, sources: Sources, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields a person's own choice that says the cluster scrapes the workload; a built-in profile's gives way."""
    for chart in sorted(brought_by_absent(sources.exporters, [name])):
        path = ("cluster", "scrapes", chart)
        layer = profile.layer_of(*path)
        reason = value_at(profile.choices, path)
        if reason is not None and layer is not None and layer.origin:
            yield f"'{reason}'", path

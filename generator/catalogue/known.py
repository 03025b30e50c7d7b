"""What Prometheus stores of the catalogue: names with prefix and suffix, labels that a scrape adds and drops."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from generator.catalogue.spec import Exporter, Exposure, Family, KnownSeries, Sample
from generator.files.versions import precedence
from generator.monitors.labels import TargetLabels, series_labels, target_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_PARTS: Mapping[str, tuple[tuple[str, Sample, tuple[str, ...]], ...]] = {
    "histogram": (("_bucket", "bucket", ("le",)), ("_sum", "sum", ()), ("_count", "count", ())),
    "summary": (("", "quantile", ("quantile",)), ("_sum", "sum", ()), ("_count", "count", ())),
}
_VALUE: tuple[tuple[str, Sample, tuple[str, ...]], ...] = (("", "value", ()),)
ANY = "*"
"""The monitor of an exposure that stands for every target of the other exporters."""

_UNSAFE = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True)
class DropRules:
    """What every monitor takes away, from the chart's values.

    Attributes:
        metrics: ``monitors.dropMetrics``, RE2 expressions that match a whole name.
        labels: ``monitors.dropLabels``.
    """

    metrics: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def known_series(
    exporters: Mapping[str, Exporter],
    monitor_specs: Mapping[str, Mapping[str, Any]],
    *,
    enabled: Callable[[Exposure], bool],
    common_drops: DropRules,
    switch: Callable[[Exposure], str] = lambda _: "",
) -> dict[str, tuple[KnownSeries, ...]]:
    """Returns every metric name that Prometheus may store, each with the ways in which it gets there.

    Args:
        exporters: what read_catalogue gives.
        monitor_specs: monitors/*.yaml by stem; an exposure through one that is missing here gives nothing.
        enabled: whether what scrapes an exposure is on.
        common_drops: what the monitors drop; upstream charts' own monitors do not.
        switch: which choice has an exposure off, see KnownSeries.switch.

    A family whose ``until`` is not after the exporter's version is left out, and so is a name that a monitor drops.
    """
    by_name: dict[str, list[KnownSeries]] = {}
    everywhere = _targets(exporters)
    for exporter in exporters.values():
        present = _by_switches(family for family in exporter.families.values() if not _gone(family, exporter))
        for exposure in everywhere if _stands_for_all(exporter) else exporter.exposures:
            if not exposure.monitor or exposure.monitor in monitor_specs:
                spec = monitor_specs.get(exposure.monitor, {})
                for own, families in present.items():
                    switched = replace(exposure, switches=(*exposure.switches, *own)) if own else exposure
                    on, path = enabled(switched), switch(switched)
                    for known in _through(exporter, switched, families, spec, common_drops, on, path):
                        by_name.setdefault(known.name, []).append(known)
    return {name: tuple(ways) for name, ways in by_name.items()}


def gone_names(exporters: Mapping[str, Exporter]) -> dict[str, tuple[str, str]]:
    """Returns every name that is gone, in each of its forms → (its successor or "", the version that lacks it).

    These are the ``renamed`` of a file and the families with ``until``. Where the successor is a histogram or a
    summary, the names of its parts lead to each other, too. A name that some exporter still has is not gone.
    """
    successors: dict[str, tuple[str, str]] = {}
    present: set[str] = set()
    for exporter in exporters.values():
        gone = {name: ("", family.until) for name, family in exporter.families.items() if _gone(family, exporter)}
        for exposure in exporter.exposures:
            present.update(stored_name(name, exposure) for name in exporter.families if name not in gone)
            for old, (new, since) in {**gone, **exporter.renamed}.items():
                kind = exporter.families[new].type if new in exporter.families else ""
                for suffix in dict.fromkeys(("", *(part[0] for part in _PARTS.get(kind, ())))):
                    after = stored_name(new, exposure) + suffix if new else ""
                    successors.setdefault(stored_name(old, exposure) + suffix, (after, since))
    return {name: after for name, after in successors.items() if name not in present}


def complete_beginnings(exporters: Mapping[str, Exporter]) -> tuple[str, ...]:
    """Returns the beginnings of names, as stored, of which the catalogue has all that there is; sorted."""
    return tuple(
        sorted(
            {
                stored_name(beginning, exposure)
                for exporter in exporters.values()
                for beginning in exporter.complete
                for exposure in exporter.exposures
            }
        )
    )


def stored_name(name: str, exposure: Exposure) -> str:
    """Returns a family's name as this exposure shows it: ``vllm:x`` becomes ``ray_vllm_x`` inside Ray Serve."""
    return exposure.prefix + (_UNSAFE.sub("_", name) if exposure.sanitize else name)


def target_of(
    exposure: Exposure, monitor_specs: Mapping[str, Mapping[str, Any]], common_labels: Iterable[str] = ()
) -> TargetLabels:
    """Returns the labels of an exposure's targets, from the monitor's file or, for an upstream chart's, as given."""
    if exposure.monitor:
        spec = monitor_specs[exposure.monitor]
        return target_labels(exposure.monitor, spec, exposure.endpoint, common_labels)
    if exposure.records:
        return TargetLabels(added={}, dropped=frozenset(), honor_labels=False)
    added = dict.fromkeys(("instance", *exposure.target_labels), "") | {"job": f'"{exposure.job}"'}
    return TargetLabels(added=added, dropped=frozenset(), honor_labels=exposure.honor_labels)


def drop_pattern(expressions: Iterable[str]) -> re.Pattern[str] | None:
    """Joins RE2 expressions; one that only RE2 understands (``\\z``, ``\\pL``) is taken to match nothing."""
    valid = []
    for expression in expressions:
        try:
            re.compile(expression)
        except re.error:
            continue
        valid.append(f"(?:{expression})")
    return re.compile("|".join(valid)) if valid else None


def _by_switches(families: Iterable[Family]) -> Mapping[tuple[str, ...], Sequence[Family]]:
    """Returns families by the switches of their own; most have none."""
    groups: dict[tuple[str, ...], list[Family]] = {}
    for family in families:
        groups.setdefault(family.switches, []).append(family)
    return groups


def _stands_for_all(exporter: Exporter) -> bool:
    return any(exposure.monitor == ANY for exposure in exporter.exposures)


def _targets(exporters: Mapping[str, Exporter]) -> tuple[Exposure, ...]:
    """Returns one exposure for each kind of target that some exporter names, bare: without prefix and labels."""
    targets: dict[tuple[str, ...], Exposure] = {}
    for exporter in exporters.values():
        for exposure in exporter.exposures:
            key = (exposure.monitor, exposure.endpoint, exposure.component, exposure.job)
            if exposure.monitor != ANY and not exposure.records and key not in targets:
                targets[key] = replace(exposure, prefix="", sanitize=False, labels=frozenset(), measured="")
    return tuple(targets.values())


def _gone(family: Family, exporter: Exporter) -> bool:
    return bool(family.until) and precedence(family.until) <= precedence(exporter.version)


def _through(
    exporter: Exporter,
    exposure: Exposure,
    families: Iterable[Family],
    spec: Mapping[str, Any],
    common: DropRules,
    enabled: bool,
    switch: str,
) -> Iterable[KnownSeries]:
    """Yields what one exposure stores."""
    target = target_of(exposure, {exposure.monitor: spec}, common.labels)
    dropped = drop_pattern(chain(common.metrics, spec.get("dropMetrics", ())) if exposure.monitor else ())
    stored: dict[tuple[frozenset[str], tuple[str, ...]], frozenset[str]] = {}
    for family in families:
        base = stored_name(family.name, exposure)
        for suffix, sample, own in _PARTS.get(family.type, _VALUE):
            name = base + suffix
            if dropped and dropped.fullmatch(name):
                continue
            key = (family.labels, own)
            if key not in stored:
                stored[key] = series_labels(target, {*family.labels, *exposure.labels, *own})
            yield KnownSeries(name, sample, family, exporter.name, exposure, stored[key], enabled, switch)

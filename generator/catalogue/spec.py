"""What the catalogue knows, as data: which exporter emits which metric family, and what a query sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

FamilyType = Literal["counter", "gauge", "histogram", "summary", "untyped"]


@dataclass(frozen=True)
class Family:
    """One metric family as an exporter exposes it.

    Attributes:
        name: the name on the ``# TYPE`` line in Prometheus' text format: a counter's with ``_total`` where it
            has one, a histogram's or summary's without ``_bucket``, ``_sum``, ``_count``.
        type: what the exporter declares; a gauge stays a gauge even if its name ends in ``_total``.
        unit: what one unit of the value is (see values-schemas/metrics.schema.yaml); "" for a plain number.
        labels: labels that a series may carry, without ``le`` and ``quantile``.
        help: what it counts, a few words.
        since: first exporter version that has it; "" if not known.
        until: first exporter version that no longer has it; "" if it is still there.
        needs: what has to be switched on, or which hardware has to be there, before it exists; "" for nothing.
        source: where the fact is from, if not where the exporter's others are.
        lives: of a gauge, seconds for which a value is still exposed after it was set; 0 for as long as its process.
        absent_while_zero: why a series is not there before its first event, and where that is known from; "" if it
            starts at zero.
        grows: of a gauge, whether it only grows, as a counter does.
        switches: paths in the values of the upstream chart that brings it, all of which have to be true.
    """

    name: str
    type: FamilyType
    unit: str
    labels: frozenset[str]
    help: str = ""
    since: str = ""
    until: str = ""
    needs: str = ""
    source: str = ""
    lives: int = 0
    absent_while_zero: str = ""
    grows: bool = False
    switches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exposure:
    """One way in which an exporter's families reach Prometheus.

    Attributes:
        monitor: a file of monitors/ by stem; "" if an upstream chart brings the monitor.
        endpoint: the endpoint's key in that file; "" with ``component``.
        component: the upstream chart that scrapes it, by component name; "" with ``monitor``.
        job: the ``job`` label's value.
        target_labels: labels of the target, for a component (a monitor's follow from monitors/*.yaml).
        honor_labels: whether the exporter's labels win over the target's, for a component.
        prefix: what stands before each name here, as ``ray_``; "" for the exporter's own names.
        sanitize: whether ``:`` becomes ``_`` here (vLLM inside Ray Serve).
        labels: labels that every series carries here besides the family's own.
        measured: file name of the capture that shows it; "" if none does.
        lives: what ``Family.lives`` is here for gauges that do not say it themselves.
        sums_estimated: whether ``_sum`` of a histogram is made from its buckets here, and not of the observed values.
        absent_while_zero: why no counter or histogram is there before its first event here; "" if some start at zero.
        records: whether recording rules of the component write it, so that no target gives it labels.
        switches: paths in the component's values all of which have to be true.
    """

    monitor: str = ""
    endpoint: str = ""
    component: str = ""
    job: str = ""
    target_labels: frozenset[str] = frozenset()
    honor_labels: bool = False
    prefix: str = ""
    sanitize: bool = False
    labels: frozenset[str] = frozenset()
    measured: str = ""
    lives: int = 0
    sums_estimated: bool = False
    absent_while_zero: str = ""
    records: bool = False
    switches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exporter:
    """One file of metrics/.

    Attributes:
        name: the file's stem.
        title: the exporter's name for people.
        version: the version that the families were measured or read at.
        source: the capture or upstream source that the families come from.
        exposures: how they reach Prometheus; at least one.
        families: by name.
        renamed: a name that is gone → (its successor or "", the version since which it is gone).
        complete: beginnings of names, in the exporter's own form, of which ``families`` has every one.
    """

    name: str
    title: str
    version: str
    source: str
    exposures: tuple[Exposure, ...]
    families: Mapping[str, Family]
    renamed: Mapping[str, tuple[str, str]]
    complete: tuple[str, ...] = ()


Sample = Literal["value", "bucket", "sum", "count", "quantile"]
"""What a series of a name is: the value of a counter or gauge, or one part of a histogram or summary."""


@dataclass(frozen=True)
class KnownSeries:
    """What a query sees of one metric name through one exposure.

    Attributes:
        name: the name as stored, ``_bucket`` and the exposure's prefix included.
        sample: which part of the family it is.
        family: the family.
        exporter: the exporter's name.
        exposure: how it got there.
        labels: every label that the stored series may carry, target labels and ``le`` included, dropped ones not.
        enabled: whether what scrapes it is on in the profile.
        switch: the path of the choice that has it off, as ``monitors.enabled``; "" if it is on, or a chart's.
    """

    name: str
    sample: Sample
    family: Family
    exporter: str
    exposure: Exposure
    labels: frozenset[str]
    enabled: bool
    switch: str = ""

    @property
    def job(self) -> str:
        """The job that it is stored under; "" if the exporter writes one of its own, or none is known."""
        return "" if "job" in self.family.labels else self.exposure.monitor or self.exposure.job

    @property
    def lives(self) -> int:
        """Seconds for which its value is there after it was set; 0 for as long as the process."""
        return (self.family.lives or self.exposure.lives) if self.family.type == "gauge" else 0

    @property
    def estimated(self) -> bool:
        """Whether it is a histogram's sum that was made from the buckets."""
        return self.sample == "sum" and self.family.type == "histogram" and self.exposure.sums_estimated

    @property
    def absent_while_zero(self) -> bool:
        """Whether it counts something and is not there before the first event, so that rate() never sees that one."""
        counts = self.sample in {"bucket", "count", "sum"} or self.family.type == "counter"
        return counts and bool(self.family.absent_while_zero or self.exposure.absent_while_zero)

"""Series that no scrape at hand shows, made from what the catalogue says of their families.

The catalogue knows names, types, units and labels. What values a label takes, where queries choose by it, is in
values.yaml, each with its source; a value that is in neither is not made, so that a query for it stays silent.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.catalogue.known import stored_name
from generator.files import yamlfile
from generator.files.versions import precedence
from tests.signals.motion import START, Stored
from tests.signals.world import Key, World, add

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from generator.catalogue.spec import Exporter, Exposure, Family
    from tests.signals.needed import Needed
    from tests.signals.scrapes import ScrapeTarget

Rows = list[dict[str, str]]

_LIMITS = ("0.005", "0.05", "0.5", "1", "5", "10", "60", "300", "+Inf")
_PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
_TYPICAL = {
    "ratio": 0.6,
    "percent": 60.0,
    "celsius": 60.0,
    "watts": 180.0,
    "milliwatts": 180e3,
    "bytes": 8e9,
    "kibibytes": 8e6,
    "megabytes": 8e3,
    "mebibytes": 8e3,
    "seconds": 0.4,
    "milliseconds": 400.0,
    "microseconds": 4e5,
    "nanoseconds": 4e8,
    "flag": 1.0,
    "info": 1.0,
}
"""A plausible value by unit; anything else is counted in sixes."""

_SHARES = ("ratio", "percent")

_WHOLE = ("capacity", "limit", "total", "max", "allocatable", "size")
"""Names of what something else is a part of: four times as large."""

_OBJECTS = frozenset(("daemonset", "persistentvolumeclaim", "statefulset"))
"""Labels that name what only some pods belong to or have; a family with one is not about the others."""

START_VALUE = "="
"""In a row of values.yaml: not a label but where the series starts."""

MOST_SETS = 24
"""Label sets of one family and subject; beyond that, each value stands in one set at least."""


@dataclass(frozen=True)
class Values:
    """values.yaml: what labels hold, by exporter, by family, and in general."""

    general: Mapping[str, list[str]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    families: Mapping[str, Mapping[str, Rows]] = field(default_factory=dict)


def read_values(path: Path) -> Values:
    """Reads values.yaml. Raises InputError if it is not YAML."""
    data = yamlfile.load_mapping(path)
    exporters = data["exporters"]
    return Values(
        data["labels"],
        {name: item.get("labels", {}) for name, item in exporters.items()},
        {name: {f: _rows(rows) for f, rows in item.get("families", {}).items()} for name, item in exporters.items()},
    )


def _rows(given: Any) -> Rows:
    """Returns label sets: as listed, or every combination of the values of each label."""
    return given if isinstance(given, list) else _combined(given)


def _combined(choices: Mapping[str, list[str]]) -> Rows:
    total = 1
    for values in choices.values():
        total *= len(values)
    if total <= MOST_SETS:
        return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
    longest = max(map(len, choices.values()))
    return [{label: values[i % len(values)] for label, values in choices.items()} for i in range(longest)]


@dataclass(frozen=True)
class Sources:
    """What synthetic series are made from.

    Attributes:
        exporters: the catalogue.
        targets_of: the targets of an exporter's exposure.
        subjects: whom a target of an exporter reports about, as labels.
        wanted: the names that queries read.
        values: what labels hold.
    """

    exporters: Mapping[str, Exporter]
    targets_of: Callable[[str, Exposure], list[ScrapeTarget]]
    subjects: Callable[[str, ScrapeTarget], Rows]
    wanted: Needed
    values: Values


def synthetic(sources: Sources, measured: World) -> World:
    """Returns the series that the catalogue knows and the captures (``measured``) lack."""
    found: World = {}
    shown = _Shown(measured)
    for exporter in sources.exporters.values():
        for exposure in _one_form(exporter.exposures):
            targets = sources.targets_of(exporter.name, exposure)
            for family in _present(exporter) if targets else ():
                base = stored_name(family.name, exposure)
                parts = [base + part for part in _PARTS.get(family.type, ("",)) if base + part in sources.wanted]
                rows = sources.values.families.get(exporter.name, {}).get(family.name, [])
                if any((part, targets[0].labels["job"]) in shown.names for part in parts):
                    add(found, shown.varied(parts, rows))
                elif parts:
                    add(found, _made(sources, shown, (exporter.name, exposure, family), parts, rows))
    return found


def _present(exporter: Exporter) -> Iterator[Family]:
    """Yields the families that this version of an exporter still has."""
    for family in exporter.families.values():
        if not family.until or precedence(family.until) > precedence(exporter.version):
            yield family


def _made(
    sources: Sources, shown: _Shown, of: tuple[str, Exposure, Family], parts: list[str], rows: Rows
) -> Iterator[Stored]:
    """Yields the series of one family on every target, about every subject."""
    exporter, exposure, family = of
    for number, target in enumerate(sources.targets_of(exporter, exposure), 1):
        choices = _choices(sources.values, shown, of, target, str(number))
        for subject in sources.subjects(exporter, target):
            if len(subject) > 1 and not family.labels & _OBJECTS <= subject.keys():
                continue
            for labels in _sets(choices, rows, subject):
                if "$share" in subject and family.unit in _SHARES:
                    labels[START_VALUE] = subject["$share"]
                yield from _series(target, family, parts, labels)


def _one_form(exposures: Iterable[Exposure]) -> Iterator[Exposure]:
    """Leaves out a second form of the same names through the same endpoint: a server has one of them.

    What recording rules write comes from no target.
    """
    seen: set[tuple[str, str, str, str]] = set()
    for exposure in exposures:
        place = (exposure.monitor, exposure.endpoint, exposure.component, exposure.job)
        if place not in seen and not exposure.records:
            seen.add(place)
            yield exposure


class _Shown:
    """What the measured world shows: names by job, and a value of each label by target."""

    def __init__(self, measured: World) -> None:
        self.measured = measured
        self.names: dict[tuple[str, str], list[Stored]] = defaultdict(list)
        self.values: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for one in measured.values():
            self.names[one.labels["__name__"], one.labels["job"]].append(one)
            place = self.values[one.labels["job"], one.labels.get("instance", "")]
            for label, value in one.labels.items():
                if value and label not in ("le", "quantile"):
                    place.setdefault(label, value)

    def varied(self, names: list[str], rows: Rows) -> Iterator[Stored]:
        """Yields measured series again with the labels of each row; one series a target and name."""
        for (name, _), series in list(self.names.items()):
            if name in names:
                first: dict[Key, Stored] = {}
                for one in series:
                    kept = frozenset(
                        (k, v) for k, v in one.labels.items() if k in ("job", "instance", "pod", "le", "quantile")
                    )
                    first.setdefault(kept, one)
                for one in first.values():
                    for row in rows:
                        if "quantile" in row and "quantile" not in one.labels:
                            continue
                        value = float(row.get(START_VALUE, one.value))
                        labels = {label: text for label, text in row.items() if label != START_VALUE}
                        yield Stored({**one.labels, **labels}, one.type, value)


def _choices(
    values: Values, shown: _Shown, of: tuple[str, Exposure, Family], target: ScrapeTarget, number: str
) -> dict[str, list[str]]:
    """Returns the values of each label: the exporter's own, what the same target shows, the general ones, or a name."""
    exporter, exposure, family = of
    seen = shown.values.get((target.labels["job"], target.labels.get("instance", "")), {})
    own = values.labels.get(exporter, {})
    found = {}
    for label in sorted(family.labels | exposure.labels):
        if label in own:
            found[label] = [value.replace("#", number) for value in own[label]]
        elif label in seen:
            found[label] = [seen[label]]
        else:
            found[label] = values.general.get(label, [f"{label.lower().replace('_', '-')}-{number}"])
    return found


def _sets(choices: Mapping[str, list[str]], rows: Rows, subject: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yields the label sets of one family and subject; a row that names what the subject lacks is left out.

    A row may be about something else than the subject, such as a pod that is on no node.
    """
    about = {label: [value] for label, value in subject.items() if label in choices}
    for row in rows or [{}]:
        fixed = {label: [subject.get(value, "") if value.startswith("$") else value] for label, value in row.items()}
        if all(values != [""] or row[label] == "" for label, values in fixed.items()):
            yield from _combined({**choices, **about, **fixed})


def _series(target: ScrapeTarget, family: Family, names: Iterable[str], labels: Mapping[str, str]) -> Iterator[Stored]:
    kind, value = _value(family)
    labels = {label: text for label, text in labels.items() if label != "quantile"}
    value = float(labels.pop(START_VALUE, value))
    for name in names:
        extra: list[dict[str, str]] = [{}]
        if name.endswith("_bucket") and family.type == "histogram":
            extra = [{"le": limit} for limit in _LIMITS]
        elif family.type == "summary" and not name.endswith(("_sum", "_count")):
            extra = [{"quantile": quantile} for quantile in ("0.5", "0.9", "0.99")]
        for more in extra:
            stored = target.store(name, {**labels, **more}, kind, value)
            if stored:
                yield stored


def _value(family: Family) -> tuple[str, float]:
    """Returns how a family moves and where it starts."""
    if family.type in ("histogram", "summary"):
        return family.type, 0.0
    if family.type == "counter":
        return "counter", 1000.0
    if family.unit.startswith("timestamp"):
        return "constant", float(START - 86400) * (1000 if family.unit.endswith("milliseconds") else 1)
    value = _TYPICAL.get(family.unit, 6.0)
    if family.unit not in ("ratio", "percent", "flag", "info") and any(w in family.name for w in _WHOLE):
        value *= 4
    return "constant" if family.unit == "info" else "gauge", value

"""The families of a file of metrics/ while it is edited: comments, order and forms stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.catalogue.reader import label_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ruamel.yaml import YAML

    from generator.catalogue.exposition import ScrapedFamily
    from generator.catalogue.spec import Exporter

_GUESSED = "unit guessed from the name"
_UNKNOWN = "unit not known"
_NO_LABELS = "labels not known"
_UNITS = (
    ("_info", "info"),
    ("_timestamp_seconds", "timestamp"),
    ("_start_time_seconds", "timestamp"),
    ("_bytes_per_second", "bytes_per_second"),
    ("_seconds", "seconds"),
    ("_bytes", "bytes"),
    ("_ratio", "ratio"),
    ("_percent", "percent"),
    ("_percentage", "percent"),
    ("_celsius", "celsius"),
    ("_hertz", "hertz"),
    ("_watts", "watts"),
    ("_joules", "joules"),
    ("_volts", "volts"),
    ("_amperes", "amperes"),
    ("_milliseconds", "milliseconds"),
    ("_ms", "milliseconds"),
    ("_microseconds", "microseconds"),
    ("_us", "microseconds"),
    ("_nanoseconds", "nanoseconds"),
    ("_cores", "cores"),
)
"""Ends of names, as Prometheus' naming rules ask for them, and the units that they stand for."""


def guessed_unit(name: str) -> str:
    """Returns the unit that the end of a name stands for, ``_total`` left out of account; "" if it says none."""
    stem = name.removesuffix("_total")
    return next((unit for end, unit in _UNITS if stem.endswith(end)), "")


class Entries:
    """The families of a file while it is edited."""

    def __init__(self, data: Any, exporter: Exporter) -> None:
        """Takes the file as yaml_editor reads it, and what it says."""
        self.families = data["families"]
        self.sets: Mapping[str, list[str]] = data.get("labelSets", {})
        self.needs: str = data.get("needs", "")
        self.exporter = exporter
        self.added: list[str] = []
        self.changed: list[str] = []
        self.gone: list[str] = []

    def add(self, name: str, details: ScrapedFamily, *, since: str, source: str, labels_known: bool) -> None:
        """Adds a family where the alphabet puts it, with a comment on what a person has to look at."""
        unit = guessed_unit(name)
        entry = _flow_map({"type": details.type})
        if unit:
            entry["unit"] = unit
        if details.labels:
            entry["labels"] = _flow_list(self.compact(details.labels))
        if details.help:
            entry["help"] = details.help
        if since:
            entry["since"] = quoted(since)
        if source:
            entry["source"] = source
        doubts = [_GUESSED if unit else _UNKNOWN, *(() if labels_known else (_NO_LABELS,))]
        place = sum(1 for known in self.families if known < name)
        self.families.insert(place, name, entry, comment=", ".join(doubts))
        self.added.append(name)

    def confirm(self, name: str, details: ScrapedFamily) -> None:
        """Takes in what is shown of a family that is known."""
        family = self.exporter.families[name]
        labels = family.labels | details.labels
        if details.type == family.type and labels == family.labels and not family.until:
            return
        entry = self.full(name)
        entry["type"] = details.type
        if labels != family.labels:
            entry["labels"] = _flow_list([*entry.get("labels", ()), *sorted(labels - family.labels)])
        entry.pop("until", None)
        self.changed.append(name)

    def by_default(self, name: str) -> bool:
        """Returns whether a family needs nothing that the whole exporter does not need, and is not gone already."""
        family = self.exporter.families[name]
        return family.needs in {"", self.needs} and not family.until

    def end(self, gone: Iterable[str], version: str) -> None:
        """Marks families that the version no longer has."""
        for name in gone:
            if not self.exporter.families[name].until:
                self.full(name)["until"] = quoted(version)
                self.gone.append(name)

    def full(self, name: str) -> Any:
        """Returns a family as a mapping, written out if it was a short text."""
        entry = self.families[name]
        if isinstance(entry, str):
            head, _, rest = str(entry).partition(" [")
            words = head.split(" ")
            whole = _flow_map({"type": words[0]})
            if len(words) > 1:
                whole["unit"] = words[1]
            if rest:
                whole["labels"] = _flow_list(rest.rstrip("]").split(", "))
            self.families[name] = entry = whole
        return entry

    def compact(self, labels: set[str]) -> list[str]:
        """Writes labels with the largest label set that fits."""
        fitting = {name: label_names(names, {}) for name, names in self.sets.items() if set(names) <= labels}
        best = max(fitting, key=lambda name: (len(fitting[name]), name), default="")
        if len(fitting.get(best, ())) < 2:
            return sorted(labels)
        return [f"${best}", *sorted(labels - fitting[best])]


def yaml_editor() -> YAML:
    """Returns what reads and writes a file of metrics/ so that only the edit is a difference."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _flow_map(values: Mapping[str, str]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    entry = CommentedMap(values)
    entry.fa.set_flow_style()
    return entry


def _flow_list(values: Iterable[str]) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    entry = CommentedSeq(values)
    entry.fa.set_flow_style()
    return entry


def quoted(text: str) -> Any:
    """Returns a text that is written in quotes, as a version is: 0.20 would be a number."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return DoubleQuotedScalarString(text)

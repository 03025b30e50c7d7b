"""Brings a scrape into a file of metrics/: new families in, those that are gone marked, comments and order kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING, Any

from generator.catalogue.known import drop_pattern, stored_name
from generator.catalogue.reader import label_names, parse_exporter
from generator.errors import InputError, Problem, bad_input, nearest
from generator.files.diff import unified_diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ruamel.yaml import YAML

    from generator.catalogue.exposition import ScrapedFamily
    from generator.catalogue.known import DropRules
    from generator.catalogue.spec import Exporter

_GUESSED = "unit guessed from the name"
_UNKNOWN = "unit not known"
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


@dataclass(frozen=True)
class Update:
    """A file of metrics/ with a scrape brought in.

    Attributes:
        file: its name below the root, ``metrics/vllm.yaml``.
        before: its text; after: the new text.
        added, changed, gone: names of families, sorted.
    """

    file: str
    before: str
    after: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    def diff(self) -> str:
        """Returns a unified diff; "" if nothing changes."""
        return unified_diff(self.before, self.after, self.file)


def add_capture(
    root: Path,
    capture: Path,
    name: str,
    schema: Mapping[str, Any],
    *,
    drops: DropRules,
    version: str = "",
    write: bool = True,
) -> Update:
    """Does ``gen-chart metrics add CAPTURE --exporter NAME [--version V]``.

    Args:
        root: the folder that holds metrics/.
        capture: a scrape in Prometheus' text format, packed with gzip or not.
        name: a file of metrics/, by stem.
        schema: values-schemas/metrics.schema.yaml.
        drops: what every monitor takes away (``_created`` gauges, ``otel_scope_*``); it does not get in.
        version: the exporter's version; the file's own if "".
        write: whether the file is written (not for ``--check``).

    Raises:
        InputError: an unknown exporter, a capture that is no scrape or is of another exporter, or a file of metrics/
            that does not follow the schema.
    """
    from generator.catalogue.exposition import read_capture
    from generator.catalogue.reader import read_catalogue
    from generator.files import yamlfile
    from generator.files.atomic import write_file

    exporters = read_catalogue(root, schema)
    if name not in exporters:
        raise bad_input(f"no exporter '{name}' in metrics/", hint=nearest(name, exporters))
    path = root / "metrics" / f"{name}.yaml"
    update = updated(
        yamlfile.read_text(path),
        read_capture(capture),
        exporters,
        name,
        schema,
        drops=drops,
        version=version or exporters[name].version,
        capture=str(capture),
    )
    if write and update.after != update.before:
        write_file(path, update.after)
    return update


def updated(
    text: str,
    scraped: Mapping[str, ScrapedFamily],
    exporters: Mapping[str, Exporter],
    name: str,
    schema: Mapping[str, Any],
    *,
    drops: DropRules,
    version: str,
    capture: str,
) -> Update:
    """Returns the file's text with the scrape brought in.

    A family that is not there yet is added with type, labels and help, and with a unit where its name says one; a
    comment asks a person to check it. A label that is new is added, a type that differs is replaced. A family that
    has no ``needs`` of its own and is missing is marked with ``until`` if the version is another one than the file's:
    a second scrape of the same version only shows that something was switched off.

    Args:
        text: the file.
        scraped: what read_capture gives.
        exporters: the catalogue.
        name: the exporter.
        schema: values-schemas/metrics.schema.yaml.
        drops: what every monitor takes away.
        version: the version that was scraped.
        capture: the scrape's name, for errors.

    Raises:
        InputError: the scrape has no family of this exporter.
    """
    yaml = _yaml()
    data = yaml.load(text)
    exporter = exporters[name]
    own = _own(scraped, exporters, name, drops)
    if not own.keys() & exporter.families.keys():
        raise bad_input(
            f"found no family of '{name}', expected a scrape of {exporter.title}",
            file=capture,
            hint=_owner(scraped, exporters),
        )
    newer = version != exporter.version
    entries = _Entries(data, exporter)
    for family, details in own.items():
        if family in exporter.families:
            entries.confirm(family, details)
        else:
            entries.add(family, details, since=version if newer else "")
    if newer:
        entries.end(exporter.families.keys() - scraped.keys(), version)
        data["version"] = _quoted(version)
    stream = StringIO()
    yaml.dump(data, stream)
    file, after = f"metrics/{name}.yaml", stream.getvalue()
    _verify(after, name, schema, file)
    return Update(
        file, text, after, tuple(sorted(entries.added)), tuple(sorted(entries.changed)), tuple(sorted(entries.gone))
    )


def guessed_unit(name: str) -> str:
    """Returns the unit that the end of a name stands for, ``_total`` left out of account; "" if it says none."""
    stem = name.removesuffix("_total")
    return next((unit for end, unit in _UNITS if stem.endswith(end)), "")


def _own(
    scraped: Mapping[str, ScrapedFamily], exporters: Mapping[str, Exporter], name: str, drops: DropRules
) -> dict[str, ScrapedFamily]:
    """Returns what is this exporter's: not what other files hold for its targets, and nothing that monitors drop."""
    exporter = exporters[name]
    targets = {(exposure.monitor, exposure.endpoint, exposure.job) for exposure in exporter.exposures}
    others = {
        stored_name(family, exposure)
        for other in exporters.values()
        if other.name != name
        for exposure in other.exposures
        if (exposure.monitor, exposure.endpoint, exposure.job) in targets
        for family in other.families
    } - exporter.families.keys()
    monitored = any(exposure.monitor for exposure in exporter.exposures)
    dropped = drop_pattern(drops.metrics if monitored else ())
    labels = set(drops.labels if monitored else ())
    return {
        family: replace(details, labels=details.labels - labels)
        for family, details in scraped.items()
        if family not in others and not (dropped and dropped.fullmatch(family))
    }


def _owner(scraped: Mapping[str, ScrapedFamily], exporters: Mapping[str, Exporter]) -> str:
    """Names the exporter that knows most families of a scrape."""
    shares = {exporter.name: len(scraped.keys() & exporter.families.keys()) for exporter in exporters.values()}
    best = max(shares, key=lambda name: (shares[name], name))
    return f"most of it is in metrics/{best}.yaml" if shares[best] else ""


class _Entries:
    """The families of a file while it is edited."""

    def __init__(self, data: Any, exporter: Exporter) -> None:
        self.families = data["families"]
        self.sets: Mapping[str, list[str]] = data.get("labelSets", {})
        self.needs: str = data.get("needs", "")
        self.exporter = exporter
        self.added: list[str] = []
        self.changed: list[str] = []
        self.gone: list[str] = []

    def add(self, name: str, details: ScrapedFamily, since: str) -> None:
        unit = guessed_unit(name)
        entry = _flow_map({"type": details.type})
        if unit:
            entry["unit"] = unit
        if details.labels:
            entry["labels"] = _flow_list(self.compact(details.labels))
        if details.help:
            entry["help"] = details.help
        if since:
            entry["since"] = _quoted(since)
        place = sum(1 for known in self.families if known < name)
        self.families.insert(place, name, entry, comment=_GUESSED if unit else _UNKNOWN)
        self.added.append(name)

    def confirm(self, name: str, details: ScrapedFamily) -> None:
        """Takes in what the scrape says of a family that is known."""
        family = self.exporter.families[name]
        labels = family.labels | details.labels if details.series else family.labels
        if details.type == family.type and labels == family.labels and not family.until:
            return
        entry = self.full(name)
        entry["type"] = details.type
        if labels != family.labels:
            entry["labels"] = _flow_list([*entry.get("labels", ()), *sorted(labels - family.labels)])
        entry.pop("until", None)
        self.changed.append(name)

    def end(self, missing: Iterable[str], version: str) -> None:
        """Marks families that the scrape should have shown."""
        for name in missing:
            family = self.exporter.families[name]
            if family.needs in {"", self.needs} and not family.until:
                self.full(name)["until"] = _quoted(version)
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


def _yaml() -> YAML:
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


def _quoted(text: str) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return DoubleQuotedScalarString(text)


def _verify(text: str, name: str, schema: Mapping[str, Any], file: str) -> None:
    """Reads the new text again: what is written must be a file of the catalogue.

    Raises:
        InputError: it is not; the scrape holds something that the catalogue cannot express.
    """
    from generator.files import yamlfile

    try:
        parse_exporter(name, yamlfile.parse(text, file=file), schema, file=file)
    except InputError as error:
        problems = (
            Problem(f"the scrape cannot be brought in: {problem.message}", file, problem.path)
            for problem in error.problems
        )
        raise InputError(*problems) from error

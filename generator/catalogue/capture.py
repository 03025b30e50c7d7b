"""Brings scrapes, source and documentation into a file of metrics/: new families in, comments and order kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING, Any

from generator.catalogue.entries import Entries, quoted, yaml_editor
from generator.catalogue.known import drop_pattern, stored_name
from generator.catalogue.reader import parse_exporter
from generator.errors import InputError, Problem, bad_input, nearest
from generator.files.diff import unified_diff
from generator.files.versions import precedence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.catalogue.constructors import Source
    from generator.catalogue.evidence import Evidence
    from generator.catalogue.exposition import ScrapedFamily
    from generator.catalogue.known import DropRules
    from generator.catalogue.spec import Exporter


@dataclass(frozen=True)
class Update:
    """A file of metrics/ with what is known of a version brought in.

    Attributes:
        file: its name below the root, ``metrics/vllm.yaml``.
        before: its text; after: the new text.
        added, changed, gone: names of families, sorted.
        unseen: families that are there by default, and that nothing shows; they stay as they are.
        unread: ``file:line`` of each call of the source whose name is put together while the program runs.
        named: names that the source has and that begin as the exporter's do, without a call that was read.
        untyped: names that documentation has without a type, and nothing else shows; they are not added.
        elsewhere: how many names documentation has that begin as none of the file's does; they are not added.
    """

    file: str
    before: str
    after: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unseen: tuple[str, ...]
    unread: tuple[str, ...]
    named: tuple[str, ...]
    untyped: tuple[str, ...] = ()
    elsewhere: int = 0

    def diff(self) -> str:
        """Returns a unified diff; "" if nothing changes."""
        return unified_diff(self.before, self.after, self.file)

    def notes(self) -> Iterable[str]:
        """Yields what a person has to look at, one line each."""
        if self.unseen:
            how = f"{len(self.unseen)} families of {self.file} were not shown and stay as they are"
            yield f"{how}: {', '.join(self.unseen)}"
        for place in self.unread:
            yield f"{place}: the name is put together while the program runs; look there"
        if self.named:
            yield f"the source has these names, and no call was read that makes them: {', '.join(self.named)}"
        if self.untyped:
            yield f"documentation names these without a type, and they were not added: {', '.join(self.untyped)}"
        if self.elsewhere:
            yield f"names in documentation that begin as none in {self.file} does, and were not added: {self.elsewhere}"


def add_evidence(
    root: Path,
    evidence: Evidence,
    name: str,
    schema: Mapping[str, Any],
    *,
    drops: DropRules,
    version: str = "",
    write: bool = True,
) -> Update:
    """Does ``gen-chart metrics add PATH... --exporter NAME [--version V] [--previous PATH]``.

    Args:
        root: the folder that holds metrics/.
        evidence: what is known of the version.
        name: a file of metrics/, by stem.
        schema: values-schemas/metrics.schema.yaml.
        drops: what every monitor takes away (``_created`` gauges, ``otel_scope_*``); it does not get in.
        version: the exporter's version; the file's own if "".
        write: whether the file is written (not for ``--check``).

    Raises:
        InputError: an unknown exporter, an older version than the file's, evidence of another exporter, or a file of
            metrics/ that does not follow the schema.
    """
    from generator.catalogue.reader import read_catalogue
    from generator.files import yamlfile
    from generator.files.atomic import write_file

    exporters = read_catalogue(root, schema)
    if name not in exporters:
        raise bad_input(f"no exporter '{name}' in metrics/", hint=nearest(name, exporters))
    path = root / "metrics" / f"{name}.yaml"
    update = updated(
        yamlfile.read_text(path),
        evidence,
        exporters,
        name,
        schema,
        drops=drops,
        version=version or exporters[name].version,
    )
    if write and update.after != update.before:
        write_file(path, update.after)
    return update


def updated(
    text: str,
    evidence: Evidence,
    exporters: Mapping[str, Exporter],
    name: str,
    schema: Mapping[str, Any],
    *,
    drops: DropRules,
    version: str,
) -> Update:
    """Returns the file's text with the evidence brought in.

    A family that is not there yet is added with type, labels and help, and with a unit where its name says one; a
    comment asks a person to check it. A label that is new is added, a type that differs is replaced. What nothing
    shows stays as it is; only the source of both versions marks a family with ``since`` or ``until``.

    Args:
        text: the file.
        evidence: what read_evidence gives.
        exporters: the catalogue.
        name: the exporter.
        schema: values-schemas/metrics.schema.yaml.
        drops: what every monitor takes away.
        version: the version that the evidence is of.

    Raises:
        InputError: nothing in it is of this exporter, or the version is older than the file's.
    """
    yaml = yaml_editor()
    data = yaml.load(text)
    exporter, file = exporters[name], f"metrics/{name}.yaml"
    if precedence(version) < precedence(exporter.version):
        raise bad_input(
            f"found version {version}, expected {exporter.version} or newer, which {file} has", path="--version"
        )
    shown = evidence.families
    own = {
        family: details
        for family, details in _own(shown, exporters, name, drops).items()
        if not (evidence.read_in_source(family) or evidence.read_in_documentation(family))
        or not _anothers(family, exporters, name)
    }
    beginnings = {_beginning(family) for family in exporter.families}
    if not own.keys() & exporter.families.keys() and not (
        evidence.documented and any(_beginning(family) in beginnings for family in own)
    ):
        raise bad_input(
            f"found no family of '{name}', expected a scrape, the source or the documentation of {exporter.title}",
            file=", ".join(evidence.names),
            hint=_owner(shown, exporters),
        )
    newer = version != exporter.version
    entries = Entries(data, exporter)
    untyped, elsewhere = [], 0
    for family, details in own.items():
        documented = evidence.read_in_documentation(family)
        if family in exporter.families:
            known = exporter.families[family].type
            entries.confirm(family, replace(details, type=known) if documented else details)
        elif documented and _beginning(family) not in beginnings:
            elsewhere += 1
        elif documented and details.type == "untyped":
            untyped.append(family)
        else:
            made = evidence.read_in_source(family)
            since = version if newer and evidence.is_new(family) else ""
            where = made.place.partition(":")[0] if made else documented
            place = f"{exporter.title} {version} {where}" if where else ""
            entries.add(family, details, since=since, source=place, labels_known=made is None or made.labels_known)
    unseen = exporter.families.keys() - shown.keys()
    if newer:
        entries.end((family for family in unseen if evidence.is_gone(family)), version)
        data["version"] = quoted(version)
    stream = StringIO()
    yaml.dump(data, stream)
    after = stream.getvalue()
    _verify(after, name, schema, file)
    return Update(
        file,
        text,
        after,
        tuple(sorted(entries.added)),
        tuple(sorted(entries.changed)),
        tuple(sorted(entries.gone)),
        tuple(sorted(family for family in unseen - {*entries.gone} if entries.by_default(family))),
        () if evidence.source is None else tuple(sorted(evidence.source.computed)),
        () if evidence.source is None else tuple(sorted(_only_named(evidence.source, exporter))),
        tuple(sorted(untyped)),
        elsewhere,
    )


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


def _anothers(family: str, exporters: Mapping[str, Exporter], name: str) -> bool:
    """Returns whether a family of source that has several exporters, as Ray's, is in another file or belongs there."""
    own = exporters[name]
    if family in own.families or family.startswith(own.complete):
        return False
    others = (exporter for exporter in exporters.values() if exporter.name != name)
    return any(family in other.families or family.startswith(other.complete) for other in others)


def _beginning(family: str) -> str:
    return re.split("[_:]", family, maxsplit=1)[0]


def _only_named(source: Source, exporter: Exporter) -> set[str]:
    """Returns what may be the name of a family that no call was read of, as where names lie in a table."""
    first, last = min(exporter.families), max(exporter.families)
    same = next((index for index, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    beginning = first[: max(first.rfind("_", 0, same), first.rfind(":", 0, same)) + 1]
    known = source.made.keys() | exporter.families.keys() | exporter.renamed.keys()
    return {
        name
        for name in (source.named(beginning) if len(beginning) > 3 else ())
        if known.isdisjoint((name, f"{name}_total", f"{name}_info"))
    }


def _owner(scraped: Mapping[str, ScrapedFamily], exporters: Mapping[str, Exporter]) -> str:
    """Names the exporter that knows most families of a scrape."""
    shares = {exporter.name: len(scraped.keys() & exporter.families.keys()) for exporter in exporters.values()}
    best = max(shares, key=lambda name: (shares[name], name))
    return f"most of it is in metrics/{best}.yaml" if shares[best] else ""


def _verify(text: str, name: str, schema: Mapping[str, Any], file: str) -> None:
    """Reads the new text again: what is written must be a file of the catalogue.

    Raises:
        InputError: it is not; what was brought in holds something that the catalogue cannot express.
    """
    from generator.files import yamlfile

    try:
        parse_exporter(name, yamlfile.parse(text, file=file), schema, file=file)
    except InputError as error:
        problems = (
            Problem(f"it cannot be brought in: {problem.message}", file, problem.path) for problem in error.problems
        )
        raise InputError(*problems) from error

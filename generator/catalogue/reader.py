"""Reads metrics/*.yaml: the schema says what a file may hold, and what it cannot say is checked here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from generator.catalogue.spec import Exporter, Exposure, Family, FamilyType
from generator.errors import InputError, Problem, nearest
from generator.files import schemas
from generator.files.folder import read_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_TEXTS = {
    "help": "help",
    "since": "since",
    "until": "until",
    "needs": "needs",
    "source": "source",
    "absentWhileZero": "absent_while_zero",
}
"""Keys of a family in YAML that hold a text, with the names of their fields."""
_NO_LABELS: frozenset[str] = frozenset()


def read_catalogue(root: Path, schema: Mapping[str, Any]) -> dict[str, Exporter]:
    """Reads every file of metrics/, by stem.

    Args:
        root: the folder that holds metrics/.
        schema: values-schemas/metrics.schema.yaml.

    Raises:
        InputError: a file cannot be read or does not follow the schema; every problem of every file at once.
    """

    def parse(name: str, data: Any, file: str) -> Exporter:
        return parse_exporter(name, data, schema, file=file)

    return read_folder(root / "metrics", parse)


def parse_exporter(name: str, data: Any, schema: Mapping[str, Any], *, file: str) -> Exporter:
    """Returns what one file says.

    Args:
        name: the file's stem.
        data: what yamlfile gives for it.
        schema: values-schemas/metrics.schema.yaml.
        file: its name, for errors.

    Raises:
        InputError: it does not follow the schema; or, which the schema cannot say, it names a label set that it does
            not define, ``complete`` says how no family begins, or
            the short form of a family has an unknown unit or a label twice.
    """
    schemas.validate(data, schema, file=file)
    parser = _Parser(data, units(schema), file)
    exporter = Exporter(
        name=name,
        title=data["title"],
        version=data["version"],
        source=data["source"],
        exposures=tuple(parser.exposure(entry, f"exposures[{index}]") for index, entry in enumerate(data["exposures"])),
        families={family: parser.family(family, entry) for family, entry in data["families"].items()},
        renamed={
            old: (successor.get("to", ""), successor.get("since", ""))
            for old, successor in data.get("renamed", {}).items()
        },
        complete=tuple(data.get("complete", ())),
    )
    parser.problems += _empty_beginnings(exporter, file)
    if parser.problems:
        raise InputError(*parser.problems)
    return exporter


def _empty_beginnings(exporter: Exporter, file: str) -> Iterable[Problem]:
    """Yields a problem for each entry of ``complete`` with which no family begins: all such names would be dead."""
    for index, beginning in enumerate(exporter.complete):
        if not any(name.startswith(beginning) for name in exporter.families):
            message = f"found '{beginning}', expected the beginning of a family's name"
            hint = nearest(beginning, {_beginning(name) for name in exporter.families})
            yield Problem(message, file, f"complete[{index}]", hint=hint)


def _beginning(name: str) -> str:
    """Returns a name up to its first ``_`` or ``:``, with it."""
    return name[: next((index + 1 for index, char in enumerate(name) if char in "_:"), len(name))]


def units(schema: Mapping[str, Any]) -> frozenset[str]:
    """Returns every unit that the schema lists."""
    return frozenset(schema["$defs"]["unit"]["enum"])


def _seconds(lives: str) -> int:
    """Returns the seconds of ``20s``, whose form the schema has checked; 0 for ""."""
    return int(lives.removesuffix("s") or 0)


def label_names(labels: Iterable[str], label_sets: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Writes label sets out: ``[$node, pid]`` becomes the labels of the set ``node`` and ``pid``.

    Raises:
        KeyError: a set that is not defined.
    """
    names: set[str] = set()
    for label in labels:
        if label.startswith("$"):
            names.update(label_sets[label[1:]])
        else:
            names.add(label)
    return frozenset(names)


class _Parser:
    """Makes families and exposures of one file that follows the schema, and collects what is wrong all the same."""

    def __init__(self, data: Mapping[str, Any], known_units: frozenset[str], file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._needs: str = data.get("needs", "")
        self._sets: Mapping[str, Sequence[str]] = data.get("labelSets", {})
        self._units = known_units
        self._short_forms: dict[str, tuple[FamilyType, str, frozenset[str]]] = {}
        self._label_lists: dict[tuple[str, ...], frozenset[str]] = {}

    def family(self, name: str, entry: str | Mapping[str, Any]) -> Family:
        if isinstance(entry, str):
            form = self._short_forms.get(entry) or self._short_form(entry, f"families.{name}")
            return Family(name, *form, needs=self._needs)
        labels = self._labels(entry["labels"], f"families.{name}") if "labels" in entry else _NO_LABELS
        texts = {field: entry[key] for key, field in _TEXTS.items() if key in entry}
        lives = _seconds(entry.get("lives", ""))
        return Family(
            name,
            entry["type"],
            entry.get("unit", ""),
            labels,
            lives=lives,
            grows=entry.get("grows", False),
            switches=tuple(entry.get("switches", ())),
            **{"needs": self._needs, **texts},
        )

    def exposure(self, entry: Mapping[str, Any], path: str) -> Exposure:
        labels, target_labels = (
            self._labels(entry[key], f"{path}.{key}") if key in entry else _NO_LABELS
            for key in ("labels", "targetLabels")
        )
        return Exposure(
            monitor=entry.get("monitor", ""),
            endpoint=entry.get("endpoint", ""),
            component=entry.get("component", ""),
            job=entry.get("monitor") or entry.get("job", ""),
            target_labels=target_labels,
            honor_labels=entry.get("honorLabels", False),
            prefix=entry.get("prefix", ""),
            sanitize=entry.get("sanitize", False),
            labels=labels,
            measured=entry.get("measured", ""),
            lives=_seconds(entry.get("lives", "")),
            sums_estimated=entry.get("sum") == "estimated",
            absent_while_zero=entry.get("absentWhileZero", ""),
            records=entry.get("records", False),
            switches=tuple(entry.get("switches", ())),
        )

    def _short_form(self, text: str, path: str) -> tuple[FamilyType, str, frozenset[str]]:
        """Returns type, unit and labels of ``gauge bytes [$node, pid]``, whose form the schema has checked.

        Many families are written alike, so it is kept.
        """
        head, _, listed = text.partition(" [")
        kind, _, unit = head.partition(" ")
        labels = self._labels(listed.removesuffix("]").split(", "), path) if listed else _NO_LABELS
        form = cast("FamilyType", kind), unit, labels
        if unit not in self._units:
            message, hint = f"found the unit '{unit}', expected one of the schema's", nearest(unit, self._units)
            self.problems.append(Problem(message, self._file, path, hint=hint))
        elif labels or not listed:
            self._short_forms[text] = form
        return form

    def _labels(self, names: Sequence[str], path: str) -> frozenset[str]:
        """Returns one and the same set for lists that are the same: most families share theirs."""
        key = tuple(names)
        if key not in self._label_lists:
            problems = [*self._label_problems(names, path)]
            if problems:
                self.problems += problems
                return _NO_LABELS
            self._label_lists[key] = label_names(names, self._sets)
        return self._label_lists[key]

    def _label_problems(self, names: Sequence[str], path: str) -> Iterable[Problem]:
        for label in sorted(set(names)):
            if label.startswith("$") and label[1:] not in self._sets:
                hint = nearest(label[1:], self._sets)
                yield Problem(f"found '{label}', expected a set of labelSets", self._file, path, hint=hint)
            elif names.count(label) > 1:
                yield Problem(f"found '{label}' twice", self._file, path)

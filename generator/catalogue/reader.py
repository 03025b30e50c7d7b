"""Reads metrics/*.yaml.

The files hold some two thousand families and are read at every run. A JSON Schema validator takes 0.3 s for them, the
plain checks here 0.01 s. They accept what values-schemas/metrics.schema.yaml accepts; whatever they do not, the schema
explains.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast, get_args

from generator.catalogue.spec import Exporter, Exposure, Family, FamilyType
from generator.errors import InputError, Problem, nearest
from generator.files import schemas
from generator.files.folder import read_room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_TYPES = frozenset(get_args(FamilyType))
_TEXTS = ("help", "since", "until", "needs", "source")
_FAMILY_KEYS = frozenset(("type", "unit", "labels", *_TEXTS))
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SHORT = re.compile(r"(counter|gauge|histogram|summary|untyped)(?: ([a-z_]+))?(?: \[([^]]+)\])?")
_LABEL = re.compile(r"\$?[a-zA-Z_][a-zA-Z0-9_]*")


class _UnexpectedError(Exception):
    """Something that the schema refuses, too."""


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

    return read_room(root / "metrics", parse)


def parse_exporter(name: str, data: Any, schema: Mapping[str, Any], *, file: str) -> Exporter:
    """Gives what one file says.

    Args:
        name: the file's stem.
        data: what yamlfile gives for it.
        schema: values-schemas/metrics.schema.yaml.
        file: its name, for errors.

    Raises:
        InputError: it does not follow the schema, or names a label set that it does not define.
    """
    try:
        return _Parser(name, data, units(schema)).exporter()
    except (_UnexpectedError, AttributeError, KeyError, TypeError, ValueError) as error:
        schemas.validate(data, schema, file=file)
        raise InputError(*_beyond_schema(data, units(schema), file)) from error


def units(schema: Mapping[str, Any]) -> frozenset[str]:
    """Gives every unit that the schema lists."""
    return frozenset(schema["$defs"]["unit"]["enum"])


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
    """One file on its way to an Exporter."""

    def __init__(self, name: str, data: Mapping[str, Any], known_units: frozenset[str]) -> None:
        self.name = name
        self.data = data
        self.units = known_units
        self.needs = _text(data["needs"]) if "needs" in data else ""
        self.sets: Mapping[str, list[str]] = data.get("labelSets", {})
        self.lists: dict[tuple[str, ...], frozenset[str]] = {}
        self.shorts: dict[str, tuple[FamilyType, str, frozenset[str]]] = {}

    def exporter(self) -> Exporter:
        data = self.data
        _expect(data.keys() <= {"title", "version", "source", "needs", "labelSets", "exposures", "families", "renamed"})
        for name, labels in self.sets.items():
            _expect(_LABEL.fullmatch(name) and name[0] != "$" and not any(label[0] == "$" for label in labels))
            self.labels(labels)
        families = {name: self.family(name, details) for name, details in data["families"].items()}
        _expect(all(data[key] for key in ("exposures", "families", "labelSets", "renamed") if key in data))
        return Exporter(
            name=self.name,
            title=_text(data["title"]),
            version=_text(data["version"]),
            source=_text(data["source"]),
            exposures=tuple(self.exposure(details) for details in data["exposures"]),
            families=families,
            renamed={old: self.renaming(old, details) for old, details in data.get("renamed", {}).items()},
        )

    def family(self, name: str, details: str | dict[str, Any]) -> Family:
        _expect(_NAME.fullmatch(name))
        if isinstance(details, str):
            return Family(name, *self.short(details), needs=self.needs)
        _expect(details.keys() <= _FAMILY_KEYS)
        kind, unit = details["type"], details.get("unit", "")
        _expect(kind in _TYPES and unit in self.units)
        labels = self.labels(details["labels"]) if "labels" in details else frozenset()
        texts = {key: _text(details[key]) for key in _TEXTS if key in details}
        return Family(name, kind, unit, labels, **{"needs": self.needs, **texts})

    def short(self, text: str) -> tuple[FamilyType, str, frozenset[str]]:
        """Reads ``gauge bytes [$node, pid]``; many families are written alike."""
        found = self.shorts.get(text)
        if found is None:
            match = _SHORT.fullmatch(text)
            if match is None:
                raise _UnexpectedError
            kind, unit, labels = match.groups(default="")
            _expect(unit in self.units)
            found = cast("FamilyType", kind), unit, self.labels(labels.split(", ")) if labels else frozenset()
            self.shorts[text] = found
        return found

    def labels(self, names: list[str]) -> frozenset[str]:
        """Gives one and the same set for lists that are the same: most families share theirs."""
        key = tuple(names)
        found = self.lists.get(key)
        if found is None:
            _expect(isinstance(names, list) and names and len(set(names)) == len(names))
            _expect(all(_LABEL.fullmatch(name) for name in names))
            found = self.lists[key] = label_names(names, self.sets)
        return found

    def exposure(self, details: Mapping[str, Any]) -> Exposure:
        common = {"prefix", "sanitize", "labels", "measured"}
        upstream = {"component", "job", "targetLabels", "honorLabels"}
        _expect(details.keys() <= ({"monitor", "endpoint", *common} if "monitor" in details else upstream | common))
        _expect(("monitor" in details) == ("endpoint" in details))
        sanitize, honor = details.get("sanitize", False), details.get("honorLabels", False)
        _expect(isinstance(sanitize, bool) and isinstance(honor, bool))
        texts = {
            key: _text(details[key])
            for key in ("monitor", "endpoint", "component", "job", "prefix", "measured")
            if key in details
        }
        if "monitor" in details:
            texts["job"] = texts["monitor"]
        else:
            _expect({"component", "job", "targetLabels"} <= details.keys())
        _expect(_NAME.fullmatch(texts.get("prefix", "a")))
        return Exposure(
            **texts,
            target_labels=self.labels(details["targetLabels"]) if "targetLabels" in details else frozenset(),
            honor_labels=honor,
            sanitize=sanitize,
            labels=self.labels(details["labels"]) if "labels" in details else frozenset(),
        )

    def renaming(self, old: str, details: Mapping[str, Any]) -> tuple[str, str]:
        _expect(_NAME.fullmatch(old) and details.keys() <= {"to", "since"})
        successor = details.get("to", "")
        _expect("to" not in details or _NAME.fullmatch(successor))
        return successor, _text(details["since"]) if "since" in details else ""


def _expect(holds: object) -> None:
    if not holds:
        raise _UnexpectedError


def _text(value: Any) -> str:
    _expect(isinstance(value, str) and value)
    return str(value)


def _beyond_schema(data: Mapping[str, Any], known_units: frozenset[str], file: str) -> list[Problem]:
    """Finds what the schema cannot say: ``$name`` without a set, and a short family's unit and doubled labels."""
    problems: list[Problem] = []
    places: list[tuple[str, list[str]]] = []
    for name, details in data["families"].items():
        place = f"families.{name}"
        if not isinstance(details, str):
            places.append((place, details.get("labels", [])))
        elif match := _SHORT.fullmatch(details):
            _, unit, names = match.groups(default="")
            places.append((place, names.split(", ")))
            if unit not in known_units:
                message, hint = f"found the unit '{unit}', expected one of the schema's", nearest(unit, known_units)
                problems.append(Problem(message, file, place, hint=hint))
    for index, exposure in enumerate(data["exposures"]):
        places += [(f"exposures[{index}].{key}", exposure.get(key, [])) for key in ("labels", "targetLabels")]
    for place, labels in places:
        problems += _label_problems(labels, data.get("labelSets", {}), file, place)
    return problems or [Problem("not a file of the catalogue", file)]


def _label_problems(labels: list[str], sets: Mapping[str, Any], file: str, place: str) -> Iterator[Problem]:
    for label in sorted(set(labels)):
        if label.startswith("$") and label[1:] not in sets:
            yield Problem(f"found '{label}', expected a set of labelSets", file, place, hint=nearest(label[1:], sets))
        elif labels.count(label) > 1:
            yield Problem(f"found '{label}' twice", file, place)

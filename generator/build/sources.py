"""The reader of sources: every file that a chart is made from, read once and checked against its schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.choices.pins import Pins, parse_pins
from generator.choices.profiles import Layer, located
from generator.dashboards.reader import read_dashboards
from generator.files import schemas, yamlfile
from generator.files.folder import read_folder
from generator.files.lazy import LazyMapping
from generator.logs.fields import parse_fields
from generator.rules.reader import read_rules
from generator.verify.spec import Exemption

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.catalogue.spec import Exporter
    from generator.dashboards.brought import BroughtDashboard
    from generator.dashboards.spec import Dashboard
    from generator.logs.fields import LogField
    from generator.rules.brought import BroughtRules
    from generator.rules.spec import Rules


@dataclass(frozen=True)
class Sources:
    """Everything but the person's own input.

    Attributes:
        pins: the upstream charts.
        profiles: by name, unchecked (a profile's schema depends on monitors and dashboards).
        monitors: monitors/*.yaml by file stem, checked.
        dashboards: dashboards/*.yaml by file stem, parsed.
        rules: rules/*.yaml by file stem, parsed.
        exporters: metrics/*.yaml by file stem, parsed when something looks into it: a run whose queries have been
            checked before does not.
        log_fields: logs/fields.yaml, by the field's name.
        exemptions: exemptions.yaml.
        runbooks: docs/runbooks/*.md by file name, as text.
        schemas: values-schemas/*.schema.yaml by kind (profile, monitor, dashboard, rule,
            values, exemptions, alerts).
        brought_dashboards: a person's dashboards in Grafana's own form, by file stem.
        brought_rules: a person's rules in Prometheus' own form, by file stem.
    """

    pins: Pins
    profiles: Mapping[str, Layer]
    monitors: Mapping[str, Mapping[str, Any]]
    dashboards: Mapping[str, Dashboard]
    rules: Mapping[str, Rules]
    exporters: Mapping[str, Exporter]
    log_fields: Mapping[str, LogField]
    exemptions: tuple[Exemption, ...]
    runbooks: Mapping[str, str]
    schemas: Mapping[str, Mapping[str, Any]]
    brought_dashboards: Mapping[str, BroughtDashboard] = field(default_factory=dict)
    brought_rules: Mapping[str, BroughtRules] = field(default_factory=dict)


def read_profiles(root: Path) -> dict[str, Layer]:
    """Reads profiles/*.yaml.

    Raises:
        InputError: a file is not a YAML mapping.
    """
    return read_folder(root / "profiles", lambda _name, data, file: Layer(file, data))


def read_overlay(path: Path) -> Layer:
    """Reads a person's ``-f`` file; the files that it names are found from its folder.

    Raises:
        InputError: it cannot be read, is not UTF-8, is too large, is not a YAML mapping, or has a text that Helm loses.
    """
    data = yamlfile.load_mapping(path)
    yamlfile.check_texts(data, file=str(path))
    return Layer(str(path), located(data, path.parent), f"-f {path.name}")


def read_pins(root: Path) -> Pins:
    """Reads pins.yaml.

    Raises:
        InputError: it does not follow its schema.
    """
    return parse_pins(
        yamlfile.load_data(root / "pins.yaml", file="pins.yaml"), read_schema(root, "pins"), file="pins.yaml"
    )


def read_log_fields(root: Path) -> dict[str, LogField]:
    """Reads logs/fields.yaml.

    Raises:
        InputError: it does not follow its schema, or a field lies inside another one.
    """
    file = "logs/fields.yaml"
    return parse_fields(yamlfile.load_data(root / file, file=file), read_schema(root, "log-fields"), file=file)


def read_sources(root: Path) -> Sources:
    """Reads every folder below ``root``.

    Raises:
        InputError: a file cannot be read or does not follow its schema.
    """
    kinds = ("alerts", "profile", "monitor", "dashboard", "rule", "values", "exemptions")
    schemas = {kind: read_schema(root, kind) for kind in kinds}
    monitors = _monitors(root, schemas["monitor"])
    return Sources(
        pins=read_pins(root),
        profiles=read_profiles(root),
        monitors=monitors,
        dashboards=read_dashboards(root / "dashboards", schemas["dashboard"]),
        rules=read_rules(root / "rules", schemas["rule"], monitors),
        exporters=LazyMapping(lambda: _exporters(root)),
        log_fields=read_log_fields(root),
        exemptions=_exemptions(root, schemas["exemptions"]),
        runbooks=LazyMapping(lambda: _runbooks(root)),
        schemas=schemas,
    )


def _runbooks(root: Path) -> dict[str, str]:
    folder = root / "docs" / "runbooks"
    return {path.name: yamlfile.read_text(path) for path in sorted(folder.glob("*.md"))}


def _exporters(root: Path) -> dict[str, Exporter]:
    from generator.catalogue.reader import read_catalogue

    return read_catalogue(root, read_schema(root, "metrics"))


def _exemptions(root: Path, schema: Mapping[str, Any]) -> tuple[Exemption, ...]:
    file = "exemptions.yaml"
    data = yamlfile.load_data(root / file, file=file)
    schemas.validate(data, schema, file=file)
    return exemptions(data["exemptions"], origin=file)


def exemptions(entries: Iterable[Mapping[str, str]], *, origin: str) -> tuple[Exemption, ...]:
    """Returns exemptions that follow values-schemas/exemptions.schema.yaml; ``origin`` is the file."""
    return tuple(Exemption(**entry, origin=origin, place=f"exemptions[{index}]") for index, entry in enumerate(entries))


def _monitors(root: Path, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    def parse(_name: str, data: Mapping[str, Any], file: str) -> Mapping[str, Any]:
        yamlfile.check_texts(data, file=file)
        schemas.validate(data, schema, file=file)
        return data

    return read_folder(root / "monitors", parse)


def read_schema(root: Path, kind: str) -> dict[str, Any]:
    """Reads values-schemas/KIND.schema.yaml.

    Raises:
        InputError: it cannot be read, or is not a YAML mapping.
    """
    path = root / "values-schemas" / f"{kind}.schema.yaml"
    name = _name(path, root)
    return yamlfile.expect_mapping(yamlfile.load_data(path, file=name), file=name)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()

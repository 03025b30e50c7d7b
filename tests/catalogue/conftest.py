"""The shipped catalogue, the scrapes that it was measured in, and small catalogues made for one test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.catalogue.known import DropRules
from generator.catalogue.reader import parse_exporter, read_catalogue
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.catalogue.spec import Exporter

ROOT = Path(__file__).resolve().parents[2]
DROPS = DropRules(metrics=(".+_created",), labels=("otel_scope_name", "otel_scope_schema_url", "otel_scope_version"))
"""What the chart's monitors drop by default."""


@pytest.fixture(scope="session")
def schema() -> Mapping[str, Any]:
    return yamlfile.load_mapping(ROOT / "values-schemas" / "metrics.schema.yaml")


@pytest.fixture(scope="session")
def catalogue(schema: Mapping[str, Any]) -> Mapping[str, Exporter]:
    return read_catalogue(ROOT, schema)


@pytest.fixture(scope="session")
def monitors() -> Mapping[str, Mapping[str, Any]]:
    return {path.stem: yamlfile.load_mapping(path) for path in (ROOT / "monitors").glob("*.yaml")}


@pytest.fixture
def parse(schema: Mapping[str, Any]) -> Callable[[str], Exporter]:
    """Reads the text of a file of metrics/ named sample."""

    def parsed(text: str) -> Exporter:
        return parse_exporter("sample", yamlfile.parse(text, file="sample.yaml"), schema, file="sample.yaml")

    return parsed

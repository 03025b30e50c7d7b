"""Data in YAML that stands beside the program's code."""

from __future__ import annotations

from typing import Any

from generator.files import schemas, yamlfile
from generator.files.location import package_root, sources_root


def packaged(file: str, kind: str) -> Any:
    """Returns what a file says, checked against values-schemas/KIND.schema.yaml.

    Args:
        file: its path from the folder that holds the package, as ``generator/sizing/constants.yaml``.
        kind: the name of its schema.

    Raises:
        InputError: it cannot be read, or does not follow the schema.
    """
    data = yamlfile.load_data(package_root().parent / file, file=file)
    schema = f"values-schemas/{kind}.schema.yaml"
    schemas.validate(data, yamlfile.load_data(sources_root() / schema, file=schema), file=file)
    return data

"""Turns ``logs/fields.yaml`` into data, or says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem
from generator.files import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMESTAMP = "@timestamp"
"""The field without which OpenSearch refuses a record of a data stream."""


@dataclass(frozen=True)
class LogField:
    """A field of a log record that OpenSearch indexes.

    Attributes:
        name: its path, as kubernetes.pod_name.
        type: OpenSearch's type, as keyword. Below a flat_object, every path is a keyword.
        description: what it tells.
        source: what writes it, and from what.
    """

    name: str
    type: str
    description: str
    source: str


def parse_fields(data: Any, schema: Mapping[str, Any], *, file: str) -> dict[str, LogField]:
    """Checks a file of log fields and gives them by name, in the file's order.

    Args:
        data: what the YAML holds.
        schema: ``values-schemas/log-fields.schema.yaml`` as a mapping.
        file: the name shown in errors.

    Raises:
        InputError: the schema is violated, the time is missing or no date, or a field lies inside another one.
    """
    schemas.validate(data, schema, file=file)
    fields = {name: LogField(name, **field) for name, field in data["fields"].items()}
    problems = list(_field_problems(fields, file))
    if problems:
        raise InputError(*problems)
    return fields


def _field_problems(fields: Mapping[str, LogField], file: str) -> Iterator[Problem]:
    time = fields.get(TIMESTAMP)
    if time is None:
        yield Problem(f"the key '{TIMESTAMP}' is missing", file, "fields")
    elif time.type != "date":
        yield Problem(f"found '{time.type}', expected date", file, f"fields.{TIMESTAMP}.type")
    for name in fields:
        parts = name.split(".")
        for length in range(1, len(parts)):
            outer = ".".join(parts[:length])
            if outer in fields:
                message = f"found '{name}' inside '{outer}', which is a field itself ({fields[outer].type})"
                yield Problem(message, file, f"fields.{name}", hint="a field cannot hold another one")

"""YAML read and written by libyaml, for tests: what PyYAML does in Python takes ten times as long."""

from __future__ import annotations

from typing import IO, Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load(text: str | bytes | IO[bytes] | IO[str]) -> Any:
    """Returns what one document says."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe one


def load_all(text: str) -> list[Any]:
    """Returns what each document of a stream says."""
    return list(yaml.load_all(text, Loader=_Loader))


def dump(data: Any, **options: Any) -> str:
    """Returns data as one document; see yaml.dump for the options."""
    text = yaml.dump(data, Dumper=_Dumper, **options)
    assert isinstance(text, str)
    return text


def dump_all(documents: Any, **options: Any) -> str:
    """Returns data as a stream, a document each."""
    text = yaml.dump_all(documents, Dumper=_Dumper, **options)
    assert isinstance(text, str)
    return text

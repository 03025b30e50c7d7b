"""What a release of this chart was installed with, from a chart's folder or from the Secret that Helm keeps."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.nested import mapping

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.build import Build

CHART = "ai-ml-observability"

MOST = 64 << 20
"""Bytes of a release, unpacked: Kubernetes keeps 1 MiB of it packed."""


def of_folder(path: Path) -> dict[str, Any]:
    """Returns the values of a chart that gen-chart has written.

    Raises:
        InputError: the folder holds none.
    """
    chart = yamlfile.load_mapping(path / "Chart.yaml")
    if chart.get("name") != CHART:
        raise bad_input(f"found the chart '{chart.get('name')}', expected {CHART}", file=str(path / "Chart.yaml"))
    return yamlfile.load_mapping(path / "values.yaml")


def of_secret(data: str) -> dict[str, Any] | None:
    """Returns the values of a release, from ``data.release`` of Helm's Secret; None if it is no release of this chart.

    Helm 3 and 4 write JSON, gzipped and in base64, and Kubernetes base64 around it (helm pkg/storage/driver/util.go).
    """
    try:
        packed = base64.b64decode(base64.b64decode(data))
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(packed, MOST)
        release = mapping(json.loads(text)) if not unpacker.unconsumed_tail else {}
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None
    chart = mapping(release.get("chart"))
    if mapping(chart.get("metadata")).get("name") != CHART:
        return None
    return laid_over(mapping(chart.get("values")), mapping(release.get("config")))


def with_values(build: Build, values: Mapping[str, Any]) -> Build:
    """Returns a Build as if it had made a chart with these values; keys that an older chart lacks are the Build's."""
    return replace(build, values=laid_over(build.values, values), checked=None)


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns values with others laid over them as Helm lays them: mappings are merged, null takes a key away."""
    found = dict(below)
    for key, value in above.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = laid_over(found[key], value)
        else:
            found[key] = value
    return found

"""What an upgrade needs to know of an upstream chart, read from its archive."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.choices.profiles import merge
from generator.files import yamlfile
from generator.upstream.limits import MAX_UNPACKED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CRD_NAME = re.compile(r"^metadata:\n(?:[ #].*\n)*?  name: *['\"]?([a-z0-9.-]+)", re.MULTILINE)


@dataclass(frozen=True)
class UpstreamChart:
    """One version of an upstream chart.

    Attributes:
        name: the chart's name.
        version: its version.
        app_version: what its Chart.yaml says of the software; "" if nothing.
        kube_version: the range of Kubernetes versions that it asks for; "" if it asks for none.
        values: its default values, those of nested charts merged in under their names as Helm does.
        nested: the charts in it at any depth, ``a/b`` for b inside a → version.
        crds: CustomResourceDefinitions that it installs, by name → sha256 of the text.
        templates: the text of all its templates, for asking whether a name occurs.
    """

    name: str
    version: str
    app_version: str
    kube_version: str
    values: Mapping[str, Any]
    nested: Mapping[str, str]
    crds: Mapping[str, str]
    templates: str


def read_chart(archive: Path) -> UpstreamChart:
    """Reads a chart's archive that ``vendor.verify`` accepted.

    Raises:
        InputError: a Chart.yaml or values.yaml in it is not YAML.
    """
    return _chart(_files(archive.read_bytes()), archive.name)


def _files(packed: bytes) -> dict[str, bytes]:
    """Returns path below the chart's folder → content; archives inside are opened."""
    files: dict[str, bytes] = {}
    room = MAX_UNPACKED
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
        for entry in tar:
            stream = tar.extractfile(entry) if entry.isfile() else None
            room -= entry.size
            if stream is None or room < 0:
                continue
            path = entry.name.partition("/")[2]
            if re.fullmatch(r"(charts/[^/]+/)*charts/[^/]+\.tgz", path):
                inner = _files(stream.read())
                name = re.sub(r"-v?\d+\.\d+\.\d+.*\.tgz$", "", path)
                files |= {f"{name}/{below}": content for below, content in inner.items()}
            else:
                files[path] = stream.read()
    return files


def _chart(files: Mapping[str, bytes], file: str) -> UpstreamChart:
    metadata = _mapping(files, "Chart.yaml", file)
    values = _mapping(files, "values.yaml", file)
    nested: dict[str, str] = {}
    crds = dict(_crds(files))
    aliases = {
        str(dependency.get("name")): str(dependency.get("alias") or dependency.get("name"))
        for dependency in metadata.get("dependencies") or []
        if isinstance(dependency, dict)
    }
    for folder in sorted({path.split("/")[1] for path in files if path.startswith("charts/") and path.count("/") > 1}):
        prefix = f"charts/{folder}/"
        below = {path.removeprefix(prefix): content for path, content in files.items() if path.startswith(prefix)}
        inner = _chart(below, f"{file}: {prefix.rstrip('/')}")
        nested |= {
            inner.name: inner.version,
            **{f"{inner.name}/{name}": version for name, version in inner.nested.items()},
        }
        crds |= inner.crds
        key = aliases.get(inner.name, inner.name)
        own = values.get(key)
        values = {**values, key: merge(inner.values, own if isinstance(own, dict) else {})}
    return UpstreamChart(
        name=str(metadata.get("name", "")),
        version=str(metadata.get("version", "")),
        app_version=str(metadata.get("appVersion", "")),
        kube_version=str(metadata.get("kubeVersion", "")),
        values=values,
        nested=nested,
        crds=crds,
        templates="\n".join(
            content.decode(errors="replace") for path, content in sorted(files.items()) if "templates/" in path
        ),
    )


def _mapping(files: Mapping[str, bytes], path: str, file: str) -> dict[str, Any]:
    text = files.get(path, b"").decode("utf-8-sig", errors="replace")
    data = yamlfile.parse(text, file=f"{file}: {path}")
    return data if isinstance(data, dict) else {}


def _crds(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yields the definitions of the chart itself; parsing megabytes of them would take seconds."""
    for path, content in sorted(files.items()):
        if path.startswith("crds/") and path.endswith((".yaml", ".yml")):
            for text in re.split(r"^---.*$", content.decode(errors="replace"), flags=re.MULTILINE):
                name = _CRD_NAME.search(text)
                if name:
                    yield name[1], hashlib.sha256(text.strip().encode()).hexdigest()

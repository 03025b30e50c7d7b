"""The software bill of materials: the upstream charts, the charts inside them, and the images, in CycloneDX 1.6."""

from __future__ import annotations

import io
import tarfile
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from generator.build.metadata import NAME
from generator.files import yamlfile
from generator.upstream.archive import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cyclonedx.model.component import Component

    from generator.choices.pins import Pins
    from generator.stack.images import Reference
    from generator.upstream import VendoredChart

_NAMESPACE = uuid.UUID("6f1b5a4e-6f0b-5d0c-9d43-1f6f0c2a7f55")
"""Names this project's serial numbers, so that equal packages have equal ones (RFC 9562, version 5)."""


@dataclass(frozen=True)
class Contents:
    """What a package holds.

    Attributes:
        metadata: Chart.yaml as data.
        sha256: the archive's sha256.
        pins: the pinned charts.
        archives: the folder with the upstream charts' archives.
        vendored: the upstream charts.
        images: the images that it pulls.
    """

    metadata: Mapping[str, Any]
    sha256: str
    pins: Pins
    archives: Path
    vendored: Sequence[VendoredChart]
    images: Sequence[Reference]


def sbom_json(contents: Contents) -> str:
    """Returns the bill of materials as JSON, the same text for the same package.

    Its serial number is derived from the archive's sha256 and its time is the day of the pins, because neither may
    differ between two machines.
    """
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    version = str(contents.metadata["version"])
    root = Component(
        name=NAME,
        version=version,
        type=ComponentType.APPLICATION,
        description=contents.metadata["description"],
        purl=PackageURL("helm", name=NAME, version=version),
        bom_ref=f"chart:{NAME}@{version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=contents.sha256)],
    )
    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, contents.sha256))
    bom.metadata.component = root
    bom.metadata.timestamp = datetime.fromisoformat(contents.pins.as_of).replace(tzinfo=UTC)
    charts, inside = _charts(contents)
    images = [_image(image) for image in contents.images]
    bom.components.update([*charts.values(), *images])
    for name, nested in inside.items():
        bom.register_dependency(charts[name], [charts[other] for other in nested])
    bom.register_dependency(root, [charts[name] for name in inside] + images)
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return text + "\n"


def _charts(contents: Contents) -> tuple[dict[str, Component], dict[str, list[str]]]:
    """Returns every chart by ``name@version``, and for each upstream chart those inside it.

    A chart that is there twice (kube-state-metrics, by itself and inside kube-prometheus-stack) is one component.
    """
    charts: dict[str, Component] = {}
    subcharts: dict[str, list[dict[str, Any]]] = {}
    for vendored in contents.vendored:
        archive = contents.archives / f"{vendored.name}-{vendored.version}.tgz"
        files = dict(_chart_files(archive))
        own = files.pop(min(files, key=len))
        repository = contents.pins.pin(vendored.name).repository
        charts[_key(own)] = _chart(own, repository=repository, sha256=sha256_of(archive))
        subcharts[_key(own)] = [data for _path, data in sorted(files.items())]
    for nested in subcharts.values():
        for data in nested:
            charts.setdefault(_key(data), _chart(data))
    return charts, {name: [_key(data) for data in nested] for name, nested in subcharts.items()}


def _key(data: Mapping[str, Any]) -> str:
    return f"{data['name']}@{data['version']}"


def _chart_files(archive: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the Chart.yaml of the chart and of each chart inside it, by path; archives inside are opened too."""
    with tarfile.open(archive) as tar:
        for entry in tar:
            stream = tar.extractfile(entry)
            if stream is None:
                continue
            if entry.name.endswith("/Chart.yaml"):
                yield entry.name, yamlfile.parse(stream.read().decode(), file=entry.name)
            elif "/charts/" in entry.name and entry.name.endswith(".tgz"):
                with tarfile.open(fileobj=io.BytesIO(stream.read())) as inner:
                    for path in inner.getnames():
                        if path.endswith("/Chart.yaml"):
                            text = inner.extractfile(path)
                            if text is not None:
                                yield f"{entry.name}/{path}", yamlfile.parse(text.read().decode(), file=path)


def _chart(data: Mapping[str, Any], *, repository: str = "", sha256: str = "") -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    name, version = str(data["name"]), str(data["version"])
    return Component(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        description=str(data.get("description", "")) or None,
        purl=PackageURL(
            "helm", name=name, version=version, qualifiers={"repository_url": repository} if repository else None
        ),
        bom_ref=f"chart:{name}@{version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else [],
    )


def _image(image: Reference) -> Component:
    """Returns an image; its package URL has the digest as version, and none where that is unknown (purl type oci)."""
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    qualifiers = {"repository_url": image.name} | ({"tag": image.tag} if image.tag else {})
    name = image.repository.rpartition("/")[2]
    return Component(
        name=image.name,
        version=image.digest or image.tag,
        type=ComponentType.CONTAINER,
        purl=PackageURL("oci", name=name, version=image.digest or None, qualifiers=qualifiers),
        bom_ref=f"image:{image}",
    )

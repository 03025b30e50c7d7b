"""Asks which versions of a chart or an image there are: a directory, a Helm repository, a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.versions import is_exact
from generator.upstream.index import ChartVersion, list_releases
from generator.upstream.limits import MAX_INDEX
from generator.upstream.lock import Dependency
from generator.upstream.mirror import Directory, Registry, upstream_of
from generator.upstream.oci import list_tags
from generator.upstream.web import read_document, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.choices.pins import Image, Pin
    from generator.upstream.mirror import ChartSource
    from generator.upstream.web import Client


def chart_versions(pin: Pin, mirror: ChartSource | None, client: Client) -> list[ChartVersion]:
    """Returns the versions of a chart that its repository, or the mirror, has.

    Args:
        pin: the chart.
        mirror: where to look; None for the chart's own repository.
        client: from web.open_client.

    Raises:
        InputError: the source cannot be asked, or does not have the chart in any version.
    """
    dependency = Dependency(pin.name, pin.version, pin.repository)
    source = mirror or upstream_of(dependency)
    if isinstance(source, Directory):
        versions = list(_in_directory(source.path, pin.name))
        if not versions:
            raise bad_input(f"found no {pin.name}-VERSION.tgz and no {pin.name}/", file=str(source.path))
        return versions
    if isinstance(source, Registry):
        parts = urlsplit(source.url)
        repository = f"{parts.path.strip('/')}/{pin.name}".lstrip("/")
        # Helm writes the + of a version as _ into the tag.
        return [ChartVersion(tag.replace("_", "+")) for tag in list_tags(client, parts.netloc, repository)]
    url = f"{source.url}/index.yaml"
    try:
        text = read_document(client, url, limit=MAX_INDEX).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise bad_input("not UTF-8 text, expected a Helm index", file=shown(url)) from None
    return list_releases(text, dependency, file=shown(url))


def _in_directory(mirror: Path, name: str) -> Iterator[ChartVersion]:
    for archive in sorted(mirror.glob(f"{name}-*.tgz")):
        version = archive.name.removeprefix(f"{name}-").removesuffix(".tgz")
        if is_exact(version):
            yield ChartVersion(version)
    unpacked = mirror / name / "Chart.yaml"
    if unpacked.is_file():
        metadata = yamlfile.load_mapping(unpacked)
        yield ChartVersion(str(metadata.get("version", "")), str(metadata.get("appVersion", "")))


def image_versions(image: Image, client: Client) -> list[ChartVersion]:
    """Returns the tags of an image that its registry has.

    Raises:
        InputError: the registry cannot be asked, or does not have the image.
    """
    registry, _, repository = image.repository.partition("/")
    return [ChartVersion(tag) for tag in list_tags(client, registry, repository)]

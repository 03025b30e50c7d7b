"""The pins: which version of each upstream chart and of each image, from where, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import schemas

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Pin:
    """One upstream chart at one version.

    Attributes:
        name: the chart's name in its own Chart.yaml.
        version: the chart's exact version.
        app_version: the version of the software that it installs.
        repository: an ``https://`` Helm repository or an ``oci://`` prefix.
        digest: sha256 of the published archive, 64 lower-case hexadecimal digits; None if none is known.
        reason: why this version.
    """

    name: str
    version: str
    app_version: str
    repository: str
    digest: str | None
    reason: str


@dataclass(frozen=True)
class Image:
    """One container image at one version; as text, what a pod's ``image`` takes.

    Attributes:
        repository: registry and name, without a tag.
        tag: the version.
    """

    repository: str
    tag: str

    def __str__(self) -> str:
        """Returns ``repository:tag``."""
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True)
class Pins:
    """All pinned charts and images.

    Attributes:
        as_of: the day (YYYY-MM-DD) on which the pins were compared with upstream's releases.
        charts: the pins by chart name, in the order of the file; read-only.
        images: the images of the chart's own templates, by the name that the generator's sources use; read-only.
    """

    as_of: str
    charts: Mapping[str, Pin]
    images: Mapping[str, Image] = field(default_factory=dict)

    def pin(self, name: str) -> Pin:
        """Returns the pin of a chart.

        Raises:
            InputError: the chart is not pinned.
        """
        if name not in self.charts:
            raise bad_input(f"the key '{name}' is missing", file="pins.yaml", path="charts")
        return self.charts[name]

    def image(self, name: str) -> Image:
        """Returns a pinned image.

        Raises:
            InputError: the image is not pinned.
        """
        if name not in self.images:
            raise bad_input(f"the key '{name}' is missing", file="pins.yaml", path="images")
        return self.images[name]

    def digest(self, name: str, version: str) -> str | None:
        """Returns the pinned sha256 of this very version; None if the pin has none or is for another version."""
        pin = self.charts.get(name)
        return pin.digest if pin is not None and pin.version == version else None


def parse_pins(data: Any, schema: Mapping[str, Any], *, file: str) -> Pins:
    """Turns what pins.yaml holds into Pins.

    Args:
        data: what yamlfile.parse gives for pins.yaml.
        schema: values-schemas/pins.schema.yaml as a mapping.
        file: the name shown in errors.

    Raises:
        InputError: the data does not follow the schema, or asOf is no day of the calendar.
    """
    schemas.validate(data, schema, file=file)
    try:
        date.fromisoformat(data["asOf"])
    except ValueError:
        raise bad_input(
            f"found '{data['asOf']}', expected a day of the calendar as YYYY-MM-DD", file=file, path="asOf"
        ) from None
    charts = {
        name: Pin(
            name=name,
            version=entry["version"],
            app_version=entry["appVersion"],
            repository=entry["repository"],
            digest=entry.get("digest"),
            reason=entry["reason"],
        )
        for name, entry in data["charts"].items()
    }
    images = {name: Image(entry["repository"], entry["tag"]) for name, entry in data.get("images", {}).items()}
    return Pins(as_of=data["asOf"], charts=MappingProxyType(charts), images=MappingProxyType(images))

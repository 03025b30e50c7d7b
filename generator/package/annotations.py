"""What Artifact Hub shows of a package (https://artifacthub.io/docs/topics/annotations/helm/)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.versions import is_exact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.stack.images import Reference


def annotated(chart_yaml: str, images: Iterable[Reference], version: str | None) -> str:
    """Returns Chart.yaml with the list of images, which is known once the chart was rendered, and another version.

    Args:
        chart_yaml: the text of Chart.yaml; its comments stay.
        images: what the chart pulls.
        version: the chart's version; None keeps it.

    Raises:
        InputError: the version is no exact semantic version.
    """
    if version is not None and not is_exact(version):
        raise bad_input(f"found '{version}', expected one exact version, as 1.2.3", file="--chart-version")
    header, _, body = chart_yaml.partition("\n")
    data = yamlfile.parse(body, file="Chart.yaml")
    if version is not None:
        data["version"] = version
    listed = [{"name": _name(image), "image": str(image)} for image in images]
    data["annotations"] = {**data["annotations"], "artifacthub.io/images": yamlfile.dump(listed)}
    return f"{header}\n{yamlfile.dump(data)}"


def _name(image: Reference) -> str:
    return image.repository.rpartition("/")[2]

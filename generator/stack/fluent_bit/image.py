"""Fluent Bit's image: one for the chart's own pods and for the sidecar beside Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.stack.images.upstream import IMAGE_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.pins import Pins

NAME = "fluent-bit"

_NO_TAG = "-"


def fluent_bit_image(values: Mapping[str, Any], pins: Pins) -> str:
    """Returns the image that the pods of the fluent-bit chart run, as a pod's ``image`` takes it.

    The chart puts it together the same way (fluent-bit 0.58.1 templates/_helpers.tpl, ``fluent-bit.image``).

    Args:
        values: the umbrella chart's values; {} for the chart's defaults.
        pins: the pinned charts; the tag is the version of Fluent Bit that the pinned chart installs.

    Raises:
        InputError: the fluent-bit chart is not pinned, or the values of its image are no mapping.
    """
    image = values.get(NAME, {}).get("image") or {}
    if not isinstance(image, dict):
        raise bad_input(f"found '{image}', expected a mapping", file="values", path=f"{NAME}.image")
    (default,) = (value.image for value in IMAGE_VALUES if value.path == (NAME, "image"))
    repository = image.get("repository") or default
    tag = str(image.get("tag") or pins.pin(NAME).app_version)
    digest = image.get("digest")
    return f"{repository}{'' if tag == _NO_TAG else f':{tag}'}{f'@{digest}' if digest else ''}"

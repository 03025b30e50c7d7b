"""The Helm values that take every image from one registry, and pin digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.choices.profiles import merge
from generator.errors import InputError, Problem, bad_input, nearest
from generator.stack.images.reference import Reference, known_reference, parse_reference
from generator.stack.images.upstream import DIGEST, IMAGE_VALUES, PREFIXED_SHA, SHA, TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.pins import Image, Pins
    from generator.choices.profiles import Profile
    from generator.stack.images.upstream import ImageValue

_FILE = "images.digests"


def image_values(profile: Profile, pins: Pins) -> dict[str, Any]:
    """Returns the values for ``images.registry`` and ``images.digests``; empty if the profile sets neither.

    Raises:
        InputError: a digest is given for what no part of the chart pulls, for no image's name, or for an image of
            another version of an upstream chart.
    """
    registry: str | None = profile.choices["images"]["registry"]
    values: dict[str, Any] = {}
    if registry:
        # kube-prometheus-stack with its subcharts and kube-state-metrics read the first, OpenSearch the second.
        values["global"] = {"imageRegistry": registry, "dockerRegistry": registry}
    digests = _digests(profile, pins)
    for value in IMAGE_VALUES:
        values = merge(values, _nested(value.path, _repository_and_tag(value, registry, digests.get(value.image))))
    if digests.get("docker.io/opensearchproject/opensearch"):
        # The chart reads the version from the tag, and a tag with a digest is none.
        version = pins.pin("opensearch").app_version
        values = merge(values, {"opensearch": {"majorVersion": version.partition(".")[0]}})
    return values


def own_image(profile: Profile, pins: Pins, image: Image) -> str:
    """Returns an image of the chart's own templates as a pod takes it, from the profile's registry, with its digest.

    Raises:
        InputError: see image_values.
    """
    reference = known_reference(str(image))
    reference = _digests(profile, pins).get(reference.name, reference)
    registry: str | None = profile.choices["images"]["registry"]
    return str(reference.moved(registry) if registry else reference)


def _digests(profile: Profile, pins: Pins) -> dict[str, Reference]:
    """Returns the locked images by their name without the tag."""
    known = {value.image for value in IMAGE_VALUES} | {image.repository for image in pins.images.values()}
    locked: dict[str, Reference] = {}
    for text, digest in profile.choices["images"]["digests"].items():
        reference = parse_reference(text)
        if reference is None or not reference.tag or reference.digest:
            raise bad_input(f"found '{text}', expected an image with its tag, REGISTRY/NAME:TAG", file=_FILE)
        if reference.name not in known:
            raise bad_input(
                f"no part of this chart pulls '{reference.name}'", file=_FILE, hint=nearest(reference.name, known)
            )
        if reference.name in locked:
            raise bad_input(f"found '{reference.name}' twice", file=_FILE, path=text)
        locked[reference.name] = Reference(reference.registry, reference.repository, reference.tag, digest)
    problems = tuple(_of_other_versions(locked, profile.choices["images"]["lockedFor"], pins))
    if problems:
        raise InputError(*problems)
    return locked


def _of_other_versions(locked: Mapping[str, Reference], versions: Mapping[str, str], pins: Pins) -> Iterator[Problem]:
    """Finds digests that would bring back the images of another version: an upstream chart's tag follows the digest."""
    hint = "`gen-chart images --lock FILE` asks the registries anew"
    for image in pins.images.values():
        found = locked.get(image.repository)
        if found is not None and found.tag != image.tag:
            text = f"found the tag {found.tag}, expected {image.tag}, which this chart pulls"
            yield Problem(text, file=_FILE, path=f"{found.name}:{found.tag}", hint=hint)
    for name in dict.fromkeys(value.path[0] for value in IMAGE_VALUES if value.image in locked):
        if versions.get(name) != pins.pin(name).version:
            there = (
                f"digests of images of {name} {versions[name]}" if name in versions else "digests of no known version"
            )
            text = f"{there}, expected of {pins.pin(name).version}, which this chart installs"
            yield Problem(f"found {text}", file="images.lockedFor", path=name, hint=hint)


def _repository_and_tag(value: ImageValue, registry: str | None, locked: Reference | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if registry and value.whole_name:
        values["repository"] = known_reference(value.image).moved(registry).name
    if locked is not None:
        digits = locked.digest.removeprefix("sha256:")
        tag = locked.tag.removesuffix(value.suffix)
        values |= {
            SHA: {"tag": tag, "sha": digits},
            PREFIXED_SHA: {"tag": tag, "sha": locked.digest},
            DIGEST: {"tag": tag, "digest": locked.digest},
            TAG: {"tag": f"{tag}@{locked.digest}"},
        }[value.style]
    return values


def _nested(path: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``values`` below the keys of ``path``; nothing for nothing."""
    if not values:
        return {}
    nested: dict[str, Any] = dict(values)
    for key in reversed(path):
        nested = {key: nested}
    return nested

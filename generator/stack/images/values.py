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

_DIGESTS = "digests"


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
            raise _refused(profile, text, f"found '{text}', expected an image with its tag, REGISTRY/NAME:TAG")
        if reference.name not in known:
            message = f"no part of this chart pulls '{reference.name}'"
            raise _refused(profile, text, message, nearest(reference.name, known))
        if reference.name in locked:
            raise _refused(profile, text, f"found '{reference.name}' twice")
        locked[reference.name] = Reference(reference.registry, reference.repository, reference.tag, digest)
    problems = tuple(_of_other_versions(profile, locked, pins))
    if problems:
        raise InputError(*problems)
    return locked


def _refused(profile: Profile, text: str, message: str, hint: str = "") -> InputError:
    """Returns the error about a digest, by the image's name as the person wrote it."""
    path = ("images", _DIGESTS, text)
    return bad_input(message, file=profile.file_of(*path), path=".".join(path), hint=hint)


def _of_other_versions(profile: Profile, locked: Mapping[str, Reference], pins: Pins) -> Iterator[Problem]:
    """Finds digests that would bring back the images of another version: an upstream chart's tag follows the digest."""
    hint = "`gen-chart images --lock FILE` asks the registries anew"
    for image in pins.images.values():
        found = locked.get(image.repository)
        if found is not None and found.tag != image.tag:
            message = f"found the tag {found.tag}, expected {image.tag}, which this chart pulls"
            yield _refused(profile, f"{found.name}:{found.tag}", message, hint).problems[0]
    versions = profile.choices["images"]["lockedFor"]
    first: dict[str, Reference] = {}
    for value in IMAGE_VALUES:
        if value.image in locked:
            first.setdefault(value.path[0], locked[value.image])
    for name, found in first.items():
        expected = f"expected of {pins.pin(name).version}, which this chart installs"
        if name not in versions:
            text = next(each for each in profile.choices["images"][_DIGESTS] if parse_reference(each) == _tagged(found))
            message = f"found digests of no known version of {name}, {expected}, and images.lockedFor.{name} to say so"
            yield _refused(profile, text, message, hint).problems[0]
        elif versions[name] != pins.pin(name).version:
            message = f"found digests of images of {name} {versions[name]}, {expected}"
            path = ("images", "lockedFor", name)
            yield Problem(message, profile.file_of(*path), ".".join(path), hint=hint)


def _tagged(reference: Reference) -> Reference:
    return Reference(reference.registry, reference.repository, reference.tag)


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

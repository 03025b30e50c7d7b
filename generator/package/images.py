"""The images of a profile: the chart is completed and rendered, and what it renders is searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.build.assemble import chart_values
from generator.choices.profiles import merge
from generator.errors import InputError, Problem
from generator.package.complete import NAMESPACE, RELEASE, complete_chart
from generator.stack.fluent_bit.image import fluent_bit_image
from generator.stack.fluent_bit.sidecar import CONFIG_MAP
from generator.stack.images.found import Found, images_of
from generator.stack.images.reference import parse_reference
from generator.upstream import Patience, helm, open_client, silent
from generator.upstream.oci import image_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile
    from generator.upstream import Progress


SIDECAR_USER = "Ray pods (gen-chart instrument)"
"""Who pulls the sidecar's image."""


@dataclass(frozen=True)
class Listed:
    """The images of a profile.

    Attributes:
        pulled: what the chart pulls.
        upstream: the same from upstream's registries.
    """

    pulled: tuple[Found, ...]
    upstream: tuple[Found, ...]


def list_images(
    profile: Profile,
    sources: Sources,
    *,
    registry: str | None,
    mirror: str | None,
    cache_dir: Path,
    report: Progress = silent,
) -> Listed:
    """Renders a profile's chart and gives its images.

    Args:
        profile: the choices.
        sources: the sources, a person's extra files included.
        registry: a registry to pull from instead of the profile's; None for the profile's.
        mirror: where the upstream charts come from; see vendor_chart.
        cache_dir: where downloads are kept.
        report: told of each download.

    Raises:
        InputError: no helm, no upstream chart, choices that contradict each other, or an image that is not pulled from
            the registry.
    """
    registry = registry or profile.choices["images"]["registry"]
    asked = [_from(profile, registry), _from(profile, None)] if registry else [profile]
    rendered: list[tuple[Found, ...]] = []
    for one in asked:
        with complete_chart(one, sources, mirror=mirror, cache_dir=cache_dir, report=report) as (chart, _vendored):
            rendered.append(pulled_images(helm.template(chart, release=RELEASE, namespace=NAMESPACE), one, sources))
    if registry:
        check_moved(rendered[1], rendered[0], registry)
    return Listed(rendered[0], rendered[-1])


def pulled_images(rendered: Sequence[Mapping[str, Any]], profile: Profile, sources: Sources) -> tuple[Found, ...]:
    """Returns every image that a rendered chart has pulled, sorted, each once.

    Where the chart brings the configuration of Ray's sidecar, this includes the sidecar's image: ``gen-chart
    instrument`` writes it into manifests that the chart does not render.

    Args:
        rendered: the chart's objects.
        profile: the choices that it was made of.
        sources: the sources, a person's extra files included.
    """
    images = images_of(rendered)
    if any((item["kind"], item["metadata"]["name"]) == ("ConfigMap", CONFIG_MAP) for item in rendered):
        sidecar = parse_reference(fluent_bit_image(chart_values(profile, sources), sources.pins))
        if sidecar is not None:
            users = {SIDECAR_USER, *(user for image in images if image.image == sidecar for user in image.users)}
            images = [image for image in images if image.image != sidecar] + [Found(sidecar, tuple(sorted(users)))]
    return tuple(sorted(images))


def _from(profile: Profile, registry: str | None) -> Profile:
    return replace(profile, choices=merge(profile.choices, {"images": {"registry": registry}}))


def check_moved(upstream: Sequence[Found], moved: Sequence[Found], registry: str) -> None:
    """Checks that a chart rendered for a registry pulls the same images, all from there.

    Args:
        upstream: what the chart pulls without a registry.
        moved: what it pulls with one.
        registry: the registry.

    Raises:
        InputError: each image that is left behind, with who pulls it, or that has no upstream image.
    """
    expected = {one.image.moved(registry) for one in upstream}
    problems = [
        Problem(
            f"{one.image} is not pulled from {registry}",
            file=", ".join(one.users),
            hint="set its registry under `values` in a file laid over the profile",
        )
        for one in moved
        if one.image not in expected
    ]
    missing = expected - {one.image for one in moved}
    problems += [Problem(f"{image} is pulled without the registry and not with it", file=registry) for image in missing]
    if problems:
        raise InputError(*problems)


def resolve_digests(found: Sequence[Found], patience: Patience | None = None) -> dict[str, str]:
    """Asks each image's registry for the digest of its tag.

    Returns:
        Image with its tag → ``sha256:…``; an image that is pinned already keeps its digest without being asked for.

    Raises:
        InputError: a registry cannot be reached, refuses, or lacks the image.
    """
    digests: dict[str, str] = {}
    with open_client(patience or Patience()) as client:
        for one in found:
            plain = replace(one.image, digest="")
            digests[str(plain)] = one.image.digest or image_digest(client, one.image)
    return digests

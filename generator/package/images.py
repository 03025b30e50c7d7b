"""The images of a profile: the chart is completed and rendered, and what it renders is searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from generator.build.chart import chart_values
from generator.choices.profiles import merge
from generator.errors import InputError, Problem
from generator.package.complete import NAMESPACE, RELEASE, complete_chart
from generator.stack import components
from generator.stack.fluent_bit.image import fluent_bit_image
from generator.stack.fluent_bit.sidecar import CONFIG_MAP
from generator.stack.images.pulled import PulledImage, images_of
from generator.stack.images.reference import parse_reference
from generator.upstream import Patience, helm, open_client
from generator.upstream.oci import image_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.build.build import Build
    from generator.upstream import Upstream


SIDECAR_USER = "Ray pods (gen-chart instrument)"
"""Who pulls the sidecar's image."""


@dataclass(frozen=True)
class ImageList:
    """The images of a profile.

    Attributes:
        pulled: what the chart pulls.
        upstream: the same from upstream's registries.
    """

    pulled: tuple[PulledImage, ...]
    upstream: tuple[PulledImage, ...]


def list_images(build: Build, registry: str | None, upstream: Upstream) -> ImageList:
    """Renders a Build's chart and returns its images.

    Args:
        build: what the chart is made from.
        registry: a registry to pull from instead of the profile's; None for the profile's.
        upstream: where the upstream charts come from.

    Raises:
        InputError: no helm, no upstream chart, choices that contradict each other, or an image that is not pulled from
            the registry.
    """
    registry = registry or build.profile.choices["images"]["registry"]
    builds = [_from(build, registry), _from(build, None)] if registry else [build]
    rendered: list[tuple[PulledImage, ...]] = []
    for variant in builds:
        with complete_chart(variant, upstream) as (folder, _vendored):
            text = helm.template(folder, release=RELEASE, namespace=NAMESPACE)
            rendered.append(pulled_images(helm.objects(text, crds=False), variant))
    if registry:
        check_moved(rendered[1], rendered[0], registry)
    return ImageList(rendered[0], rendered[-1])


def pulled_images(rendered: Sequence[Mapping[str, Any]], build: Build) -> tuple[PulledImage, ...]:
    """Returns every image that a rendered chart has pulled, sorted, each once.

    Where the chart brings the configuration of Ray's sidecar, this includes the sidecar's image: ``gen-chart
    instrument`` writes it into manifests that the chart does not render.

    Args:
        rendered: the chart's objects.
        build: what the chart was made from.
    """
    images = images_of(rendered)
    if any((item["kind"], item["metadata"]["name"]) == ("ConfigMap", CONFIG_MAP) for item in rendered):
        sidecar = parse_reference(fluent_bit_image(build.values, build.pins))
        if sidecar is not None:
            users = {SIDECAR_USER, *(user for image in images if image.image == sidecar for user in image.users)}
            images = [image for image in images if image.image != sidecar] + [
                PulledImage(sidecar, tuple(sorted(users)))
            ]
    return tuple(sorted(images))


def _from(build: Build, registry: str | None) -> Build:
    choices = merge(build.profile.choices, {"images": {"registry": registry}})
    profile = replace(build.profile, choices=choices)
    stack = components(profile)
    return replace(build, profile=profile, components=stack, values=chart_values(profile, build.sources, stack))


def check_moved(upstream: Sequence[PulledImage], moved: Sequence[PulledImage], registry: str) -> None:
    """Checks that a chart rendered for a registry pulls the same images, all from there.

    Args:
        upstream: what the chart pulls without a registry.
        moved: what it pulls with one.
        registry: the registry.

    Raises:
        InputError: each image that is left behind, with who pulls it, or that has no upstream image.
    """
    expected = {pulled.image.moved(registry) for pulled in upstream}
    problems = [
        Problem(
            f"{pulled.image} is not pulled from {registry}",
            file=", ".join(pulled.users),
            hint="set its registry under `values` in a file laid over the profile",
        )
        for pulled in moved
        if pulled.image not in expected
    ]
    missing = expected - {pulled.image for pulled in moved}
    problems += [Problem(f"{image} is pulled without the registry and not with it", file=registry) for image in missing]
    if problems:
        raise InputError(*problems)


def resolve_digests(images: Sequence[PulledImage], patience: Patience | None = None) -> dict[str, str]:
    """Asks each image's registry for the digest of its tag.

    Returns:
        Image with its tag → ``sha256:…``; an image that is pinned already keeps its digest without being asked for.

    Raises:
        InputError: a registry cannot be reached, refuses, or lacks the image.
    """
    digests: dict[str, str] = {}
    with open_client(patience or Patience()) as client:
        for pulled in images:
            plain = replace(pulled.image, digest="")
            digests[str(plain)] = pulled.image.digest or image_digest(client, pulled.image)
    return digests

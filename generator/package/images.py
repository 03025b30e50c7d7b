"""The images of a profile: the chart is completed and rendered, and what it renders is searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.choices.profiles import merge
from generator.errors import InputError, Problem
from generator.package.complete import NAMESPACE, RELEASE, complete_chart
from generator.stack.images.found import images_of
from generator.upstream import Patience, helm, open_client, silent
from generator.upstream.oci import image_digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile
    from generator.stack.images.found import Found
    from generator.upstream import Progress


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
            rendered.append(tuple(images_of(helm.template(chart, release=RELEASE, namespace=NAMESPACE))))
    if registry:
        check_moved(rendered[1], rendered[0], registry)
    return Listed(rendered[0], rendered[-1])


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
